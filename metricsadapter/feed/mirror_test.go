// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	clocktesting "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"

	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed/feedpb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

// wire is an object with one metric, measured age before it was sent at start.
func wire(name string, version uint64, value float64, age time.Duration) *feedpb.Object {
	return &feedpb.Object{Namespace: "ns", Name: name, Version: version, Metrics: []*feedpb.Metric{
		{Name: "m", Value: value, AtUnixNano: start.Add(-age).UnixNano()},
	}}
}

func update(reset, complete bool, objects ...*feedpb.Object) *feedpb.Update {
	return &feedpb.Update{Reset_: reset, Complete: complete, Objects: objects, SentUnixNano: start.UnixNano()}
}

func testMirror() (*mirror, *clocktesting.FakePassiveClock) {
	// The follower's clock is years off the leader's.
	clock := clocktesting.NewFakePassiveClock(start.AddDate(-3, 0, 0))
	return newMirror(clock, 5*time.Minute), clock
}

func TestAgeIgnoresClockDifference(t *testing.T) {
	m, clock := testMirror()
	m.receive(nil, update(true, true, wire("a", 1, 7, 2*time.Second)))
	clock.SetTime(clock.Now().Add(3 * time.Second))
	got, err := m.latest("ns", "a", "m")
	if err != nil || got.Age != 5*time.Second || !got.At.Equal(start.Add(-2*time.Second)) {
		t.Errorf("%+v, %v", got, err)
	}
}

// An HPA whose spec says s0-cron-UTC asks for s0-cron-utc.
func TestMetricNamesIgnoreCase(t *testing.T) {
	m, _ := testMirror()
	m.receive(nil, update(true, true, wire("a", 1, 7, 0)))
	if got, err := m.latest("ns", "a", "M"); err != nil || got.Value != 7 {
		t.Errorf("%+v, %v", got, err)
	}
}

// unavailable says whether the error is that nothing was heard for so long.
func unavailable(err error, silent time.Duration) bool {
	var u *UnavailableError
	return errors.As(err, &u) && u.Silent == silent
}

func TestUnavailableUntilComplete(t *testing.T) {
	m, _ := testMirror()
	if _, err := m.latest("ns", "a", "m"); !unavailable(err, 0) || !strings.Contains(err.Error(), "not received a complete snapshot") {
		t.Errorf("before the first message: %v", err)
	}
	first := m.receive(nil, update(true, false, wire("a", 1, 1, 0)))
	if _, err := m.latest("ns", "a", "m"); err != nil {
		t.Errorf("an object that the incomplete snapshot has: %v", err)
	}
	if _, err := m.latest("ns", "b", "m"); !unavailable(err, 0) {
		t.Errorf("an object that the incomplete snapshot lacks: %v", err)
	}
	if err := m.ready(); !unavailable(err, 0) {
		t.Errorf("ready while incomplete: %v", err)
	}
	m.receive(first, update(false, true))
	if err := m.ready(); err != nil {
		t.Errorf("complete: %v", err)
	}
}

func TestStaleness(t *testing.T) {
	m, clock := testMirror()
	pass := func(d time.Duration) { clock.SetTime(clock.Now().Add(d)) }
	first := m.receive(nil, update(true, true, wire("a", 1, 1, time.Hour), wire("b", 2, 1, 0)))
	// A value may be as old as it likes while the leader lives: it may poll hourly.
	for range 10 {
		pass(4 * time.Minute)
		m.receive(first, update(false, false)) // a heartbeat
	}
	if _, err := m.latest("ns", "a", "m"); err != nil || m.ready() != nil {
		t.Errorf("an old value of a living leader: %v, %v", err, m.ready())
	}
	pass(4 * time.Minute)
	second := m.receive(nil, update(true, false, wire("a", 1, 2, 0)))
	pass(2 * time.Minute)
	m.receive(second, update(false, false))
	if got, err := m.latest("ns", "a", "m"); err != nil || got.Value != 2 {
		t.Errorf("the second leader's word: %+v, %v", got, err)
	}
	if _, err := m.latest("ns", "b", "m"); !unavailable(err, 6*time.Minute) || !strings.Contains(err.Error(), "for 6m0s") {
		t.Errorf("the first leader's word, 6 minutes after it died: %v", err)
	}
	pass(5*time.Minute + 1)
	for _, object := range []string{"a", "none"} {
		if _, err := m.latest("ns", object, "m"); !unavailable(err, 5*time.Minute+1) {
			t.Errorf("%s: %v", object, err)
		}
	}
	if err := m.ready(); !unavailable(err, 5*time.Minute+1) {
		t.Errorf("ready while stale: %v", err)
	}
}

// TestMirrorAgainstModel plays leaders that come and go, and refreshes that are
// late. A model keeps for each object who named it and what was said last; the
// mirror must agree, and know nothing that a complete leader did not name.
func TestMirrorAgainstModel(t *testing.T) {
	type said struct {
		term    int
		version uint64
		value   float64
	}
	rapid.Check(t, func(t *rapid.T) {
		m, _ := testMirror()
		model := map[string]said{}
		terms := []*term{m.receive(nil, update(true, false))}
		version, complete := uint64(0), false
		some := rapid.Map(rapid.IntRange(0, 5), func(i int) string { return fmt.Sprint("so", i) })
		now := func() int { return len(terms) - 1 }
		t.Repeat(map[string]func(*rapid.T){
			"delta": func(t *rapid.T) {
				name, value := some.Draw(t, "object"), rapid.Float64Range(0, 9).Draw(t, "value")
				version++
				m.receive(terms[now()], update(false, complete, wire(name, version, value, 0)))
				model[name] = said{now(), version, value}
			},
			"gone": func(t *rapid.T) {
				name := some.Draw(t, "object")
				m.receive(terms[now()], update(false, complete, &feedpb.Object{Namespace: "ns", Name: name, Gone: true}))
				delete(model, name)
			},
			"complete": func(*rapid.T) {
				complete = true
				m.receive(terms[now()], update(false, true))
				for name, s := range model {
					if s.term != now() {
						delete(model, name)
					}
				}
			},
			"another leader": func(*rapid.T) {
				terms = append(terms, m.receive(nil, update(true, false)))
				version, complete = 0, false // it counts anew
			},
			"refresh": func(t *rapid.T) {
				name, of := some.Draw(t, "object"), rapid.IntRange(0, now()).Draw(t, "term")
				late := rapid.Uint64Range(0, 20).Draw(t, "version")
				value := rapid.Float64Range(10, 19).Draw(t, "value")
				m.refreshed(key{"ns", name}, decode(terms[of], wire(name, late, value, 0), m.now(), start.UnixNano()))
				if held, ok := model[name]; ok && held.term == of && held.version < late {
					model[name] = said{of, late, value}
					if of == now() { // the stream brings it later; a delta may come before
						version = max(version, late)
					}
				}
			},
			"": func(t *rapid.T) {
				if int(m.objects.Load()) != len(model) {
					t.Fatalf("%d objects, want %d", m.objects.Load(), len(model))
				}
				for i := range 6 {
					name := fmt.Sprint("so", i)
					want, known := model[name]
					got, err := m.latest("ns", name, "m")
					if known != (err == nil) || got.Value != want.value {
						t.Fatalf("%s: %+v %v, want %+v", name, got, err, want)
					}
				}
			},
		})
	})
}

func TestPauses(t *testing.T) {
	m, clock := testMirror()
	c := &Client{mirror: m}
	first := m.receive(nil, update(true, true, wire("a", 1, 7, 0)))
	asked := refreshKey{key{"ns", "a"}, "m"}
	for i, want := range []time.Duration{15 * time.Second, 30 * time.Second, time.Minute} {
		c.pause(m.held(asked))
		clock.SetTime(clock.Now().Add(want - 1))
		m.receive(first, update(false, false, wire("a", uint64(2+i), 7, 0))) // it is polled on
		if !c.paused(m.held(asked)) {
			t.Errorf("asked again within %s", want)
		}
		clock.SetTime(clock.Now().Add(1))
		if c.paused(m.held(asked)) {
			t.Errorf("still not asked after %s", want)
		}
	}
	for range 20 {
		c.pause(m.held(asked))
	}
	clock.SetTime(clock.Now().Add(pauseMax - 1))
	if !c.paused(m.held(asked)) {
		t.Errorf("asked again within %s", pauseMax)
	}
	clock.SetTime(clock.Now().Add(1))
	if c.paused(m.held(asked)) {
		t.Errorf("pauses grow beyond %s", pauseMax)
	}
}

// TestPauseEndsWithItsObject: a ScaledObject whose source was slow is deleted and made
// again under its name, or its trigger gets another source. It is asked at once.
func TestPauseEndsWithItsObject(t *testing.T) {
	m, _ := testMirror()
	c := &Client{mirror: m}
	first := m.receive(nil, update(true, true, wire("a", 1, 7, 0), wire("b", 2, 7, 0), wire("c", 3, 7, 0)))
	asked := func(object, metric string) *metric { return m.held(refreshKey{key{"ns", object}, metric}) }
	for _, object := range []string{"a", "b", "c"} {
		c.pause(asked(object, "m"))
	}
	other := wire("b", 5, 7, 0)
	other.Metrics[0].Name = "n"
	m.receive(first, update(false, false, &feedpb.Object{Namespace: "ns", Name: "a", Version: 4, Gone: true}, other))
	m.receive(first, update(false, false, wire("a", 6, 7, 0), wire("b", 7, 7, 0)))
	if c.paused(asked("a", "m")) || c.paused(asked("b", "m")) {
		t.Error("paused for what was before it")
	}
	second := m.receive(nil, update(true, false, wire("c", 1, 7, 0)))
	if !c.paused(asked("c", "m")) {
		t.Error("another leader is asked for what is slow")
	}
	m.receive(second, update(false, true))
	if asked("a", "m") != nil {
		t.Error("a is still held")
	}
}

// BenchmarkLatest measures a read among 1,000 objects.
func BenchmarkLatest(b *testing.B) {
	m, _ := testMirror()
	t := m.receive(nil, update(true, true))
	for i := range 1000 {
		m.receive(t, update(false, false, wire(fmt.Sprint("so", i), uint64(i), 1, 0)))
	}
	b.Run("alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := m.latest("ns", "so500", "m"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := m.latest("ns", "so500", "m"); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
