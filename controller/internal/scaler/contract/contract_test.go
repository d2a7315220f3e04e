// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package contract_test holds the behaviours that every scaler must have,
// whatever it asks, and runs them for each kind of client against a real server
// or a protocol fake. What is special to one client is tested beside it.
package contract_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler/catalog"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

const (
	// patience bounds what must happen at last.
	patience = 60 * time.Second
	// hurry is a deadline that a hanging server must not outlast by more than
	// slack.
	hurry = 500 * time.Millisecond
	slack = 10 * time.Second
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	for name, start := range subjects {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			t.Run("reads values", s.readsValues)
			t.Run("reads many at once", s.readsMany)
			t.Run("fails alone", s.failsAlone)
			t.Run("binds without showing secrets", s.hidesSecrets)
			if s.proxy == nil {
				return
			}
			t.Run("names a dead server", s.namesADeadServer)
			t.Run("keeps to the deadline", s.keepsToTheDeadline)
			t.Run("recovers", s.recovers)
			t.Run("closes", s.closes)
			if s.checksSecret {
				t.Run("reports wrong credentials", s.reportsWrongCredentials)
			}
		})
	}
}

func (s subject) bind(t *testing.T, name string, auth map[string]string) scaler.Binding {
	t.Helper()
	decoded, problems := trigger.Decode(s.kind, param.Input{Metadata: s.metadata(name), Auth: auth, Namespace: s.env.Namespace})
	for _, p := range problems {
		t.Fatalf("decoding %q: %v", name, p)
	}
	bind, ok := catalog.For(s.kind)
	if !ok {
		t.Fatalf("no scaler for %q", s.kind)
	}
	b, err := bind(decoded, s.env)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// open opens the one source that all named queries share.
func (s subject) open(t *testing.T, names ...string) (scaler.Source, []scaler.Query) {
	t.Helper()
	var server string
	var queries []scaler.Query
	var open func(context.Context) (scaler.Source, error)
	keys := map[string]bool{}
	for _, name := range names {
		b := s.bind(t, name, s.auth)
		if server != "" && b.Server != server {
			t.Fatalf("%q and %q are not one server", b.Server, server)
		}
		if keys[b.Query.Key] {
			t.Fatalf("query %q has the key of another", name)
		}
		server, open, keys[b.Query.Key] = b.Server, b.Open, true
		queries = append(queries, b.Query)
	}
	opened, err := open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return opened, queries
}

func read(t *testing.T, opened scaler.Source, queries []scaler.Query) []scaler.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	results := opened.Read(ctx, queries)
	if len(results) != len(queries) {
		t.Fatalf("%d results for %d queries", len(results), len(queries))
	}
	return results
}

func value(r scaler.Result) string {
	if r.Err != nil {
		return r.Err.Error()
	}
	if len(r.Readings) != 1 {
		return fmt.Sprintf("%d readings", len(r.Readings))
	}
	return fmt.Sprint(r.Readings[0].Value)
}

func (s subject) readsValues(t *testing.T) {
	opened, queries := s.open(t, "alpha", "beta")
	for _, want := range []map[string]int{{"alpha": 7, "beta": 0}, {"alpha": 0, "beta": 3}} {
		s.set(want)
		results := read(t, opened, queries)
		for i, name := range []string{"alpha", "beta"} {
			if got := value(results[i]); got != fmt.Sprint(want[name]) {
				t.Errorf("%s is %s, want %d", name, got, want[name])
			}
		}
	}
}

func (s subject) readsMany(t *testing.T) {
	want := map[string]int{}
	var names []string
	for i := range 60 {
		name := fmt.Sprintf("many%d", i)
		names = append(names, name)
		want[name] = i
	}
	s.set(want)
	opened, queries := s.open(t, names...)
	for i, r := range read(t, opened, queries) {
		if got := value(r); got != fmt.Sprint(i) {
			t.Errorf("%s is %s, want %d", names[i], got, i)
		}
	}
}

func (s subject) failsAlone(t *testing.T) {
	s.set(map[string]int{"before": 1, "after": 2})
	opened, queries := s.open(t, "before", s.bad, "after")
	results := read(t, opened, queries)
	if value(results[0]) != "1" || value(results[2]) != "2" {
		t.Errorf("beside a failing query the others are %s and %s, want 1 and 2", value(results[0]), value(results[2]))
	}
	s.checkError(t, results[1])
}

// checkError checks that a result is an error that tells where and hides what it
// must.
func (s subject) checkError(t *testing.T, r scaler.Result) {
	t.Helper()
	if r.Err == nil || r.Readings != nil {
		t.Fatalf("got %v, want an error and no readings", r.Readings)
	}
	text := r.Err.Error()
	if strings.Contains(text, secret) {
		t.Errorf("the error shows the secret: %s", text)
	}
	if s.proxy != nil && !strings.Contains(text, s.proxy.Address()) {
		t.Errorf("the error does not name %s: %s", s.proxy.Address(), text)
	}
}

func (s subject) hidesSecrets(t *testing.T) {
	b := s.bind(t, "alpha", s.auth)
	if b.Address == "" || strings.Contains(b.Server+b.Address+b.Query.Key, secret) {
		t.Errorf("server %q, address %q or key %q shows the secret", b.Server, b.Address, b.Query.Key)
	}
}

func (s subject) namesADeadServer(t *testing.T) {
	s.proxy.Cut()
	defer s.proxy.Heal()
	opened, queries := s.open(t, "alpha", "beta")
	for range 2 {
		for _, r := range read(t, opened, queries) {
			s.checkError(t, r)
			if class := scaler.Classify(r.Err); class != scaler.ClassTransient {
				t.Errorf("the error is %s: %v", class, r.Err)
			}
		}
	}
}

func (s subject) keepsToTheDeadline(t *testing.T) {
	opened, queries := s.open(t, "alpha", "beta")
	read(t, opened, queries) // connected
	s.proxy.BlackHole()
	defer s.proxy.Heal()
	ctx, cancel := context.WithTimeout(t.Context(), hurry)
	defer cancel()
	start := time.Now()
	for _, r := range opened.Read(ctx, queries) {
		s.checkError(t, r)
	}
	if late := time.Since(start) - hurry; late > slack {
		t.Errorf("Read returned %v after its deadline", late)
	}
}

func (s subject) recovers(t *testing.T) {
	s.set(map[string]int{"alpha": 5})
	opened, queries := s.open(t, "alpha")
	read(t, opened, queries)
	for name, harm := range map[string]func(){"reset": s.proxy.Reset, "cut": s.proxy.Cut, "black hole": s.proxy.BlackHole} {
		harm()
		ctx, cancel := context.WithTimeout(t.Context(), hurry)
		opened.Read(ctx, queries)
		cancel()
		s.proxy.Heal()
		for end := time.Now().Add(patience); ; {
			got := value(read(t, opened, queries)[0])
			if got == "5" {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("after a %s: %s", name, got)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// closes checks that a used source gives its connections back. That it leaves no
// goroutine behind is checked for the whole run, in TestMain.
func (s subject) closes(t *testing.T) {
	s.env.Transport = nil // the process's own would keep its connections
	b := s.bind(t, "alpha", s.auth)
	opened, err := b.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.proxy.Reset() // ends what earlier tests left to the process's transport
	s.connections(t, 0)
	read(t, opened, []scaler.Query{b.Query})
	if s.proxy.Open() == 0 {
		t.Fatal("the source has no connection to close")
	}
	if err := opened.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	s.connections(t, 0)
}

// connections waits until the server has so many.
func (s subject) connections(t *testing.T, want int) {
	t.Helper()
	for end := time.Now().Add(patience); s.proxy.Open() != want; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d connections are open, want %d", s.proxy.Open(), want)
		}
	}
}

func (s subject) reportsWrongCredentials(t *testing.T) {
	auth := map[string]string{}
	for key, v := range s.auth {
		auth[key] = strings.Replace(v, secret, "wr0ng-"+secret, 1)
	}
	right, wrong := s.bind(t, "alpha", s.auth), s.bind(t, "alpha", auth)
	if right.Server == wrong.Server && right.Query.Key == wrong.Query.Key {
		t.Fatal("two credentials share one answer")
	}
	opened, err := wrong.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.Close() }()
	r := read(t, opened, []scaler.Query{wrong.Query})[0]
	s.checkError(t, r)
	if class := scaler.Classify(r.Err); class != scaler.ClassMisconfigured {
		t.Errorf("wrong credentials are %s: %v", class, r.Err)
	}
}
