// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package bearer keeps the access tokens that the token endpoints for tests have
// issued, and says whether a request carries a good one. It is shared by the fakes
// of a cloud's identity service and of its other services.
package bearer

import (
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"time"
)

// grace is how much longer a token is good.
const grace = time.Second

// Tokens is a set of issued tokens. The zero value is empty, and issues tokens for
// an hour. It may be used by many goroutines.
type Tokens struct {
	mu       sync.Mutex
	lifetime time.Duration
	issued   map[string]grant
}

type grant struct {
	subject, scope string
	expires        time.Time
}

// Lifetime sets how long the tokens last that are issued from now on.
func (t *Tokens) Lifetime(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lifetime = d
}

// Issue returns a new token for a subject and a scope, and the seconds that it
// lasts.
func (t *Tokens) Issue(subject, scope string) (token string, seconds int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.issued == nil {
		t.issued = map[string]grant{}
	}
	lifetime := t.lifetime
	if lifetime == 0 {
		lifetime = time.Hour
	}
	token = rand.Text()
	// A client counts from when it has the answer, so the token is good a little
	// longer than it is told.
	t.issued[token] = grant{subject, scope, time.Now().Add(lifetime + grace)}
	return token, int(lifetime / time.Second)
}

// Revoke ends all tokens.
func (t *Tokens) Revoke() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.issued = nil
}

// Subject returns whose token a request carries, and whether it is good for the
// scope now.
func (t *Tokens) Subject(r *http.Request, scope string) (string, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	t.mu.Lock()
	defer t.mu.Unlock()
	g, known := t.issued[token]
	return g.subject, ok && known && g.scope == scope && time.Now().Before(g.expires)
}
