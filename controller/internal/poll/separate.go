// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// linger is how long a batch of a Separate source waits for its slow queries once
// others were answered. Those that are slower get their sample when they are
// answered, and the server's next batch does not wait for them.
const linger = 250 * time.Millisecond

// call is a batch that is asked query by query. The poller's lock guards it.
type call struct {
	server   *server
	asked    []*query
	began    offset
	late     time.Duration
	results  []scaler.Result
	answered []offset      // when; zero is not yet
	left     int           // queries without an answer
	detached bool          // the batch ended without those that are left
	news     chan struct{} // an answer came
}

// askEach asks the queries of a batch side by side and returns when the batch is to
// end. Those that are not answered by then are left in flight.
func (p *Poller) askEach(b *batch, source scaler.Separate) *call {
	c := &call{
		server: b.server, asked: slices.Clone(b.asked), began: b.began, late: b.late,
		results: make([]scaler.Result, len(b.asked)), answered: make([]offset, len(b.asked)),
		left: len(b.asked), news: make(chan struct{}, 1),
	}
	queries, slots, limit := slices.Clone(b.queries), b.conn.slots, b.timeout
	p.group.Go(func() { p.spread(c, source, queries, slots, limit) })
	timer := p.Clock.NewTimer(linger)
	defer timer.Stop()
	for patient := true; ; {
		if p.enough(c, patient) {
			return c
		}
		select {
		case <-c.news:
		case <-timer.C():
			patient = false
		}
	}
}

// enough says that a batch may end: everything was answered, or some of it while
// the rest had its time.
func (p *Poller) enough(c *call, patient bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return c.left == 0 || !patient && c.left < len(c.asked)
}

// spread asks the queries, as many at a time as there are slots, which all calls of
// a connection share. When the server answers nothing for as long as one query may
// take, those that wait for a slot are not asked: it is dead.
func (p *Poller) spread(c *call, source scaler.Separate, queries []scaler.Query, slots chan struct{}, limit time.Duration) {
	var asks sync.WaitGroup
	defer asks.Wait()
	for i, q := range queries {
		slots <- struct{}{}
		if err := p.admit(c, i, limit); err != nil {
			<-slots
			p.answered(c, i, scaler.Result{Err: err})
			continue
		}
		asks.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(scaler.WithAsker(p.ctx, q.Asker), limit)
			defer cancel()
			var r scaler.Result
			if err := p.guard(c.server.address, func() { r = source.Ask(ctx, q) }); err != nil {
				r.Err = err
			}
			p.answered(c, i, r)
		})
	}
}

// admit notes until when a query is to be answered that is asked now. It returns an
// error where there is no point in asking, because the server gave neither a value
// nor a refusal for as long as the limit.
func (p *Poller) admit(c *call, i int, limit time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.ctx.Err() != nil:
		return p.ctx.Err()
	case c.detached && c.asked[i].flight != c: // its batch was abandoned
		return errHung
	}
	now := p.now()
	if now < max(c.began, c.server.goodAt)+limit {
		c.asked[i].overdue = now + limit + slack
		return nil
	}
	for other, at := range c.answered {
		if err := c.results[other].Err; at != 0 && !alive(err) {
			return err
		}
	}
	return errors.New(c.server.address + ": it does not answer")
}

// alive says that the server answered, be it with a refusal.
func alive(err error) bool {
	class := scaler.Classify(err)
	return class != scaler.ClassTransient && class != scaler.ClassThrottled
}

// answered takes the answer to a query: into the batch, or, where that has ended,
// into a sample of its own.
func (p *Poller) answered(c *call, i int, r scaler.Result) {
	p.mu.Lock()
	c.answered[i], c.results[i] = p.now(), r
	c.left--
	if alive(r.Err) {
		c.server.goodAt = p.now()
	}
	var changed []sample.Object
	if c.detached {
		changed = p.straggler(c, i)
	}
	p.mu.Unlock()
	select {
	case c.news <- struct{}{}:
	default:
	}
	p.notify(changed)
}

// abandon ends a batch that was given up and has an answer after all. What is being
// asked stays in flight, so that it is not asked beside itself; what waits for a slot
// is left to the next batch.
func (c *call) abandon() {
	c.detached = true
	for i, q := range c.asked {
		if c.answered[i] == 0 && q.overdue != 0 {
			q.flight, q.asked = c, true
		}
	}
}

// straggler stores an answer that came after its batch had ended. What it says
// about the health of the server is old, others were answered since; but where it
// asks for patience the server gets it.
func (p *Poller) straggler(c *call, i int) []sample.Object {
	q, s := c.asked[i], c.server
	if q.flight != c || p.ctx.Err() != nil {
		return nil
	}
	q.flight, q.asked = nil, false
	p.finished++
	latest := sample.Sample{At: p.Clock.Now(), Took: p.now() - c.began, Late: c.late}
	latest.Readings, latest.Err = answer(s.address, c.results[i])
	seen := outcome{}
	if seen.see(latest.Err, false); seen.throttle > 0 {
		s.health.err = latest.Err
		s.health.heed(seen, p.now())
	}
	changed := p.store(q, latest, nil)
	s.release()
	return changed
}
