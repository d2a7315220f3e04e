// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package gcpsecretmanager is Google Cloud Secret Manager for tests, in memory:
// access to versions of secrets with tokens of package gcptoken, written from
// Google's REST reference of the service.
package gcpsecretmanager

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/bearer"
)

// Host serves global secrets.
const Host = "secretmanager.googleapis.com"

// scope is what tokens must be made for.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// Server is an http.Handler that serves the API.
type Server struct {
	tokens *bearer.Tokens

	mu      sync.Mutex
	secrets map[string]*secret // by resource name
	calls   map[string]int
	damage  bool
}

type secret struct {
	versions [][]byte
	disabled map[int]bool
	readers  []string
}

// New returns a service without secrets.
func New(tokens *bearer.Tokens) *Server {
	return &Server{tokens: tokens, secrets: map[string]*secret{}, calls: map[string]int{}}
}

// Add adds a version to a secret, named projects/P/secrets/S, which readers, given
// by e-mail address, may access besides those who already may.
func (s *Server) Add(name, value string, readers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.secrets[name] == nil {
		s.secrets[name] = &secret{disabled: map[int]bool{}}
	}
	s.secrets[name].versions = append(s.secrets[name].versions, []byte(value))
	s.secrets[name].readers = append(s.secrets[name].readers, readers...)
}

// Disable disables a version.
func (s *Server) Disable(name string, version int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[name].disabled[version] = true
}

// Damage makes the service send values that do not match their checksum.
func (s *Server) Damage() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.damage = true
}

// Calls counts the authenticated requests for a secret.
func (s *Server) Calls(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[name]
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	subject, ok := s.tokens.Subject(r, scope)
	if !ok {
		fail(w, http.StatusUnauthorized, "UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.")
		return
	}
	path, access := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/v1/"), ":access")
	name, version, versioned := strings.Cut(path, "/versions/")
	if !access || !versioned || r.Method != http.MethodGet {
		fail(w, http.StatusNotFound, "NOT_FOUND", "Method not found.")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[name]++
	found := s.secrets[name]
	if found == nil {
		fail(w, http.StatusNotFound, "NOT_FOUND", fmt.Sprintf("Secret [%s] not found or has no versions.", name))
		return
	}
	allowed := false
	for _, reader := range found.readers {
		allowed = allowed || reader == subject
	}
	if !allowed {
		fail(w, http.StatusForbidden, "PERMISSION_DENIED", fmt.Sprintf("Permission 'secretmanager.versions.access' denied for resource '%s' (or it may not exist).", path))
		return
	}
	s.answer(w, found, name, version)
}

func (s *Server) answer(w http.ResponseWriter, found *secret, name, version string) {
	number := len(found.versions)
	if version != "latest" {
		var err error
		if number, err = strconv.Atoi(version); err != nil || number < 1 || number > len(found.versions) {
			fail(w, http.StatusNotFound, "NOT_FOUND", fmt.Sprintf("Secret Version [%s/versions/%s] not found.", name, version))
			return
		}
	}
	full := fmt.Sprintf("%s/versions/%d", name, number)
	if found.disabled[number] {
		fail(w, http.StatusBadRequest, "FAILED_PRECONDITION", fmt.Sprintf("Secret Version [%s] is in DISABLED state.", full))
		return
	}
	data := found.versions[number-1]
	sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	if s.damage {
		sum++
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{ // the client may be gone
		"name": full, "payload": map[string]any{"data": data, "dataCrc32c": strconv.FormatUint(uint64(sum), 10)},
	})
}

func fail(w http.ResponseWriter, code int, status, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{ // the client may be gone
		"error": map[string]any{"code": code, "message": message, "status": status},
	})
}
