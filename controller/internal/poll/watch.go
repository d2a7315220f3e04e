// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

const (
	// idleGrid and idleGap hold for a query whose values were all zero, so that
	// somebody may be waiting for its activation: how long a push may wait for
	// others to share its round trip, and the least time between two asks that
	// pushes cause. busyGrid and busyGap are those of any other query.
	idleGrid = 5 * time.Millisecond
	idleGap  = 20 * time.Millisecond
	busyGrid = 50 * time.Millisecond
	busyGap  = 100 * time.Millisecond

	// watchDelay lets the changes of a server's queries settle before they are
	// watched, watchDelayMax bounds that.
	watchDelay    = 200 * time.Millisecond
	watchDelayMax = 2 * time.Second
	// settle is when a watch is up, roughly: what happened before may have been
	// missed and is asked for.
	settle = time.Second

	watchRetry    = time.Second
	watchRetryMax = time.Minute
)

// watch is the goroutine that listens to one connection.
type watch struct {
	source scaler.Watcher
	stop   context.CancelFunc
	renew  context.CancelFunc // ends the current call of Watch
	done   chan struct{}
}

// startWatch listens to a connection that was just opened, if it can push.
func (p *Poller) startWatch(s *server) {
	source, ok := s.conn.Source.(scaler.Watcher)
	if !ok {
		return
	}
	ctx, stop := context.WithCancel(p.ctx)
	w := &watch{source: source, stop: stop, done: make(chan struct{})}
	s.conn.watch = w
	p.group.Go(func() {
		defer close(w.done)
		defer stop()
		p.listen(ctx, s, w)
	})
}

// watchSoon has the set of watched queries taken anew once it is stable.
func (p *Poller) watchSoon(s *server, now offset) {
	if s.conn == nil || s.conn.watch == nil {
		return
	}
	if s.watchAt == 0 {
		s.unwatchedSince = now
	}
	s.watchAt = min(now+watchDelay, s.unwatchedSince+watchDelayMax)
}

// rewatch ends the current call of Watch; listen makes the next one.
func (p *Poller) rewatch(s *server) {
	s.watchAt = 0
	if s.conn != nil && s.conn.watch != nil && s.conn.watch.renew != nil {
		s.conn.watch.renew()
	}
}

// listen keeps a call of Watch going until ctx ends.
func (p *Poller) listen(ctx context.Context, s *server, w *watch) {
	pushed := func(key string) { p.push(s, w, key) }
	for retry := watchRetry; ctx.Err() == nil; {
		began := p.Clock.Now()
		call, renew := context.WithCancel(ctx)
		err := p.watchOnce(call, s, w, renew, pushed)
		renewed := call.Err() != nil
		renew()
		if renewed {
			continue
		}
		switch {
		case scaler.Classify(err) == scaler.ClassTerminal:
			retry = watchRetryMax
		case p.Clock.Since(began) > watchRetryMax:
			retry = watchRetry
		}
		p.Log.V(1).Info("Watching an event source failed, polling goes on", "server", s.address, "error", err, "retry", retry)
		timer := p.Clock.NewTimer(retry)
		select {
		case <-ctx.Done():
		case <-timer.C():
		}
		timer.Stop()
		retry = min(2*retry, watchRetryMax)
	}
}

// watchOnce watches the server's present queries until ctx ends or it fails.
func (p *Poller) watchOnce(ctx context.Context, s *server, w *watch, renew context.CancelFunc, pushed func(string)) (err error) {
	p.mu.Lock()
	queries := make([]scaler.Query, 0, len(s.queries))
	for _, q := range s.queries {
		queries = append(queries, q.question())
	}
	w.renew = renew
	p.settle(s, w, p.now()+settle)
	p.mu.Unlock()
	if len(queries) == 0 {
		<-ctx.Done()
		return nil
	}
	if panicked := p.guard(s.address, func() { err = w.source.Watch(ctx, queries, pushed) }); panicked != nil {
		err = panicked
	}
	p.mu.Lock()
	p.settle(s, w, 0)
	p.mu.Unlock()
	return err
}

// settle sets when everything that w watches is asked once; zero is never.
func (p *Poller) settle(s *server, w *watch, at offset) {
	if s.conn != nil && s.conn.watch == w {
		s.settleAt = at
		p.arm(s, p.now())
	}
}

// push has a query asked at once, or when it may be asked again.
func (p *Poller) push(s *server, w *watch, key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := s.queries[key]
	if q == nil || q.pending || !q.askable() || s.conn == nil || s.conn.watch != w {
		return // nobody asks, or it is about to be asked anyway, or not now
	}
	grid, gap := busyGrid, busyGap
	if idle(q.sample.Readings) {
		grid, gap = idleGrid, idleGap
	}
	at := p.now()
	if q.pushed != 0 {
		at = max(at, q.pushed+gap)
	}
	if at = ceil(at, grid); q.early == 0 || at < q.early {
		q.pushed = at
		p.hasten(q, at)
	}
}

func idle(readings []scaler.Reading) bool {
	for _, r := range readings {
		if r.Value != 0 || r.Active != nil && *r.Active {
			return false
		}
	}
	return true
}
