// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

var (
	// ErrUnknown says that the object has no subscription.
	ErrUnknown = errors.New("object is not polled")
	// ErrResting says that a server is not asked at present, because it failed,
	// hangs or asked for patience. The latest sample says why.
	ErrResting = errors.New("event source is not asked at present")
	// ErrStopped says that the poller has ended.
	ErrStopped = errors.New("polling has ended")
)

// Latest returns the latest sample of a query, named like in its binding. It
// reports false before the first attempt has ended, and for a query that nobody
// asks. The readings are shared: they must not be changed.
func (p *Poller) Latest(server, key string) (sample.Sample, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.servers[server]; s != nil {
		if q := s.queries[key]; q != nil {
			return q.sample, q.sample.Seq > 0
		}
	}
	return sample.Sample{}, false
}

// Samples appends the latest samples of an object to buffer, one for each of its
// bindings and in their order, all of one moment. A query that was never asked
// has Seq zero. For an unknown object it appends nothing.
func (p *Poller) Samples(id sample.Object, buffer []sample.Sample) []sample.Sample {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := p.objects[id]; o != nil {
		for _, q := range o.queries {
			buffer = append(buffer, q.sample)
		}
	}
	return buffer
}

// Wake asks an object's queries now, beside their schedule, and does not wait.
// Servers that rest are asked when they may be, queries that are Scheduled when
// they are due.
func (p *Poller) Wake(id sample.Object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.objects[id]
	if o == nil {
		return
	}
	now := p.now()
	for _, q := range o.queries {
		if q.askable() {
			p.enqueue(q, now)
		}
	}
	for _, q := range o.queries {
		p.kick(q.server, now)
	}
}

// wanted is a sample that Ask waits for: one after seq.
type wanted struct {
	query *query
	seq   uint64
}

// Ask asks an object's queries now, or those of some of its bindings, and waits until
// each has a sample that is newer than the call; an attempt that failed is one. An
// attempt in progress is joined; a server that rests is not waited for, and neither is
// a query that is Scheduled. It fails with ctx's error, ErrUnknown, ErrResting or
// ErrStopped; the latest samples stay usable.
func (p *Poller) Ask(ctx context.Context, id sample.Object, only ...*scaler.Binding) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.objects[id]
	if o == nil {
		return fmt.Errorf("%s %s/%s: %w", id.Kind, id.Namespace, id.Name, ErrUnknown)
	}
	now := p.now()
	wants := make([]wanted, 0, len(o.queries))
	for _, q := range o.queries {
		if q.askable() && (len(only) == 0 || slices.ContainsFunc(only, q.of)) {
			wants = append(wants, wanted{q, q.sample.Seq})
		}
	}
	for _, w := range wants {
		if !w.query.asked {
			p.enqueue(w.query, now)
		}
	}
	for _, w := range wants {
		p.kick(w.query.server, now)
	}
	var resting error
	for _, w := range wants {
		q, s := w.query, w.query.server
		for q.sample.Seq <= w.seq && !q.gone {
			if !q.asked && s.resting(p.now()) {
				resting = fmt.Errorf("%s: %w", s.address, ErrResting)
				break
			}
			if err := p.wait(ctx, s); err != nil {
				return err
			}
		}
	}
	return resting
}

// wait waits for the end of a server's next batch. The caller holds the lock,
// which is free meanwhile.
func (p *Poller) wait(ctx context.Context, s *server) error {
	if s.done == nil {
		s.done = make(chan struct{})
	}
	done := s.done
	var stopped <-chan struct{}
	if p.ctx != nil {
		stopped = p.ctx.Done()
	}
	p.mu.Unlock()
	defer p.mu.Lock()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-stopped:
		return ErrStopped
	}
}

// Overdue is how late the poller is: the time since the oldest query or server
// that has been due and was not looked at, or since servers wait for workers and none
// got one. A slow or resting server does not count, nor a long line that moves, nor one
// of servers that failed. It is zero before Run and after it.
func (p *Poller) Overdue() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx == nil || p.ctx.Err() != nil {
		return 0
	}
	now := p.now()
	oldest := now
	if len(p.alarms) > 0 {
		oldest = min(oldest, p.alarms[0].at)
	}
	if len(p.ready) > 0 {
		oldest = min(oldest, max(p.ready[0].queuedAt, p.movedAt))
	}
	return now - oldest
}

// Stats counts what a Poller holds.
type Stats struct {
	// Objects are subscribed, Queries asked for them, at Servers.
	Objects, Queries, Servers int
	// Connections are open, Busy servers being asked, Waiting ones due without
	// a worker.
	Connections, Busy, Waiting int
}

// Stats returns the present counts.
func (p *Poller) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	stats := Stats{Objects: len(p.objects), Servers: len(p.servers), Busy: p.busy, Waiting: len(p.ready) + len(p.failing)}
	for _, s := range p.servers {
		stats.Queries += len(s.queries)
		if s.conn != nil {
			stats.Connections++
		}
	}
	return stats
}
