// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package azurekeyvault is one Azure Key Vault for tests, in memory: reading
// secrets with bearer tokens of package azureentra, and the challenge to requests
// without one, written from Microsoft's REST reference of Key Vault.
package azurekeyvault

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/bearer"
)

// Server is an http.Handler that serves one vault at any host name.
type Server struct {
	tokens              *bearer.Tokens
	authority, resource string

	mu        sync.Mutex
	secrets   map[string][]secret
	forbidden map[string]bool // by client ID
	calls     map[string]int
}

type secret struct {
	version, value string
	disabled       bool
}

// New returns an empty vault. It accepts tokens for resource, such as
// "https://vault.azure.net", and sends clients without one to authority, such as
// "https://login.microsoftonline.com/TENANT".
func New(tokens *bearer.Tokens, authority, resource string) *Server {
	return &Server{
		tokens: tokens, authority: authority, resource: resource,
		secrets: map[string][]secret{}, forbidden: map[string]bool{}, calls: map[string]int{},
	}
}

// Set adds a version of a secret and returns its ID.
func (s *Server) Set(name, value string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	version := fmt.Sprintf("%032x", len(s.secrets[name])+1)
	s.secrets[name] = append(s.secrets[name], secret{version: version, value: value})
	return version
}

// Disable disables the newest version of a secret.
func (s *Server) Disable(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	versions := s.secrets[name]
	versions[len(versions)-1].disabled = true
}

// Forbid takes from an application the right to read secrets.
func (s *Server) Forbid(client string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forbidden[client] = true
}

// Calls counts the authorized requests for a secret.
func (s *Server) Calls(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[name]
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	client, ok := s.tokens.Subject(r, s.resource+"/.default")
	if !ok {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf("Bearer authorization=%q, resource=%q", s.authority, s.resource))
		fail(w, http.StatusUnauthorized, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 2 || parts[0] != "secrets" || r.Method != http.MethodGet || r.URL.Query().Get("api-version") == "" {
		fail(w, http.StatusBadRequest, "BadParameter", "The request is none for a secret.")
		return
	}
	version := ""
	if len(parts) > 2 {
		version = parts[2]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[parts[1]]++
	found, ok := s.find(parts[1], version)
	switch {
	case s.forbidden[client]:
		fail(w, http.StatusForbidden, "Forbidden", "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.")
	case !ok:
		fail(w, http.StatusNotFound, "SecretNotFound", fmt.Sprintf("A secret with (name/id) %s was not found in this key vault. If you recently deleted this secret you may be able to recover it.", strings.Join(parts[1:], "/")))
	case found.disabled:
		fail(w, http.StatusForbidden, "Forbidden", "Operation get is not allowed on a disabled secret.")
	default:
		answer(w, http.StatusOK, map[string]any{
			"value": found.value, "id": "https://" + r.Host + "/secrets/" + parts[1] + "/" + found.version, "attributes": map[string]any{"enabled": true},
		})
	}
}

// find returns a version of a secret, the newest if version is empty.
func (s *Server) find(name, version string) (secret, bool) {
	versions := s.secrets[name]
	if version == "" && len(versions) > 0 {
		return versions[len(versions)-1], true
	}
	for _, v := range versions {
		if v.version == version {
			return v, true
		}
	}
	return secret{}, false
}

func fail(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
