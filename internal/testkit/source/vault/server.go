// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package vault is HashiCorp Vault for tests, in memory: token and kubernetes
// authentication, the key-value engines of both versions, dynamic secrets and the
// issuing of certificates, in namespaces. It is written from the documentation of
// Vault's HTTP API, and speaks it as Vault's own client library expects. Service
// account tokens are taken at their word: who signed them is not checked.
package vault

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is an http.Handler that serves the API below /v1/.
type Server struct {
	// URL is the server's address when Start made it.
	URL string

	mu      sync.Mutex
	now     func() time.Time
	tokens  map[string]*token
	roles   map[place]*role
	engines map[place]*engine
	leases  map[string]lease // by user
	calls   map[string]int
	down    bool
}

// place is a path in a namespace; the root namespace is empty.
type place struct{ namespace, path string }

// New returns a server without tokens, roles and secrets.
func New() *Server {
	return &Server{
		now: time.Now, tokens: map[string]*token{}, roles: map[place]*role{}, engines: map[place]*engine{}, calls: map[string]int{},
		leases: map[string]lease{},
	}
}

// Start serves a new server on the loopback interface until the test ends.
func Start(tb testing.TB) *Server {
	s := New()
	server := httptest.NewServer(s)
	tb.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Clock replaces the clock that the life of tokens follows.
func (s *Server) Clock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// Down makes every request fail with 503, as a sealed server does, or ends that.
func (s *Server) Down(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// Calls counts the requests to one path below /v1/, in whatever namespace and
// granted or not.
func (s *Server) Calls(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[path]
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	s.calls[path]++
	status, body := s.answer(r, path)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (s *Server) answer(r *http.Request, path string) (int, any) {
	if s.down {
		return failure(http.StatusServiceUnavailable, "Vault is sealed")
	}
	namespace := strings.Trim(r.Header.Get("X-Vault-Namespace"), "/")
	var in map[string]any
	if r.Method == http.MethodPut || r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil && r.ContentLength > 0 {
			return failure(http.StatusBadRequest, "failed to parse JSON input: "+err.Error())
		}
	}
	if path == "sys/health" {
		return http.StatusOK, map[string]any{"initialized": true, "sealed": false, "standby": false}
	}
	if mount, ok := strings.CutSuffix(path, "/login"); ok && strings.HasPrefix(mount, "auth/") {
		return s.login(place{namespace, strings.TrimPrefix(mount, "auth/")}, in)
	}
	t := s.tokens[r.Header.Get("X-Vault-Token")]
	if t == nil || t.over(s.now()) {
		return failure(http.StatusForbidden, "permission denied", "invalid token")
	}
	switch path {
	case "auth/token/lookup-self":
		return http.StatusOK, map[string]any{"data": t.describe(s.now())}
	case "auth/token/renew-self":
		return s.renew(t)
	}
	if !t.may(namespace, path) {
		return failure(http.StatusForbidden, "1 error occurred:\n\t* permission denied\n\n")
	}
	return s.secret(t, place{namespace, path}, r.Method, in)
}

func failure(status int, messages ...string) (int, any) {
	if messages == nil {
		messages = []string{}
	}
	return status, map[string]any{"errors": messages}
}

func newID(prefix string) string { return prefix + rand.Text() }
