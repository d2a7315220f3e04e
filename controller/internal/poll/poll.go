// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package poll asks event sources, so that nobody else has to. Reconcilers
// subscribe an object with the bindings of its triggers and an interval; poll
// opens one Source per server, asks every query when it is due, keeps the latest
// sample of each, and says which objects have a new one.
//
// The unit of scheduling is the query: objects that ask the same server the same
// question share one, at the shortest of their intervals. Due times lie on a
// common grid of ticks, so that the queries of one server that fall due together
// travel together, in one Read. A server is never asked twice at the same time;
// what falls due while it is busy joins its next batch. Where queries are requests
// of their own, the slow ones stay behind and hold up nobody. An object costs an entry
// in a heap, and a goroutine exists only for a server that is being asked, or
// that can push.
//
// Nothing here looks at a value: deciding is done by the readers of the samples.
package poll

import (
	"context"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

const (
	defaultTick    = 100 * time.Millisecond
	defaultWorkers = 128
	defaultTimeout = 3 * time.Second
)

// Options configure a Poller. The zero value is usable.
type Options struct {
	// Tick is the grid on which queries fall due and the shortest interval;
	// default 100 ms.
	Tick time.Duration
	// Workers bounds how many servers are asked at the same time; default 128. Those
	// that failed last time get half of them: however many are dead, the others do
	// not wait for their timeouts.
	Workers int
	// Timeout bounds one Open, and one Read where the binding does not say;
	// default 3 s.
	Timeout time.Duration
	// Clock drives the schedule; default the system's. Deadlines of Open and
	// Read follow the system's clock.
	Clock clock.Clock
	// Changed is called once per finished batch for every object that has a new
	// sample, successful or not. It must not block, and may call the Poller. An
	// object may be named that was unsubscribed a moment ago.
	Changed func(sample.Object)
	// Observe is called after every batch, for metrics. It must not block.
	Observe func(Batch)
	// Log gets the changes of a server's health. The zero value discards them.
	Log logr.Logger
}

// Batch tells Options.Observe what one attempt to ask a server came to.
type Batch struct {
	// Address names the server, without credentials.
	Address string
	// Queries is how many questions were asked, Failed how many of them have no
	// answer.
	Queries, Failed int
	// Late is how long after its due time the first query was asked. It grows
	// with a slow server, with backoff, and with a lack of workers.
	Late time.Duration
	// Took is how long the source needed, dialling included.
	Took time.Duration
	// Opened says that the connection was opened for this batch.
	Opened bool
}

// Poller asks event sources on behalf of subscribed objects. Its methods may be
// called at any time, also before Run and from Options.Changed.
type Poller struct {
	Options
	epoch time.Time     // offset zero
	rouse chan struct{} // the loop has something sooner to do than it knew

	mu       sync.Mutex
	ctx      context.Context // Run's; nil before
	wakeAt   offset          // when the loop looks next by itself
	alarms   alarms
	objects  map[sample.Object]*object
	servers  map[string]*server
	ready    []*server // have queries due and wait for a worker, oldest first
	failing  []*server // so do these, that failed last time
	movedAt  offset    // when one of either got a worker last
	busy     int       // workers
	doubtful int       // workers that ask a server that failed last time
	finished uint64    // batches

	group sync.WaitGroup // workers, watchers and closers
}

// New returns a Poller that starts asking when it is Run.
func New(o Options) *Poller {
	if o.Tick <= 0 {
		o.Tick = defaultTick
	}
	if o.Workers <= 0 {
		o.Workers = defaultWorkers
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Changed == nil {
		o.Changed = func(sample.Object) {}
	}
	if o.Observe == nil {
		o.Observe = func(Batch) {}
	}
	return &Poller{
		Options: o,
		epoch:   o.Clock.Now().Add(-o.Tick), // zero is no moment, so start after it
		rouse:   make(chan struct{}, 1),
		objects: map[sample.Object]*object{},
		servers: map[string]*server{},
	}
}

// Run asks what falls due until ctx ends. Then it closes all connections, waits a
// moment for those in use, and returns nil. A Poller runs once.
func (p *Poller) Run(ctx context.Context) error {
	p.begin(ctx)
	timer := p.Clock.NewTimer(p.pass())
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			p.end()
			return nil
		case <-timer.C():
		case <-p.rouse:
		}
		timer.Reset(p.pass())
	}
}

// begin starts the clock for everything that was subscribed before Run, as if it
// was subscribed now: the poller of a follower is not late.
func (p *Poller) begin(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ctx = ctx
	now := p.now()
	for _, s := range p.servers {
		s.firstAt = 0
		for _, q := range s.queries {
			if q.early != 0 {
				q.early = 0
				p.hasten(q, s.firstSlot(now, p.Tick))
			}
			q.due = p.slot(q, now)
			p.setQuery(q)
		}
		p.kick(s, now)
	}
}

// pass starts everything that is due and returns how long the loop may sleep.
func (p *Poller) pass() time.Duration {
	p.mu.Lock()
	now := p.now()
	var changed []sample.Object
	for len(p.alarms) > 0 && p.alarms[0].at <= now {
		if a := p.alarms[0].alarm; a.query != nil {
			changed = append(changed, p.fire(a.query, now)...)
		} else {
			changed = append(changed, p.attend(a.server, now)...)
		}
	}
	p.wakeAt = now + time.Hour
	if len(p.alarms) > 0 {
		p.wakeAt = min(p.wakeAt, p.alarms[0].at)
	}
	sleep := p.wakeAt - now
	p.mu.Unlock()
	p.notify(changed)
	return sleep
}

// fire puts a due query into its server's next batch and sets its next due time.
// A late loop skips the slots that it missed. It returns the objects that have a new
// sample by it.
func (p *Poller) fire(q *query, now offset) []sample.Object {
	at := q.alarm.at
	if q.early != 0 && q.early <= now {
		q.early = 0
	}
	var changed []sample.Object
	if q.due <= now {
		q.due = p.slot(q, now)
		changed = p.unasked(q, now)
	}
	p.setQuery(q)
	p.enqueue(q, at)
	p.kick(q.server, now)
	return changed
}

// end closes every connection. A source that ignores the end of its context is
// not waited for.
func (p *Poller) end() {
	p.mu.Lock()
	for _, s := range p.servers {
		if s.running == nil {
			p.close(s)
		}
	}
	p.mu.Unlock()
	idle := make(chan struct{})
	go func() {
		p.group.Wait()
		close(idle)
	}()
	timer := p.Clock.NewTimer(p.Timeout)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C():
	}
}

func (p *Poller) notify(changed []sample.Object) {
	for _, o := range changed {
		p.Changed(o)
	}
}

func (p *Poller) now() offset { return p.Clock.Since(p.epoch) }
