// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// token is a client token. Its policy is a list of path prefixes.
type token struct {
	id        string
	namespace string
	prefixes  []string
	ttl       time.Duration // zero never ends
	ends      time.Time
	renewable bool
}

func (t *token) over(now time.Time) bool { return t.ttl > 0 && !now.Before(t.ends) }

func (t *token) may(namespace, path string) bool {
	return t.namespace == namespace && slices.ContainsFunc(t.prefixes, func(p string) bool { return strings.HasPrefix(path, p) })
}

func (t *token) describe(now time.Time) map[string]any {
	left := 0
	if t.ttl > 0 {
		left = int(t.ends.Sub(now).Seconds())
	}
	return map[string]any{"id": t.id, "ttl": left, "creation_ttl": int(t.ttl.Seconds()), "renewable": t.renewable, "type": "service"}
}

// role of a kubernetes login: which service accounts get which token.
type role struct {
	subjects []string
	grant    Grant
}

// Grant says what a token is good for.
type Grant struct {
	// Namespace is where it counts; the root namespace is empty.
	Namespace string
	// Paths are the prefixes of the paths that it may use.
	Paths []string
	// TTL is how long it lives; zero is for ever.
	TTL time.Duration
	// Renewable says that renew-self extends it by its TTL.
	Renewable bool
}

// Allow makes a token known.
func (s *Server) Allow(id string, g Grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.allow(id, g)
}

func (s *Server) allow(id string, g Grant) *token {
	t := &token{id: id, namespace: g.Namespace, prefixes: g.Paths, ttl: g.TTL, ends: s.now().Add(g.TTL), renewable: g.Renewable}
	s.tokens[id] = t
	return t
}

// Revoke forgets all tokens.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// Role lets service accounts, as "namespace:name", log in under a role at
// auth/<mount>/login.
func (s *Server) Role(mount, name string, g Grant, accounts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &role{grant: g}
	for _, account := range accounts {
		r.subjects = append(r.subjects, "system:serviceaccount:"+account)
	}
	s.roles[place{g.Namespace, mount + " " + name}] = r
}

func (s *Server) login(at place, in map[string]any) (int, any) {
	name, _ := in["role"].(string)
	jwt, _ := in["jwt"].(string)
	if name == "" || jwt == "" {
		return failure(http.StatusBadRequest, "missing role or jwt")
	}
	r := s.roles[place{at.namespace, at.path + " " + name}]
	if r == nil {
		return failure(http.StatusBadRequest, `invalid role name "`+name+`"`)
	}
	if !slices.Contains(r.subjects, subject(jwt)) {
		return failure(http.StatusForbidden, "service account name not authorized")
	}
	t := s.allow(newID("hvs."), r.grant)
	return http.StatusOK, map[string]any{"auth": map[string]any{
		"client_token": t.id, "lease_duration": int(t.ttl.Seconds()), "renewable": t.renewable, "policies": []string{"default"},
	}}
}

// subject reads whom a token speaks for.
func subject(jwt string) string {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		Subject string `json:"sub"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return ""
	}
	return claims.Subject
}

func (s *Server) renew(t *token) (int, any) {
	if !t.renewable {
		return failure(http.StatusBadRequest, "lease is not renewable")
	}
	t.ends = s.now().Add(t.ttl)
	return http.StatusOK, map[string]any{"auth": map[string]any{
		"client_token": t.id, "lease_duration": int(t.ttl.Seconds()), "renewable": true,
	}}
}
