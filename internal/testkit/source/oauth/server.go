// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package oauth is an OAuth 2.0 authorization server for tests, in memory: the
// token endpoint for the client credentials grant, written from RFC 6749. Clients
// identify themselves by HTTP Basic or in the body.
package oauth

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sync"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/bearer"
)

// Server is an http.Handler that serves the token endpoint at every path.
type Server struct {
	// Tokens are the tokens that it issued. Their subject is the client, their scope
	// as it was asked for.
	Tokens bearer.Tokens

	mu      sync.Mutex
	clients map[string]string
	forms   []url.Values
	down    bool
}

// New returns a server that knows no clients.
func New() *Server { return &Server{clients: map[string]string{}} }

// Allow lets a client have tokens for a secret.
func (s *Server) Allow(client, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients[client] = secret
}

// Down makes the server answer 503, or stop doing so.
func (s *Server) Down(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = on
}

// Forms returns the bodies of the requests for tokens, granted or not.
func (s *Server) Forms() []url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]url.Values(nil), s.forms...)
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost {
		refuse(w, http.StatusBadRequest, "invalid_request", "the token endpoint takes POST with a form")
		return
	}
	client, secret, basic := r.BasicAuth()
	if basic { // RFC 6749 section 2.3.1 encodes both once more
		client, _ = url.QueryUnescape(client)
		secret, _ = url.QueryUnescape(secret)
	} else {
		client, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forms = append(s.forms, r.PostForm)
	want, known := s.clients[client]
	switch {
	case s.down:
		refuse(w, http.StatusServiceUnavailable, "temporarily_unavailable", "try again later")
	case !known || secret != want:
		// Some servers quote what they got.
		refuse(w, http.StatusUnauthorized, "invalid_client", "no client "+client+" with secret "+secret)
	case r.PostForm.Get("grant_type") != "client_credentials":
		refuse(w, http.StatusBadRequest, "unsupported_grant_type", "only client_credentials")
	default:
		token, seconds := s.Tokens.Issue(client, r.PostForm.Get("scope"))
		answer(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": seconds})
	}
}

func refuse(w http.ResponseWriter, status int, code, description string) {
	answer(w, status, map[string]any{"error": code, "error_description": description})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
