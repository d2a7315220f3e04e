// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// slack is what a source may need beyond its deadlines to return.
const slack = time.Second

// batch is one attempt to ask a server. Its buffers are used again.
type batch struct {
	server   *server
	doubtful bool        // it failed last time
	conn     *connection // nil where it is to be opened
	opened   bool
	call     *call // where the source is Separate
	asked    []*query
	queries  []scaler.Query
	timeout  time.Duration
	late     time.Duration
	began    offset
	changed  []sample.Object
	report   Batch
}

// work is a worker: it asks one server after the other until none is ready.
func (p *Poller) work(b *batch) {
	for b != nil {
		if p.take(b) {
			results, err := p.attempt(b)
			if !p.finish(b, results, err) {
				return
			}
			p.notify(b.changed)
			p.Observe(b.report)
		}
		b = p.release(b)
	}
}

// take moves what is due at the server into the batch. It reports whether anything
// is, and may be asked: the server may have asked for patience while it waited.
func (p *Poller) take(b *batch) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := b.server
	if b.began = p.now(); s.resting(b.began) {
		return false
	}
	b.late = max(0, b.began-max(s.dueSince, s.health.rest))
	b.conn, b.opened, b.call, b.timeout = s.conn, false, nil, 0
	b.asked, b.queries = b.asked[:0], b.queries[:0]
	for _, q := range s.due {
		q.pending = false
		if !q.wanting() {
			continue
		}
		q.asked, q.overdue = true, 0
		b.timeout = max(b.timeout, q.timeout)
		b.asked = append(b.asked, q)
		b.queries = append(b.queries, q.question())
	}
	clear(s.due)
	s.due = s.due[:0]
	if len(b.asked) == 0 || p.ctx.Err() != nil {
		return false
	}
	s.overdue = b.began + p.Timeout + b.timeout + slack
	p.arm(s, b.began)
	return true
}

// attempt opens the connection where needed and asks. Either there is one result
// for each query, or an error for all.
func (p *Poller) attempt(b *batch) ([]scaler.Result, error) {
	if b.conn == nil {
		source, err := p.dial(b.server)
		if err != nil {
			return nil, err
		}
		b.conn, b.opened = newConnection(source), true
	}
	if source, ok := b.conn.Source.(scaler.Separate); ok {
		b.call = p.askEach(b, source)
		return b.call.results, nil
	}
	ctx, cancel := context.WithTimeout(p.ctx, b.timeout)
	defer cancel()
	var results []scaler.Result
	err := p.guard(b.server.address, func() { results = b.conn.Read(ctx, b.queries) })
	if err == nil && len(results) != len(b.queries) {
		err = fmt.Errorf("%s: its scaler answered %d of %d queries; please report this as a bug",
			b.server.address, len(results), len(b.queries))
	}
	return results, err
}

// finish stores what an attempt came to. It reports whether there is anything to
// tell and to release: an attempt that was abandoned, or that ended with the
// poller, is only cleaned up.
func (p *Poller) finish(b *batch, results []scaler.Result, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, now := b.server, p.now()
	if s.running != b {
		s.hung = false
		if b.call != nil {
			b.call.abandon()
		}
		if b.conn != nil {
			c := b.conn
			p.group.Go(func() { p.hangUp(s.address, c) })
		}
		p.kick(s, now)
		p.arm(s, now)
		return false
	}
	s.conn, s.overdue = b.conn, 0
	b.changed = b.changed[:0]
	if p.ctx.Err() != nil { // the failure is ours
		p.retire(b)
		return false
	}
	b.changed = p.record(b, results, err, now)
	if b.opened && s.conn != nil {
		p.startWatch(s)
	}
	return true
}

// record gives every query of a batch its sample, the server its health, and
// wakes who waits. It returns the objects to tell.
func (p *Poller) record(b *batch, results []scaler.Result, err error, now offset) []sample.Object {
	s := b.server
	ended := p.Clock.Now()
	latest := sample.Sample{At: ended, Took: now - b.began, Late: b.late}
	seen := outcome{lost: err != nil}
	failed := 0
	p.finished++
	if b.call != nil {
		b.call.detached = true
	}
	for i, q := range b.asked {
		if b.call != nil {
			at := b.call.answered[i]
			if at == 0 {
				q.flight = b.call
				continue
			}
			latest.At, latest.Took = ended.Add(at-now), at-b.began
		}
		q.asked = false
		latest.Readings, latest.Err = nil, err
		if err == nil {
			latest.Readings, latest.Err = answer(s.address, results[i])
		}
		seen.see(latest.Err, q.streak != s.health.streak+1)
		q.streak = s.health.streak + 1
		if latest.Err != nil {
			failed++
			s.health.err = latest.Err
		}
		b.changed = p.store(q, latest, b.changed)
	}
	b.report = Batch{Address: s.address, Queries: len(b.asked), Failed: failed, Late: b.late, Took: now - b.began, Opened: b.opened}
	p.judge(s, seen, latest.Err, now)
	s.release()
	return b.changed
}

// store makes a sample the latest of a query and appends the objects that are to
// be told, each once per finished batch.
func (p *Poller) store(q *query, latest sample.Sample, changed []sample.Object) []sample.Object {
	latest.Seq = q.sample.Seq + 1
	q.sample = latest
	for _, o := range q.objects {
		if o.told != p.finished {
			o.told = p.finished
			changed = append(changed, o.id)
		}
	}
	return changed
}

// release wakes who waits for a new sample of the server.
func (s *server) release() {
	if s.done != nil {
		close(s.done)
		s.done = nil
	}
}

// answer keeps its readers from a result without an answer.
func answer(address string, r scaler.Result) ([]scaler.Reading, error) {
	if r.Err == nil && len(r.Readings) == 0 {
		r.Err = fmt.Errorf("%s: its scaler answered with no reading; please report this as a bug", address)
	}
	if r.Err != nil {
		return nil, r.Err
	}
	return r.Readings, nil
}

// judge keeps the server's health, closes a connection that failed too often,
// and logs what changed.
func (p *Poller) judge(s *server, seen outcome, err error, now offset) {
	before := s.health.failures
	interval := time.Duration(0)
	if !seen.answered {
		for _, q := range s.queries {
			if interval == 0 || q.interval < interval {
				interval = q.interval
			}
		}
	}
	s.health.note(seen, now, len(s.queries), interval)
	switch after := s.health.failures; {
	case before == 0 && after > 0:
		p.Log.Info("Event source does not answer", "server", s.address, "error", err.Error())
	case before > 0 && after == 0:
		p.Log.Info("Event source answers again", "server", s.address, "failures", before)
	case after > before && after%reopenAfter == 0:
		p.close(s)
	}
}

// release makes the server available again, what fell due meanwhile is asked in
// its turn, and returns the worker's next batch.
func (p *Poller) release(b *batch) *batch {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, now := b.server, p.now()
	clear(b.asked)
	s.running, s.spare = nil, b
	if p.ctx.Err() != nil {
		p.retire(b)
		return nil
	}
	p.dismiss(b)
	next := p.next()
	p.kick(s, now)
	p.arm(s, now)
	return next
}

// retire ends the work on a server when the poller ends.
func (p *Poller) retire(b *batch) {
	b.server.running = nil
	p.dismiss(b)
	p.close(b.server)
}

var errHung = errors.New("it neither answered in time nor gave up")

// abandon gives up on a Read that does not return although its deadline is long
// past, so that its queries are known to fail and others get the worker. The
// server is not asked again before that Read returns.
func (p *Poller) abandon(s *server, now offset) []sample.Object {
	b := s.running
	s.running, s.overdue, s.hung = nil, 0, true
	s.conn, s.watchAt, s.settleAt = nil, 0, 0
	changed := p.record(&batch{server: s, asked: b.asked, began: b.began}, nil, fmt.Errorf("%s: %w", s.address, errHung), now)
	p.dismiss(b)
	if next := p.next(); next != nil {
		p.group.Go(func() { p.work(next) })
	}
	return changed
}

// unasked fails a query that falls due and will not be asked before it falls due again:
// it failed, or is new, and its server rests or has failed and still waits for a worker,
// or it was asked and has neither answered nor given up long past its deadline. Who
// counts failures until a fallback sees one for each interval, however seldom the
// server is bothered.
func (p *Poller) unasked(q *query, now offset) []sample.Object {
	s, failed := q.server, sample.Sample{At: p.Clock.Now(), Took: q.sample.Took, Err: q.sample.Err}
	waits := q.pending && s.queued && s.health.failures > 0
	switch {
	case q.flight != nil && q.overdue != 0 && q.overdue <= now:
		failed.Took, failed.Err = now-q.flight.began, fmt.Errorf("%s: %w", s.address, errHung)
	case q.flight != nil || s.health.rest <= q.due && !waits:
		return nil
	case q.sample.Seq == 0:
		failed.Err = fmt.Errorf("%s: %w: %w", s.address, ErrResting, s.health.err)
	case failed.Err == nil:
		return nil
	}
	p.finished++
	changed := p.store(q, failed, nil)
	s.release()
	return changed
}

// refuse fails what is due at a server that hangs.
func (p *Poller) refuse(s *server, now offset) []sample.Object {
	b := &batch{server: s, began: now}
	for _, q := range s.due {
		q.pending = false
		if q.wanting() {
			b.asked = append(b.asked, q)
		}
	}
	s.due = nil
	return p.record(b, nil, fmt.Errorf("%s: %w", s.address, errHung), now)
}
