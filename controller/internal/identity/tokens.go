// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// early is how long before its end a token is fetched again, at most.
	early = time.Minute
	// fetchTimeout bounds the fetching of a token, for which several may wait.
	fetchTimeout = 10 * time.Second
)

// Token is an access token.
type Token struct {
	// Value is what a request carries.
	Value string
	// Expiry is when the token ends; zero if the server does not say.
	Expiry time.Time
}

// Tokens reuses one access token until shortly before it ends. However many ask
// for it at once, it is fetched once.
type Tokens struct {
	fetch func(context.Context) (Token, error)

	flight singleflight.Group
	mu     sync.Mutex
	token  Token
	renew  time.Time // when to fetch the next one; zero for never
}

// NewTokens returns Tokens that fetch with fetch. Its context ends after ten
// seconds and not with that of whoever asked first.
func NewTokens(fetch func(context.Context) (Token, error)) *Tokens { return &Tokens{fetch: fetch} }

// Token returns a token that is good for a while. One that could not be renewed in
// time serves until it ends, and nobody waits for the next one before it must.
func (t *Tokens) Token(ctx context.Context) (string, error) {
	now := time.Now()
	token, fresh := t.held(now)
	if fresh {
		return token.Value, nil
	}
	answer := t.flight.DoChan("", func() (any, error) { return t.refresh(context.WithoutCancel(ctx)) })
	if token.Value != "" && now.Add(fetchTimeout).Before(token.Expiry) {
		return token.Value, nil
	}
	select {
	case <-ctx.Done():
		return "", fmt.Errorf("waiting for a token: %w", ctx.Err())
	case result := <-answer:
		if result.Err != nil && token.Value != "" && now.Before(token.Expiry) {
			return token.Value, nil
		}
		value, _ := result.Val.(string)
		return value, result.Err
	}
}

// held returns the token that there is, and whether it is good for a while.
func (t *Tokens) held(now time.Time) (Token, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.token, t.token.Value != "" && (t.renew.IsZero() || now.Before(t.renew))
}

func (t *Tokens) refresh(ctx context.Context) (string, error) {
	if token, fresh := t.held(time.Now()); fresh { // fetched since the caller looked
		return token.Value, nil
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	asked := time.Now()
	token, err := t.fetch(ctx)
	if err != nil {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token, t.renew = token, time.Time{}
	if !token.Expiry.IsZero() {
		t.renew = token.Expiry.Add(-min(early, token.Expiry.Sub(asked)/4))
	}
	return token.Value, nil
}

// Drop forgets a token that a server refused, unless it has been replaced since.
func (t *Tokens) Drop(value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token.Value == value {
		t.token, t.renew = Token{}, time.Time{}
	}
}
