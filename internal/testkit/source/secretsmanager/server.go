// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package secretsmanager is AWS Secrets Manager for tests, in memory:
// GetSecretValue over the AWS JSON 1.1 protocol, written from AWS' API reference.
// It checks the signature of every request for real.
package secretsmanager

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sigv4"
)

// Server is an http.Handler that serves the API.
type Server struct {
	keys *sigv4.Keys

	mu        sync.Mutex
	secrets   map[string][]version // oldest first
	forbidden map[string]bool
	throttle  bool
	calls     map[string]int
}

// version is one version of a secret.
type version struct {
	id     string
	stages []string
	text   string
	binary []byte
}

// New returns a service without secrets that accepts requests signed with keys.
func New(keys *sigv4.Keys) *Server {
	return &Server{keys: keys, secrets: map[string][]version{}, forbidden: map[string]bool{}, calls: map[string]int{}}
}

// Put adds a version of a secret with the stage AWSCURRENT, which the one before it
// loses for AWSPREVIOUS, and returns its ID.
func (s *Server) Put(name, text string) string { return s.put(name, version{text: text}) }

// PutBinary is Put for a binary secret.
func (s *Server) PutBinary(name string, data []byte) string {
	return s.put(name, version{binary: data})
}

func (s *Server) put(name string, v version) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	versions := s.secrets[name]
	for i := range versions {
		versions[i].stages = nil
	}
	if len(versions) > 0 {
		versions[len(versions)-1].stages = []string{"AWSPREVIOUS"}
	}
	v.id, v.stages = fmt.Sprintf("%08d-0000-0000-0000-000000000000", len(versions)+1), []string{"AWSCURRENT"}
	s.secrets[name] = append(versions, v)
	return v.id
}

// Forbid takes from everybody the right to read a secret.
func (s *Server) Forbid(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forbidden[name] = true
}

// Throttle makes the service refuse all requests, or stop refusing.
func (s *Server) Throttle(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.throttle = on
}

// Calls counts the signed requests for a secret.
func (s *Server) Calls(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[name]
}

// fault is an error of the protocol.
type fault struct {
	shape, message string
	status         int
}

func (f *fault) Error() string { return f.shape + ": " + f.message }

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	answer, err := s.call(r)
	if err == nil {
		_ = json.NewEncoder(w).Encode(answer) // the client may be gone
		return
	}
	var f *fault
	if !errors.As(err, &f) {
		f = &fault{"InternalServiceError", err.Error(), http.StatusInternalServerError}
	}
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": f.shape, "Message": f.message})
}

func (s *Server) call(r *http.Request) (any, error) {
	body, err := sigv4.Verify(r, s.keys, "secretsmanager", time.Now())
	var denial *sigv4.Denial
	if errors.As(err, &denial) {
		return nil, &fault{denial.Code, denial.Message, http.StatusBadRequest}
	}
	if err != nil {
		return nil, err
	}
	var in struct{ SecretID, VersionID, VersionStage string }
	if target := r.Header.Get("X-Amz-Target"); target != "secretsmanager.GetSecretValue" {
		return nil, &fault{"UnknownOperationException", target + " is not implemented here", http.StatusBadRequest}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, &fault{"SerializationException", err.Error(), http.StatusBadRequest}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[in.SecretID]++
	switch {
	case s.throttle:
		return nil, &fault{"ThrottlingException", "Rate exceeded", http.StatusBadRequest}
	case s.forbidden[in.SecretID]:
		return nil, &fault{"AccessDeniedException", "User: arn:aws:iam::000000000000:user/reader is not authorized to perform: " +
			"secretsmanager:GetSecretValue on resource: " + in.SecretID + " because no identity-based policy allows the secretsmanager:GetSecretValue action", http.StatusBadRequest}
	case s.secrets[in.SecretID] == nil:
		return nil, &fault{"ResourceNotFoundException", "Secrets Manager can't find the specified secret.", http.StatusBadRequest}
	}
	return s.version(in.SecretID, in.VersionID, in.VersionStage)
}

// version picks a version by ID or stage; without both the current one.
func (s *Server) version(name, id, stage string) (any, error) {
	if id == "" && stage == "" {
		stage = "AWSCURRENT"
	}
	for _, v := range s.secrets[name] {
		if (id != "" && v.id != id) || (stage != "" && !slices.Contains(v.stages, stage)) {
			continue
		}
		answer := map[string]any{"Name": name, "VersionId": v.id, "VersionStages": v.stages}
		if v.binary != nil {
			answer["SecretBinary"] = v.binary
		} else {
			answer["SecretString"] = v.text
		}
		return answer, nil
	}
	which := "staging label: " + stage
	if id != "" {
		which = "VersionId: " + id
	}
	return nil, &fault{"ResourceNotFoundException", "Secrets Manager can't find the specified secret value for " + which, http.StatusBadRequest}
}
