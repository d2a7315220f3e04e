// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package sts is AWS STS for tests, in memory: AssumeRole and
// AssumeRoleWithWebIdentity over the query protocol, written from AWS' API
// reference. The temporary credentials that it hands out are added to the same
// set of keys that other fakes check signatures with, so that a test proves the
// whole way from a role to a signed request.
package sts

import (
	"crypto/rand"
	"encoding/xml"
	"net/http"
	"sync"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sigv4"
)

// lifetime is how long temporary credentials last, unless Lifetime says otherwise.
const lifetime = time.Hour

// Server is an http.Handler that serves the STS API.
type Server struct {
	keys *sigv4.Keys

	mu     sync.Mutex
	roles  map[string]string // role ARN to external ID, "" for none
	tokens map[string]string // web identity token to the role ARN it may assume
	trust  func(r *http.Request, token, arn string) bool
	calls  map[string]int
	lasts  time.Duration
}

// New returns a service that knows no roles. Callers of AssumeRole sign with
// keys.
func New(keys *sigv4.Keys) *Server {
	return &Server{keys: keys, roles: map[string]string{}, tokens: map[string]string{}, calls: map[string]int{}, lasts: lifetime}
}

// AllowRole lets signed callers assume a role; they must give the external ID
// unless it is empty.
func (s *Server) AllowRole(arn, externalID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roles[arn] = externalID
}

// AllowToken lets the holder of a web identity token assume a role.
func (s *Server) AllowToken(token, arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[token] = arn
}

// TrustTokens also asks check whether the holder of a web identity token may
// assume a role.
func (s *Server) TrustTokens(check func(r *http.Request, token, arn string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trust = check
}

// Lifetime sets how long the credentials last that are handed out from now on.
func (s *Server) Lifetime(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lasts = d
}

// Calls counts the requests of one action, granted or not.
func (s *Server) Calls(action string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[action]
}

type credentials struct {
	AccessKeyID                   string `xml:"AccessKeyId"`
	SecretAccessKey, SessionToken string
	Expiration                    time.Time
}

type success struct {
	XMLName xml.Name
	Result  result
}

type result struct {
	XMLName     xml.Name
	Credentials credentials
}

type failure struct {
	XMLName xml.Name `xml:"ErrorResponse"`
	Code    string   `xml:"Error>Code"`
	Message string   `xml:"Error>Message"`
}

// allowed counts a call and says whether it is granted.
func (s *Server) allowed(r *http.Request, action string, signed bool) bool {
	arn, token := r.FormValue("RoleArn"), r.FormValue("WebIdentityToken")
	s.mu.Lock()
	s.calls[action]++
	externalID, known := s.roles[arn]
	trust, named := s.trust, arn != "" && s.tokens[token] == arn
	s.mu.Unlock()
	switch action {
	case "AssumeRole":
		return signed && known && externalID == r.FormValue("ExternalId")
	case "AssumeRoleWithWebIdentity":
		return named || trust != nil && trust(r, token, arn)
	}
	return false
}

// expiry is when credentials end that are handed out now.
func (s *Server) expiry() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.lasts).UTC()
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, signed := sigv4.Verify(r, s.keys, "sts", time.Now())
	action := r.FormValue("Action")
	allowed := s.allowed(r, action, signed == nil)
	w.Header().Set("Content-Type", "text/xml")
	if !allowed {
		message := "not authorized to perform sts:" + action
		if signed != nil && action == "AssumeRole" {
			message = signed.Error()
		}
		w.WriteHeader(http.StatusForbidden)
		_ = xml.NewEncoder(w).Encode(failure{Code: "AccessDenied", Message: message}) // the client may be gone
		return
	}
	c := credentials{"ASIA" + rand.Text(), rand.Text(), rand.Text(), s.expiry()}
	s.keys.Add(c.AccessKeyID, sigv4.Key{Secret: c.SecretAccessKey, Token: c.SessionToken})
	_ = xml.NewEncoder(w).Encode(success{
		XMLName: xml.Name{Local: action + "Response"},
		Result:  result{XMLName: xml.Name{Local: action + "Result"}, Credentials: c},
	})
}
