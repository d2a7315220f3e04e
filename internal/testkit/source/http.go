// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// HTTPServer is an HTTP server that answers what a test tells it to. It counts
// and keeps the requests that it gets.
type HTTPServer struct {
	// URL is the server's address, without a path.
	URL string

	server *httptest.Server
	mu     sync.Mutex
	status int
	header http.Header
	body   string
	delay  time.Duration
	hang   chan struct{} // open while requests get no answer, nil otherwise
	routes map[string]http.HandlerFunc
	seen   []*http.Request
}

// HTTP starts a server that answers 200 with an empty body until told otherwise.
func HTTP(tb testing.TB) *HTTPServer { return startHTTP(tb, (*httptest.Server).Start) }

// HTTPS starts the same with TLS and a certificate of its own, see CA.
func HTTPS(tb testing.TB) *HTTPServer { return startHTTP(tb, (*httptest.Server).StartTLS) }

func startHTTP(tb testing.TB, start func(*httptest.Server)) *HTTPServer {
	s := &HTTPServer{status: http.StatusOK, routes: map[string]http.HandlerFunc{}}
	s.server = httptest.NewUnstartedServer(s)
	s.server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that refuse the certificate
	start(s.server)
	s.URL = s.server.URL
	tb.Cleanup(s.Stop)
	return s
}

// Answer sets the status and body of the answers to requests without a route.
func (s *HTTPServer) Answer(status int, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.body = status, body
}

// Header sets a header of these answers.
func (s *HTTPServer) Header(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.header == nil {
		s.header = http.Header{}
	}
	s.header.Set(name, value)
}

// Route answers a path with a handler of its own.
func (s *HTTPServer) Route(path string, handler http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.routes[path] = handler
}

// Latency delays all answers.
func (s *HTTPServer) Latency(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

// Hang leaves all requests without an answer until Resume.
func (s *HTTPServer) Hang() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hang == nil {
		s.hang = make(chan struct{})
	}
}

// Resume ends Hang.
func (s *HTTPServer) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hang != nil {
		close(s.hang)
		s.hang = nil
	}
}

// Requests returns the requests so far, oldest first, forms parsed.
func (s *HTTPServer) Requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*http.Request(nil), s.seen...)
}

// CA is the PEM certificate that a client of HTTPS must trust.
func (s *HTTPServer) CA() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.server.Certificate().Raw}))
}

// Certificate is the certificate of an HTTPS server.
func (s *HTTPServer) Certificate() *x509.Certificate { return s.server.Certificate() }

// Stop ends the server before the test does.
func (s *HTTPServer) Stop() {
	s.Resume()
	s.server.Close()
}

// ServeHTTP answers one request.
func (s *HTTPServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // what a malformed one holds is seen by the test
	s.mu.Lock()
	s.seen = append(s.seen, r)
	status, body, delay, hang := s.status, s.body, s.delay, s.hang
	header, route := s.header.Clone(), s.routes[r.URL.Path]
	s.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-r.Context().Done():
			return
		}
	}
	if delay > 0 {
		time.Sleep(delay)
	}
	if route != nil {
		route(w, r)
		return
	}
	for name, values := range header {
		w.Header()[name] = values
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}
