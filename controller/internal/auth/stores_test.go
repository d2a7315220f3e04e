// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	testclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/vault"
)

const (
	interval = 5 * time.Minute
	doubtGap = 30 * time.Second
)

// stores is a resolver with a Vault, a clock that a test moves, and ears.
type stores struct {
	*testing.T
	*auth.Resolver
	vault *vault.Server
	clock *testclock.FakeClock

	mu      sync.Mutex
	used    map[auth.Reference]bool
	asked   int
	changed int
	trouble []string
	log     strings.Builder
	asking  func() // runs while it is found out whether a source is used
}

func newStores(t *testing.T, objects ...client.Object) *stores {
	t.Helper()
	t.Setenv("VAULT_TOKEN", "")
	s := &stores{T: t, Resolver: newResolver(t, objects...), vault: vault.Start(t), clock: testclock.NewFakeClock(time.Now()), used: map[auth.Reference]bool{}}
	s.vault.Clock(s.clock.Now)
	s.vault.KV1("", "kv")
	s.vault.Allow("root", vault.Grant{Paths: []string{""}})
	s.put("one")
	s.Stores = auth.NewStores(auth.StoreOptions{
		Interval: interval, Clock: s.clock,
		Log: funcr.New(func(prefix, args string) { s.lock(func() { s.log.WriteString(prefix + args) }) }, funcr.Options{}),
		InUse: func(r auth.Reference) (used bool) {
			ask := func() {}
			s.lock(func() {
				used = s.used[r]
				s.asked++
				if s.asking != nil {
					ask, s.asking = s.asking, nil
				}
			})
			ask()
			return used
		},
		Changed: func(auth.Reference) { s.lock(func() { s.changed++ }) },
		Troubled: func(a auth.Reference, problem error) {
			s.lock(func() { s.trouble = append(s.trouble, fmt.Sprint(a, ": ", problem)) })
		},
	})
	go func() { _ = s.Stores.Run(t.Context()) }()
	s.eventually("it runs", s.clock.HasWaiters)
	return s
}

func (s *stores) lock(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// put stores a password in Vault.
func (s *stores) put(password string) {
	s.vault.Put("", "kv", "redis", map[string]any{"password": password})
}

// authenticate makes an authentication that reads the password.
func (s *stores) authentication() *v1alpha1.TriggerAuthentication {
	return authentication(v1alpha1.TriggerAuthenticationSpec{HashiCorpVault: &v1alpha1.HashiCorpVault{
		Address: s.vault.URL, Authentication: v1alpha1.VaultAuthenticationToken, Credential: &v1alpha1.VaultCredential{Token: "root"},
		Secrets: []v1alpha1.VaultSecret{{Parameter: "password", Path: "kv/redis", Key: "password"}},
	}})
}

// behind makes an authentication that reads the password from Vault through front.
func (s *stores) behind(front http.HandlerFunc) {
	s.Helper()
	server := httptest.NewServer(front)
	s.Cleanup(server.Close)
	ta := s.authentication()
	ta.Spec.HashiCorpVault.Address = server.URL
	if err := s.Objects.(client.Client).Create(s.Context(), ta); err != nil {
		s.Fatal(err)
	}
}

// use resolves an authentication as one more user of it.
func (s *stores) use(ref *v1alpha1.AuthenticationRef) (auth.Resolved, error) {
	got, err := s.Resolve(s.Context(), ref, container(nil))
	s.lock(func() {
		for _, r := range got.References {
			s.used[r] = s.used[r] || r.Kind == auth.KindStore
		}
	})
	return got, err
}

func (s *stores) resolve() (string, error) {
	got, err := s.use(byName)
	return got.Parameters["password"], err
}

func (s *stores) password(want string) {
	s.Helper()
	if got, err := s.resolve(); got != want || err != nil {
		s.Errorf("the password is %q, error %v; want %q", got, err, want)
	}
}

// after moves the clock, in steps that Run sees, and waits until Vault was read so
// often altogether.
func (s *stores) after(d time.Duration, reads int) {
	s.Helper()
	s.clock.Step(d)
	s.eventually(fmt.Sprintf("%d reads after %s, now %d", reads, d, s.vault.Calls("kv/redis")), func() bool {
		s.clock.Step(20 * time.Millisecond) // the step may have come while the source was being read
		return s.vault.Calls("kv/redis") == reads
	})
}

func (s *stores) eventually(what string, ok func() bool) {
	s.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("not in time: %s", what)
		}
	}
}

func (s *stores) changes() (n int) {
	s.lock(func() { n = s.changed })
	return n
}

// TestOneReadForAllUsers: however many objects use an authentication, its store is
// read once per interval, and nobody is disturbed unless a value changed.
//
// Differs: Authentication
// KEDA: opens and reads a secret store for every trigger that uses an authentication, and again at each of its failures.
// Here: one read per authentication and interval (--external-secret-refresh-interval, 5 min), shared by all that use it.
// Why: a thousand objects with one Vault are one login and one read; secret stores have rate limits and prices per request.
// Old: not available
func TestOneReadForAllUsers(t *testing.T) {
	s := newStores(t)
	if err := s.Objects.(client.Client).Create(t.Context(), s.authentication()); err != nil {
		t.Fatal(err)
	}
	var users sync.WaitGroup
	for range 50 {
		users.Go(func() { s.password("one") })
	}
	users.Wait()
	if got := s.vault.Calls("kv/redis"); got != 1 {
		t.Errorf("50 users cost %d reads", got)
	}
	s.after(interval, 2)
	s.after(interval, 3)
	if n := s.changes(); n != 0 {
		t.Errorf("%d changes were told of a value that is the same", n)
	}
	s.put("two")
	s.after(interval, 4)
	s.eventually("the change is told", func() bool { return s.changes() == 1 })
	s.password("two")
	s.lock(func() { clear(s.used) })
	for range 4 {
		s.clock.Step(interval)
	}
	s.password("two") // it was forgotten, so this reads
	if got := s.vault.Calls("kv/redis"); got != 5 {
		t.Errorf("a store that nobody uses was read %d times", got-5)
	}
	if said := s.log.String(); strings.Contains(said, "one") || strings.Contains(said, "two") {
		t.Errorf("a value was logged: %s", said)
	}
}

// TestReaderComesWithTheClock: a source that is due is read once, whether its time
// or a reader is first.
func TestReaderComesWithTheClock(t *testing.T) {
	s := newStores(t)
	if err := s.Objects.(client.Client).Create(t.Context(), s.authentication()); err != nil {
		t.Fatal(err)
	}
	s.password("one")
	asked := make(chan struct{})
	s.lock(func() {
		s.asking = func() {
			defer close(asked)
			s.password("one")
		}
	})
	s.after(interval, 2)
	<-asked
	s.after(interval, 3)
}

// TestReaderThatIsNoObject: what reads now and then without being built from it, as
// deliveries of events do, gets values however long it goes on.
func TestReaderThatIsNoObject(t *testing.T) {
	s := newStores(t)
	if err := s.Objects.(client.Client).Create(t.Context(), s.authentication()); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if got, err := s.Resolve(t.Context(), byName, container(nil)); err != nil || got.Parameters["password"] != "one" {
			t.Fatalf("parameters %v, error %v", got.Parameters, err)
		}
		var before int
		s.lock(func() { before = s.asked })
		s.clock.Step(interval)
		s.eventually("it is found out that no object uses the source", func() (asked bool) {
			s.clock.Step(20 * time.Millisecond)
			s.lock(func() { asked = s.asked > before })
			return asked
		})
	}
}

// TestOlderValuesServe: while a store cannot be read, the values of before serve
// for twice the interval; the authentication tells the problem once. After that
// there is an error, until the store is back.
func TestOlderValuesServe(t *testing.T) {
	s := newStores(t)
	if err := s.Objects.(client.Client).Create(t.Context(), s.authentication()); err != nil {
		t.Fatal(err)
	}
	s.password("one")
	s.vault.Down(true)
	s.after(interval, 2)
	for reads := 3; reads < 10; reads++ {
		s.after(30*time.Second, reads)
		s.password("one")
	}
	s.lock(func() {
		if len(s.trouble) != 1 || !strings.Contains(s.trouble[0], "TriggerAuthentication default/ta: spec.hashiCorpVault cannot be read again") ||
			!strings.Contains(s.trouble[0], "Vault is sealed") || !strings.Contains(s.trouble[0], "serve until") {
			t.Errorf("told %q", s.trouble)
		}
	})
	s.clock.Step(2 * time.Minute)
	s.eventually("users hear that there are no values", func() bool {
		s.clock.Step(20 * time.Millisecond)
		return s.changes() == 1
	})
	if _, err := s.resolve(); err == nil || !strings.Contains(err.Error(), "TriggerAuthentication ta: hashiCorpVault: ") || !strings.Contains(err.Error(), "sealed") {
		t.Errorf("error %v", err)
	}
	s.vault.Down(false)
	s.clock.Step(30 * time.Second)
	s.eventually("users hear that there are values", func() bool {
		s.clock.Step(20 * time.Millisecond)
		return s.changes() == 2
	})
	s.password("one")
}

// TestProblemThatNamesPortsIsToldOnce: what differs between two looks only in the
// port that the connection came from is one problem.
func TestProblemThatNamesPortsIsToldOnce(t *testing.T) {
	s := newStores(t)
	var resets atomic.Int32
	var broken atomic.Bool
	s.behind(func(w http.ResponseWriter, r *http.Request) {
		if !broken.Load() {
			s.vault.ServeHTTP(w, r)
			return
		}
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = connection.(*net.TCPConn).SetLinger(0)
		resets.Add(1)
		_ = connection.Close()
	})
	s.password("one")
	broken.Store(true)
	s.clock.Step(interval - doubtGap)
	for n := range int32(4) {
		s.clock.Step(doubtGap)
		s.eventually("it is read again", func() bool {
			s.clock.Step(20 * time.Millisecond)
			return resets.Load() > n
		})
	}
	s.password("one")
	s.lock(func() {
		if len(s.trouble) != 1 || !strings.Contains(s.trouble[0], "connection reset by peer") || strings.Count(s.log.String(), "cannot read") != 1 {
			t.Errorf("told %q, logged %s", s.trouble, s.log.String())
		}
	})
}

// TestSlowSource: what takes longer to read than values serve is of use all the same.
func TestSlowSource(t *testing.T) {
	s := newStores(t)
	s.behind(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "kv/redis") {
			s.clock.Step(3 * interval) // as for an interval of a second it may
		}
		s.vault.ServeHTTP(w, r)
	})
	s.password("one")
}

// TestDoubt: values that do not work are read again at once, but not in a storm.
func TestDoubt(t *testing.T) {
	s := newStores(t)
	if err := s.Objects.(client.Client).Create(t.Context(), s.authentication()); err != nil {
		t.Fatal(err)
	}
	s.password("one")
	doubt := func() {
		var all []auth.Reference
		s.lock(func() {
			for r := range s.used {
				all = append(all, r)
			}
		})
		for _, r := range all {
			s.Stores.Doubt(r)
		}
	}
	s.clock.Step(time.Minute)
	s.put("two")
	doubt()
	s.after(time.Second, 2)
	s.eventually("the change is told", func() bool { return s.changes() == 1 })
	s.password("two")
	for range 20 {
		doubt()
		s.clock.Step(time.Second)
	}
	if got := s.vault.Calls("kv/redis"); got != 2 {
		t.Errorf("%d reads within half a minute", got-1)
	}
	s.after(15*time.Second, 3)
}

// TestFirstRead: a store that cannot be read at first is an error at once, without
// a read for each user, and is read again soon.
func TestFirstRead(t *testing.T) {
	s := newStores(t)
	if err := s.Objects.(client.Client).Create(t.Context(), s.authentication()); err != nil {
		t.Fatal(err)
	}
	s.vault.Down(true)
	for range 5 {
		if _, err := s.resolve(); err == nil || !strings.Contains(err.Error(), "sealed") {
			t.Fatalf("error %v", err)
		}
	}
	if got := s.vault.Calls("kv/redis"); got != 1 {
		t.Errorf("5 attempts within a moment are %d reads", got)
	}
	s.after(3*time.Second, 2)
	s.vault.Down(false)
	s.after(5*time.Second, 3)
	s.eventually("users hear that there are values", func() bool { return s.changes() == 1 })
	s.password("one")
}

// TestChangedAuthentication: a changed authentication is read at once.
func TestChangedAuthentication(t *testing.T) {
	s := newStores(t)
	c := s.Objects.(client.Client)
	ta := s.authentication()
	if err := c.Create(t.Context(), ta); err != nil {
		t.Fatal(err)
	}
	s.password("one")
	s.vault.Put("", "kv", "other", map[string]any{"password": "three"})
	ta.Spec.HashiCorpVault.Secrets[0].Path = "kv/other"
	ta.Generation++
	if err := c.Update(t.Context(), ta); err != nil {
		t.Fatal(err)
	}
	s.password("three")
}

// TestReport: what each reading came to is told, without values.
func TestReport(t *testing.T) {
	resolver := newResolver(t, secret("s", "a", "s3cret"), authentication(v1alpha1.TriggerAuthenticationSpec{SecretTargetRef: []v1alpha1.AuthTargetRef{target("p", "s", "b")}}))
	var told []string
	resolver.Report = func(a auth.Reference, user string, problem error) {
		told = append(told, fmt.Sprint(a, " ", user, " ", problem))
	}
	_, err := resolver.Resolve(t.Context(), byName, container(nil))
	want := "TriggerAuthentication default/ta Deployment default/web " + fmt.Sprint(err)
	if err == nil || len(told) != 1 || told[0] != want {
		t.Errorf("told %q, error %v", told, errors.Unwrap(err))
	}
}
