// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

const (
	// grace is how long a server stays open that nobody asks any more: an object
	// that is changed or made again does not dial again.
	grace = 30 * time.Second
	// reopenAfter is how many failed batches in a row cost a connection its life.
	reopenAfter = 3
)

// server is one event source with everything that is asked of it.
type server struct {
	id      string
	address string
	hash    uint64
	open    func(context.Context) (scaler.Source, error)
	queries map[string]*query
	alarm   alarm // for the moments below

	conn      *connection // nil while closed
	running   *batch      // the attempt in progress
	spare     *batch      // buffers for the next one
	hung      bool        // an abandoned Read has still not returned
	queued    bool        // in Poller.ready or Poller.failing
	queuedAt  offset
	due       []*query // the next batch
	dueSince  offset   // when the first of them was due
	done      chan struct{}
	firstAt   offset // the tick that new queries are put into, and how many are in it
	firstN    int
	health    health
	goodAt    offset // when a query of a Separate source was answered last
	idleSince offset // when the last query left
	overdue   offset // when the running batch is abandoned

	unwatchedSince offset // when the watch became incomplete
	watchAt        offset // when it is taken anew
	settleAt       offset // when what it may have missed is asked
}

// enqueue puts a query into the server's next batch. at is when it was due.
func (p *Poller) enqueue(q *query, at offset) {
	if q.pending || q.flight != nil {
		return
	}
	s := q.server
	if len(s.due) == 0 || at < s.dueSince {
		s.dueSince = at
	}
	q.pending = true
	s.due = append(s.due, q)
}

// kick starts the server's next batch if it has one and may be asked now. Without a
// worker for it the server queues for one.
func (p *Poller) kick(s *server, now offset) {
	if p.ctx == nil || p.ctx.Err() != nil || s.running != nil || s.queued || len(s.due) == 0 {
		return
	}
	if s.resting(now) {
		p.arm(s, now)
		return
	}
	doubtful := s.health.failures > 0
	if p.busy == p.Workers || doubtful && !p.daring() {
		s.queued, s.queuedAt = true, now
		if doubtful {
			p.failing = append(p.failing, s)
		} else {
			p.ready = append(p.ready, s)
		}
		return
	}
	b := p.employ(s)
	p.group.Go(func() { p.work(b) })
}

// daring says that one more worker may ask a server that failed last time.
func (p *Poller) daring() bool { return p.doubtful < max(1, p.Workers/2) }

// employ makes a worker and the server busy with a new batch.
func (p *Poller) employ(s *server) *batch {
	b := s.spare
	if b == nil {
		b = &batch{server: s}
	}
	s.running, s.spare = b, nil
	b.doubtful = s.health.failures > 0
	p.busy++
	if b.doubtful {
		p.doubtful++
	}
	return b
}

// dismiss frees a batch's worker.
func (p *Poller) dismiss(b *batch) {
	p.busy--
	if b.doubtful {
		p.doubtful--
	}
}

// next gives a free worker a batch of the server that has waited longest for one, of
// those that may have one; nil is none.
func (p *Poller) next() *batch {
	line := &p.ready
	if len(p.failing) > 0 && p.daring() && (len(p.ready) == 0 || p.failing[0].queuedAt < p.ready[0].queuedAt) {
		line = &p.failing
	}
	if len(*line) == 0 {
		return nil
	}
	s := (*line)[0]
	(*line)[0] = nil
	*line, p.movedAt = (*line)[1:], p.now()
	s.queued = false
	return p.employ(s)
}

// arm sets the server's alarm to the first moment at which it needs attention.
func (p *Poller) arm(s *server, now offset) {
	at := offset(0)
	soonest := func(t offset) {
		if t != 0 && (at == 0 || t < at) {
			at = t
		}
	}
	if s.running == nil {
		if s.idleSince != 0 {
			soonest(s.idleSince + grace)
		}
		if len(s.due) > 0 && s.resting(now) {
			soonest(max(s.health.rest, now))
		}
	}
	soonest(s.overdue)
	soonest(s.watchAt)
	soonest(s.settleAt)
	p.set(&s.alarm, at)
}

// attend does what is due for a server beside its queries, and returns the
// objects that have a new sample by it.
func (p *Poller) attend(s *server, now offset) (changed []sample.Object) {
	if s.overdue != 0 && s.overdue <= now {
		changed = p.abandon(s, now)
	}
	if s.running == nil && s.idleSince != 0 && s.idleSince+grace <= now {
		s.idleSince = 0
		p.close(s)
		delete(p.servers, s.id)
	}
	if s.watchAt != 0 && s.watchAt <= now {
		p.rewatch(s)
	}
	if s.settleAt != 0 && s.settleAt <= now {
		s.settleAt = 0
		for _, q := range s.queries {
			if q.askable() {
				p.enqueue(q, now)
			}
		}
	}
	if s.hung && len(s.due) > 0 && s.health.rest <= now {
		changed = append(changed, p.refuse(s, now)...)
	}
	p.kick(s, now)
	p.arm(s, now)
	return changed
}

// resting says that the server is not asked at present.
func (s *server) resting(now offset) bool { return s.hung || now < s.health.rest }

// firstSlot is when a new query of the server is asked first.
func (s *server) firstSlot(now offset, tick time.Duration) offset {
	if s.firstAt <= now {
		s.firstAt, s.firstN = ceil(now+1, tick), 0
	}
	if s.firstN == firstBatch {
		s.firstAt, s.firstN = s.firstAt+tick, 0
	}
	s.firstN++
	return s.firstAt
}
