// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"math"
	"slices"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// Subscription is what one object wants to know, and how often.
type Subscription struct {
	// Object names the subscriber.
	Object sample.Object
	// Interval is the time between two asks. It is rounded up to the poller's
	// tick.
	Interval time.Duration
	// Bindings are the object's triggers. The same binding may occur twice.
	Bindings []scaler.Binding
}

// object is a subscriber.
type object struct {
	id       sample.Object
	interval time.Duration
	queries  []*query // in the order of the bindings
	terms    []terms  // of the bindings
	told     uint64   // the last batch that it was told of
}

// terms are what an object's binding says about asking its query, which others may
// ask on terms of their own.
type terms struct {
	asker scaler.Asker
	floor time.Duration
}

// every is how often the object wants to ask a query of its own.
func (o *object) every(q *query) time.Duration {
	floor := time.Duration(math.MaxInt64)
	for i, own := range o.queries {
		if own == q {
			floor = min(floor, o.terms[i].floor)
		}
	}
	return max(o.interval, floor)
}

// query is one question to one server, whoever asks it.
type query struct {
	key, namespace string // of the scaler.Query
	trigger        trigger.Trigger

	server  *server
	hash    uint64
	timeout time.Duration
	objects []*object
	sample  sample.Sample
	streak  uint64 // the server's streak in which it was asked last, plus one
	strict  bool   // asked when it is due and at no other time

	interval time.Duration // the shortest of the objects'
	due      offset        // next on the grid
	early    offset        // an ask beside the grid, zero is none
	pushed   offset        // the last ask that a push caused
	alarm    alarm         // at the sooner of due and early

	pending bool   // in server.due
	asked   bool   // in server.running, or in flight
	gone    bool   // nobody asks any more
	flight  *call  // a batch that ended without its answer
	overdue offset // when a Separate source should have answered; zero waits in line
}

// Subscribe makes the poller ask for an object, in place of what the object
// subscribed to before. A new object is first asked at the next tick, or a little
// later where many are new at the same server; so is one whose bindings changed.
// Subscribing again to the same is free. Queries that other objects ask already
// have a sample at once.
func (p *Poller) Subscribe(s Subscription) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	o := p.objects[s.Object]
	if o == nil {
		o = &object{id: s.Object}
		p.objects[s.Object] = o
	}
	before := o.queries
	o.interval = max(s.Interval, p.Tick)
	o.queries, o.terms = make([]*query, 0, len(s.Bindings)), make([]terms, 0, len(s.Bindings))
	for i := range s.Bindings {
		b := &s.Bindings[i]
		q := p.query(b, now)
		if !slices.Contains(q.objects, o) {
			q.objects = append(q.objects, o)
		}
		o.queries, o.terms = append(o.queries, q), append(o.terms, terms{b.Query.Asker, b.Floor})
	}
	for _, q := range before {
		if !slices.Contains(o.queries, q) {
			p.leave(q, o, now)
		}
	}
	changed := !slices.Equal(before, o.queries)
	for _, q := range o.queries {
		p.pace(q, now)
		if changed && !q.pending && q.askable() {
			p.hasten(q, q.server.firstSlot(now, p.Tick))
		}
	}
}

// Unsubscribe forgets an object, and the queries and servers that only it asked.
// Forgetting an unknown object is no error.
func (p *Poller) Unsubscribe(id sample.Object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.objects[id]
	if o == nil {
		return
	}
	delete(p.objects, id)
	now := p.now()
	for _, q := range o.queries {
		p.leave(q, o, now)
	}
}

// SetInterval changes how often an object is asked, without asking it now. The
// time between two asks is never longer than the longer of the two intervals.
func (p *Poller) SetInterval(id sample.Object, interval time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.objects[id]
	if interval = max(interval, p.Tick); o == nil || o.interval == interval {
		return
	}
	o.interval = interval
	now := p.now()
	for _, q := range o.queries {
		p.pace(q, now)
	}
}

// query finds or makes the query of a binding, and its server.
func (p *Poller) query(b *scaler.Binding, now offset) *query {
	s := p.servers[b.Server]
	if s == nil {
		// Workers read address and open without the lock: bindings of one server
		// agree about them, and the first one's are kept.
		s = &server{id: b.Server, hash: hash(b.Server), address: b.Address, open: b.Open, queries: map[string]*query{}}
		s.alarm.server = s
		p.servers[b.Server] = s
	}
	q := s.queries[b.Query.Key]
	if q == nil {
		q = &query{
			key: b.Query.Key, namespace: b.Query.Namespace, trigger: b.Query.Trigger,
			server: s, hash: hash(b.Query.Key), strict: b.Scheduled,
		}
		q.alarm.query = q
		s.queries[q.key] = q
		s.idleSince = 0
		p.watchSoon(s, now)
		p.arm(s, now)
	}
	if q.timeout = b.Timeout; q.timeout <= 0 {
		q.timeout = p.Timeout
	}
	return q
}

// question is what the server is asked, on behalf of whoever asked first of those who
// want to know.
func (q *query) question() scaler.Query {
	o := q.objects[0]
	asker := o.terms[slices.Index(o.queries, q)].asker
	return scaler.Query{Key: q.key, Trigger: q.trigger, Namespace: q.namespace, Asker: asker}
}

// askable says that the query may be asked beside its schedule. A strict one may
// until it has an answer at all.
func (q *query) askable() bool { return !q.strict || q.sample.Seq == 0 }

// of says that the query is a binding's.
func (q *query) of(b *scaler.Binding) bool { return q.server.id == b.Server && q.key == b.Query.Key }

// wanting says that a query that fell due is still to be asked: somebody wants to
// know, and the batch that asked it before has not ended without its answer since.
func (q *query) wanting() bool { return !q.gone && q.flight == nil }

// leave ends an object's interest in a query. The last one to leave a server
// starts the time after which it is closed.
func (p *Poller) leave(q *query, o *object, now offset) {
	i := slices.Index(q.objects, o)
	if i < 0 { // left already: the object had the binding twice
		return
	}
	if q.objects = slices.Delete(q.objects, i, i+1); len(q.objects) > 0 {
		p.pace(q, now)
		return
	}
	s := q.server
	q.gone = true
	p.alarms.set(&q.alarm, 0)
	delete(s.queries, q.key)
	if len(s.queries) == 0 {
		s.idleSince = now
	}
	s.release()
	p.watchSoon(s, now)
	p.arm(s, now)
}

// pace sets a query's interval to the shortest of its objects'. A due time that
// stands is kept where it is the sooner one.
func (p *Poller) pace(q *query, now offset) {
	interval := q.objects[0].every(q)
	for _, o := range q.objects[1:] {
		interval = min(interval, o.every(q))
	}
	if interval == q.interval {
		return
	}
	q.interval = interval
	if due := p.slot(q, now); q.due == 0 || due < q.due {
		q.due = due
	}
	p.setQuery(q)
}

// slot is the first moment after now at which a query is due by its interval.
func (p *Poller) slot(q *query, now offset) offset {
	return slotAfter(now, p.Tick, q.interval, q.server.hash, q.hash)
}

// hasten makes a query due at a moment beside its grid, or leaves it where that
// is sooner.
func (p *Poller) hasten(q *query, at offset) {
	if q.early == 0 || at < q.early {
		q.early = at
		p.setQuery(q)
	}
}

// setQuery brings a query's place in the heap up to date.
func (p *Poller) setQuery(q *query) {
	at := q.due
	if q.early != 0 {
		at = min(at, q.early)
	}
	p.set(&q.alarm, at)
}

// set moves an alarm and wakes the loop where it would look too late.
func (p *Poller) set(a *alarm, at offset) {
	p.alarms.set(a, at)
	if at != 0 && at < p.wakeAt {
		p.wakeAt = at
		select {
		case p.rouse <- struct{}{}:
		default:
		}
	}
}
