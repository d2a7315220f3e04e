// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package identity_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/oauth2"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCacheSharesAndForgets(t *testing.T) {
	var c identity.Cache[string, *int]
	now := time.Now()
	get := func(key string, at time.Time) *int {
		t.Helper()
		v, err := c.Get(key, at, func() (*int, error) { return new(int), nil })
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	first := get("a", now)
	if get("a", now.Add(50*time.Minute)) != first || get("b", now) == first {
		t.Error("equal keys do not share, or different ones do")
	}
	get("c", now.Add(100*time.Minute)) // a was used 50 minutes before
	if get("a", now.Add(100*time.Minute)) != first {
		t.Error("an entry in use is forgotten")
	}
	get("d", now.Add(10*time.Hour))
	if get("a", now.Add(10*time.Hour)) == first {
		t.Error("an entry that nobody uses is kept")
	}
	broken := errors.New("broken")
	if _, err := c.Get("e", now, func() (*int, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if get("e", now) == nil {
		t.Error("an error is kept")
	}
}

func TestManyWaitForOneToken(t *testing.T) {
	began, release := make(chan struct{}, 1), make(chan struct{})
	var fetched atomic.Int32
	tokens := identity.NewTokens(func(context.Context) (identity.Token, error) {
		fetched.Add(1)
		began <- struct{}{}
		<-release
		return identity.Token{Value: "t", Expiry: time.Now().Add(time.Hour)}, nil
	})
	// Whoever gives up does not take the token from the others.
	impatient, cancel := context.WithCancel(t.Context())
	var first, group sync.WaitGroup
	first.Go(func() {
		if _, err := tokens.Token(impatient); !errors.Is(err, context.Canceled) {
			t.Errorf("the impatient gets %v", err)
		}
	})
	for range 20 {
		group.Go(func() {
			if token, err := tokens.Token(t.Context()); err != nil || token != "t" {
				t.Errorf("got %q, %v", token, err)
			}
		})
	}
	<-began
	cancel()
	first.Wait()
	close(release)
	group.Wait()
	if n := fetched.Load(); n != 1 {
		t.Errorf("fetched %d times, want 1", n)
	}
}

// TestTokenServesWhileTheNextDoesNotCome: a server that does not answer takes no
// time from those whose token is good.
func TestTokenServesWhileTheNextDoesNotCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fetched atomic.Int32
		tokens := identity.NewTokens(func(ctx context.Context) (identity.Token, error) {
			if fetched.Add(1) > 1 {
				<-ctx.Done()
				return identity.Token{}, ctx.Err()
			}
			return identity.Token{Value: "t", Expiry: time.Now().Add(time.Hour)}, nil
		})
		ask := func() (string, error) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			return tokens.Token(ctx)
		}
		if _, err := ask(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour - 40*time.Second)
		if token, err := ask(); token != "t" || err != nil {
			t.Errorf("40 seconds before its end: %q, error %v", token, err)
		}
		time.Sleep(time.Minute)
		if _, err := ask(); err == nil || fetched.Load() < 3 {
			t.Errorf("after its end there was no error; fetched %d times", fetched.Load())
		}
		time.Sleep(time.Minute)
	})
}

func TestTokenThatCannotBeRenewedServesUntilItEnds(t *testing.T) {
	var fail atomic.Bool
	var fetched atomic.Int32
	tokens := identity.NewTokens(func(context.Context) (identity.Token, error) {
		fetched.Add(1)
		if fail.Load() {
			return identity.Token{}, errors.New("down")
		}
		return identity.Token{Value: "t", Expiry: time.Now().Add(400 * time.Millisecond)}, nil
	})
	if _, err := tokens.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	fail.Store(true)
	served := false
	for deadline := time.Now().Add(30 * time.Second); ; {
		_, err := tokens.Token(t.Context())
		if err != nil {
			break
		}
		served = served || fetched.Load() > 1
		if time.Now().After(deadline) {
			t.Fatal("a token serves after its end")
		}
	}
	if !served {
		t.Error("a token that could not be renewed served no longer")
	}
}

func TestDropForgetsTheRefusedTokenOnly(t *testing.T) {
	value := "first"
	tokens := identity.NewTokens(func(context.Context) (identity.Token, error) { return identity.Token{Value: value}, nil })
	get := func() string {
		token, err := tokens.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	get()
	value = "second"
	if got := get(); got != "first" {
		t.Errorf("a token without an end is replaced by %q", got)
	}
	tokens.Drop("first")
	if got := get(); got != "second" {
		t.Errorf("got %q after the refusal", got)
	}
	value = "third"
	tokens.Drop("first")
	if got := get(); got != "second" {
		t.Errorf("got %q after a late refusal", got)
	}
}

func TestRefusalsAreOneLineWithoutSecrets(t *testing.T) {
	request, err := http.NewRequest(http.MethodPost, "https://login.example/token?key=hunter2", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		status   int
		body     string
		want     string
		mistaken bool
	}{
		"explained":   {401, `{"error":"invalid_client","error_description":"no\n hunter2 here"}`, "login.example answers 401 Unauthorized: invalid_client no *** here", true},
		"unexplained": {503, "<html>hunter2</html>", "login.example answers 503 Service Unavailable", false},
		"numbered": {401, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 0b2c\r\nCorrelation ID: 1f\r\nTimestamp: 2026-11-22 05:00:00Z"}`,
			"login.example answers 401 Unauthorized: invalid_client AADSTS7000215: Invalid client secret provided.", true},
		"throttled": {429, "", "login.example answers 429 Too Many Requests", false},
	} {
		response := &http.Response{StatusCode: test.status, Status: fmt.Sprint(test.status, " ", http.StatusText(test.status)), Request: request}
		got := identity.ExplainToken(&oauth2.RetrieveError{Response: response, Body: []byte(test.body)}, "hunter2")
		var refusal *identity.Refusal
		if !errors.As(got, &refusal) || got.Error() != test.want || refusal.Mistaken() != test.mistaken {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if line := identity.Line(strings.Repeat("é", 1000)); len(line) > 300 || strings.Contains(line, "\ufffd") {
		t.Errorf("not bounded: %q", line)
	}
}
