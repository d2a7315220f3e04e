// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// connection is an open source and what runs beside it.
type connection struct {
	scaler.Source
	watch *watch        // nil where the source cannot watch
	slots chan struct{} // for those that a Separate source is asked at a time
}

func newConnection(source scaler.Source) *connection {
	c := &connection{Source: source}
	if separate, ok := source.(scaler.Separate); ok {
		c.slots = make(chan struct{}, max(1, separate.Parallel()))
	}
	return c
}

// dial opens a source.
func (p *Poller) dial(s *server) (scaler.Source, error) {
	ctx, cancel := context.WithTimeout(p.ctx, p.Timeout)
	defer cancel()
	p.mu.Lock()
	open := s.open
	p.mu.Unlock()
	var source scaler.Source
	var err error
	if panicked := p.guard(s.address, func() { source, err = open(ctx) }); panicked != nil {
		err = panicked
	}
	if err == nil && source == nil {
		err = fmt.Errorf("%s: its scaler opened no connection; please report this as a bug", s.address)
	}
	return source, err
}

// guard turns a panic into an error: one faulty scaler must not stop all others.
// The panic's value may hold anything, so only the log's stack tells about it.
func (p *Poller) guard(address string, f func()) (err error) {
	defer func() {
		if recovered := recover(); recovered != nil {
			err = fmt.Errorf("%s: its scaler panicked (%T), the controller's log has the stack; please report this as a bug",
				address, recovered)
			p.Log.Error(err, "A scaler panicked", "server", address, "stack", string(debug.Stack()))
		}
	}()
	f()
	return nil
}

// close ends a server's connection, off the hot path.
func (p *Poller) close(s *server) {
	c := s.conn
	s.conn, s.watchAt, s.settleAt = nil, 0, 0
	if c != nil {
		p.group.Go(func() { p.hangUp(s.address, c) })
	}
}

func (p *Poller) hangUp(address string, c *connection) {
	if c.watch != nil {
		c.watch.stop()
		timer := p.Clock.NewTimer(p.Timeout)
		defer timer.Stop()
		select {
		case <-c.watch.done:
		case <-timer.C():
		}
	}
	var err error
	if panicked := p.guard(address, func() { err = c.Close() }); panicked != nil {
		err = panicked
	}
	if err != nil {
		p.Log.V(1).Info("Closing a connection failed", "server", address, "error", err.Error())
	}
}
