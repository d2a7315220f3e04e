// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package fault breaks connections on purpose. A Proxy stands between a client
// under test and a real server, forwards TCP and can be told to be slow, silent,
// rude or gone. Tests of everything that talks to a network use it; the real
// server behind it stays untouched.
package fault

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy forwards TCP connections to one server. Its methods may be called at any
// time from any goroutine; they act on open and on future connections.
type Proxy struct {
	tb      testing.TB
	address string
	target  string

	mu       sync.Mutex
	listener net.Listener
	pairs    map[*pair]struct{}
	latency  time.Duration
	silent   chan struct{} // open while bytes are swallowed, nil otherwise
	accepted int
	done     sync.WaitGroup
}

// pair is one forwarded connection.
type pair struct{ client, server net.Conn }

func (p *pair) close() {
	_ = p.client.Close()
	_ = p.server.Close()
}

// NewProxy starts a proxy in front of target, a host:port, and stops it when the
// test ends.
func NewProxy(tb testing.TB, target string) *Proxy {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("listening for the proxy of %s: %v", target, err)
	}
	p := &Proxy{tb: tb, address: listener.Addr().String(), target: target, pairs: map[*pair]struct{}{}}
	p.serve(listener)
	tb.Cleanup(func() {
		p.Heal()
		p.Cut()
		p.done.Wait()
	})
	return p
}

// Address is where clients connect to, as host:port. It never changes.
func (p *Proxy) Address() string { return p.address }

// Accepted counts the connections that clients made so far.
func (p *Proxy) Accepted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

// Open counts the connections that are open now.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.pairs)
}

// Latency delays every chunk of the server's bytes by d.
func (p *Proxy) Latency(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latency = d
}

// BlackHole keeps connections open, accepts new ones, and forwards nothing
// towards the client: a server that hangs or a firewall that drops.
func (p *Proxy) BlackHole() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.silent == nil {
		p.silent = make(chan struct{})
	}
}

// Reset aborts all open connections with a TCP reset; new ones work.
func (p *Proxy) Reset() { p.drop(true) }

// Cut closes all open connections and refuses new ones: a server that is gone.
func (p *Proxy) Cut() {
	p.mu.Lock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
	p.mu.Unlock()
	p.drop(false)
}

// Heal ends BlackHole, Latency and Cut.
func (p *Proxy) Heal() {
	p.mu.Lock()
	p.latency = 0
	if p.silent != nil {
		close(p.silent)
		p.silent = nil
	}
	down := p.listener == nil
	p.mu.Unlock()
	if !down {
		return
	}
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		p.tb.Errorf("listening again for the proxy of %s: %v", p.target, err)
		return
	}
	p.serve(listener)
}

func (p *Proxy) drop(reset bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.pairs {
		if tcp, ok := c.client.(*net.TCPConn); ok && reset {
			_ = tcp.SetLinger(0)
		}
		c.close()
	}
}

func (p *Proxy) serve(listener net.Listener) {
	p.mu.Lock()
	p.listener = listener
	p.mu.Unlock()
	p.done.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			p.done.Go(func() { p.forward(client) })
		}
	})
}

func (p *Proxy) forward(client net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	c := &pair{client, server}
	p.mu.Lock()
	p.accepted++
	gone := p.listener == nil
	p.pairs[c] = struct{}{}
	p.mu.Unlock()
	if gone { // cut between Accept and here
		c.close()
	}
	p.done.Go(func() {
		_, _ = io.Copy(server, client)
		c.close()
	})
	_, _ = io.Copy(client, &toll{p, server})
	c.close()
	p.mu.Lock()
	delete(p.pairs, c)
	p.mu.Unlock()
}

// toll is the server's side of a connection with the proxy's faults applied.
type toll struct {
	proxy  *Proxy
	server net.Conn
}

func (t *toll) Read(b []byte) (int, error) {
	n, err := t.server.Read(b)
	t.proxy.mu.Lock()
	latency, silent := t.proxy.latency, t.proxy.silent
	t.proxy.mu.Unlock()
	if silent != nil {
		<-silent
	}
	if latency > 0 {
		time.Sleep(latency)
	}
	return n, err
}
