// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

func TestSlowServerDelaysNobody(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		slow, fast := b.server("slow"), b.server("fast")
		slow.latency = 2500 * time.Millisecond
		for i := range 10 {
			b.subscribe("slow-"+name(i), time.Second, slow.binding(name(i)))
			b.subscribe("fast-"+name(i), time.Second, fast.binding(name(i)))
		}
		b.after(10 * time.Second)
		fastBefore, slowBefore := total(fast.seen()), len(slow.seen())
		b.after(10 * time.Second)
		if n := total(fast.seen()) - fastBefore; n != 100 {
			t.Errorf("the fast server answered %d queries in 10 s, want 100", n)
		}
		reads := slow.seen()[slowBefore:]
		if len(reads) != 4 {
			t.Errorf("%d batches of 2.5 s in 10 s, want 4", len(reads))
		}
		for _, r := range reads {
			if len(r.keys) != 10 {
				t.Errorf("a batch of %d, want what fell due meanwhile merged: 10", len(r.keys))
			}
		}
	})
}

func TestWorkersAreBounded(t *testing.T) {
	inBubble(t, Options{Workers: 2}, func(b *bench) {
		servers := make([]*fakeServer, 6)
		for i := range servers {
			servers[i] = b.server(name(i))
			servers[i].latency = time.Second
			b.subscribe(name(i), time.Minute, servers[i].binding("q"))
		}
		b.after(500 * time.Millisecond)
		if s := b.Stats(); s.Busy != 2 || s.Waiting != 4 {
			t.Errorf("busy %d, waiting %d; want 2 and 4", s.Busy, s.Waiting)
		}
		if late := b.Overdue(); late < 300*time.Millisecond || late > 500*time.Millisecond {
			t.Errorf("overdue by %v with servers waiting since the first tick", late)
		}
		b.after(3 * time.Second)
		if got := b.notified(); len(got) != 6 {
			t.Errorf("%d of 6 objects have a sample after three rounds", len(got))
		}
		if late := b.Overdue(); late != 0 {
			t.Errorf("overdue by %v with nothing to do", late)
		}
	})
}

// TestManyDeadServersAreNotALatePoller: an outage of more servers than there are workers
// makes them wait in line for minutes. The poller works them off, and restarting it,
// which is what a liveness probe does, would cure nothing.
func TestManyDeadServersAreNotALatePoller(t *testing.T) {
	inBubble(t, Options{Workers: 2}, func(b *bench) {
		for i := range 200 {
			dead := b.server(name(i))
			dead.latency = time.Hour
			b.subscribe(name(i), time.Minute, dead.binding("q"))
		}
		for range 60 {
			b.after(4 * time.Second)
			if late := b.Overdue(); late > 5*time.Second {
				t.Errorf("overdue by %v while %d servers wait for %d workers", late, b.Stats().Waiting, b.Stats().Busy)
				return
			}
		}
	})
}

func TestBackoffAndRecovery(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		redis := b.server("redis")
		for i := range 10 {
			b.subscribe(name(i), time.Second, redis.binding(name(i)))
		}
		b.after(5 * time.Second)
		redis.do(func() { redis.answer = refuse })
		b.after(time.Second)
		before := len(redis.seen())
		seq := b.Samples(object1(name(0)), nil)[0].Seq
		b.after(5 * time.Minute)
		reads := redis.seen()[before:]
		if len(reads) < 5 || len(reads) > 12 {
			t.Errorf("%d attempts in 5 min at a server that is down", len(reads))
		}
		s := b.Samples(object1(name(0)), nil)[0]
		if s.Err != errDown || s.Readings != nil { //nolint:errorlint // identity is the point
			t.Errorf("sample of a server that is down: %+v", s)
		}
		if got := int(s.Seq - seq); got < 295 || got > 305 {
			t.Errorf("%d failures are counted in 5 min, want one per second", got)
		}
		if redis.closes == 0 || redis.opens > redis.closes+1 {
			t.Errorf("opened %d and closed %d times, want a new connection after each %d failures", redis.opens, redis.closes, reopenAfter)
		}
		redis.do(func() { redis.answer = nil })
		b.after(maxRest)
		if s := b.Samples(object1(name(0)), nil)[0]; s.Err != nil {
			t.Errorf("recovery is not noticed within %v: %v", maxRest, s.Err)
		}
		before = total(redis.seen())
		b.after(10 * time.Second)
		if n := total(redis.seen()) - before; n != 100 {
			t.Errorf("%d asks in 10 s after recovery, want 100", n)
		}
	})
}

func TestFailuresAreCountedInTime(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		redis := b.server("redis")
		redis.openErr = errDown
		for i := range 500 {
			b.subscribe(name(i), 30*time.Second, redis.binding(name(i)))
		}
		b.after(70 * time.Second)
		for i := range 500 {
			if s := b.Samples(object1(name(i)), nil)[0]; s.Seq < 3 || s.Err == nil {
				t.Fatalf("%d failures after two intervals, want 3: %v", s.Seq, s.Err)
			}
		}
		if redis.opens > 6 {
			t.Errorf("%d attempts to open in two intervals", redis.opens)
		}
	})
}

func TestFaultyQueriesDoNotDelayOthers(t *testing.T) {
	for class, fault := range map[string]error{
		"misconfigured": scaler.Misconfigured(fmt.Errorf("redis: WRONGTYPE")),
		"transient":     errDown,
	} {
		t.Run(class, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bench) {
				redis := b.server("redis")
				redis.answer = func(key string) scaler.Result {
					if strings.HasPrefix(key, "bad") {
						return scaler.Result{Err: fault}
					}
					return value(1)
				}
				b.subscribe("bad", time.Second, redis.binding("bad"))
				b.subscribe("worse", 2*time.Second, redis.binding("bad too"))
				for i := range 20 {
					b.subscribe(name(i), 10*time.Second, redis.binding(name(i)))
				}
				b.after(10 * time.Second)
				b.notified()
				b.after(time.Minute)
				got := b.notified()
				for o, want := range map[string]int{"bad": 60, "worse": 30, name(0): 6, name(19): 6} {
					if got[o] != want {
						t.Errorf("%s has %d samples in a minute, want %d", o, got[o], want)
					}
				}
				for _, batch := range b.batches {
					if batch.Late > 0 {
						t.Fatalf("asked %v late: %+v", batch.Late, batch)
					}
				}
				if redis.opens != 1 {
					t.Errorf("opened %d times", redis.opens)
				}
			})
		})
	}
}

// TestFailuresAreCountedWhileAServerRests: who counts failures until a fallback sees one
// for each interval, although the server is asked ever more seldom.
func TestFailuresAreCountedWhileAServerRests(t *testing.T) {
	for name, answer := range map[string]func(string) scaler.Result{
		"down":     refuse,
		"throttle": func(string) scaler.Result { return scaler.Result{Err: scaler.Throttled(errDown, time.Hour)} },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bench) {
				api := b.server("api")
				api.latency, api.answer = 50*time.Millisecond, answer
				b.subscribe("o", 5*time.Second, api.binding("q"))
				b.after(time.Second)
				first, reads := b.Samples(object1("o"), nil)[0], len(api.seen())
				b.notified()
				b.after(10 * time.Minute)
				last, told := b.Samples(object1("o"), nil)[0], b.notified()["o"]
				if n := last.Seq - first.Seq; n < 115 || n > 121 || told != int(n) {
					t.Errorf("%d failures in 10 minutes, told of %d, want 120", n, told)
				}
				if last.Err == nil || time.Since(last.At) > 10*time.Second {
					t.Errorf("the last: %+v", last)
				}
				if n := len(api.seen()) - reads; n > 16 {
					t.Errorf("asked %d times all the same", n)
				}
			})
		})
	}
}

// TestNewQueryAtAServerThatRests: an object that comes while its server is left alone
// does not wait for its first sample until that is over, but hears why.
func TestNewQueryAtAServerThatRests(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		api := b.server("api")
		api.answer = func(string) scaler.Result { return scaler.Result{Err: scaler.Throttled(errDown, time.Hour)} }
		b.subscribe("old", 10*time.Second, api.binding("q"))
		b.after(time.Second)
		b.subscribe("new", 10*time.Second, api.binding("p"))
		b.after(time.Minute)
		s := b.Samples(object1("new"), nil)[0]
		if s.Seq < 5 || s.Seq > 6 || !errors.Is(s.Err, ErrResting) || !errors.Is(s.Err, errDown) || scaler.Classify(s.Err) != scaler.ClassThrottled {
			t.Errorf("after a minute: %+v", s)
		}
		if n := len(api.seen()); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestThrottledServerIsLeftAlone(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		api := b.server("api")
		api.answer = func(string) scaler.Result {
			return scaler.Result{Err: scaler.Throttled(fmt.Errorf("api: status 429"), 20*time.Second)}
		}
		b.subscribe("o", time.Second, api.binding("q"))
		b.after(time.Minute)
		reads := api.seen()
		if len(reads) != 3 {
			t.Errorf("%d attempts in a minute, want 3", len(reads))
		}
		for i := 1; i < len(reads); i++ {
			if gap := reads[i].at - reads[i-1].at; gap < 20*time.Second {
				t.Errorf("asked again after %v", gap)
			}
		}
		if api.closes != 0 {
			t.Error("a throttling server is not a broken connection")
		}
	})
}

// TestPanicIsAnError: a source with a bug costs its own trigger and nothing else.
//
// Differs: Triggers
// KEDA: A scaler that panics, on an empty answer or an unexpected type, ends the operator, and with it the scaling of everything.
// Here: A panic is that trigger's error, with the name of its server and without the value that it carried; the log has the stack.
// Why: One trigger must not stop all others.
// Old: not available
func TestPanicIsAnError(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		bad, good := b.server("bad"), b.server("good")
		bad.answer = func(string) scaler.Result { panic("password=hunter2") }
		b.subscribe("o", time.Second, bad.binding("q"), good.binding("q"))
		b.subscribe("unbound", time.Second, scaler.Binding{Server: "nil", Address: "nil.example", Query: scaler.Query{Key: "q"}})
		b.after(5 * time.Second)
		samples := b.Samples(object1("o"), nil)
		err := samples[0].Err
		if err == nil || !strings.Contains(err.Error(), "bad.example:1") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("error of a panic: %v", err)
		}
		if samples[1].Err != nil {
			t.Errorf("the other server fails too: %v", samples[1].Err)
		}
		if s, _ := b.Latest("nil", "q"); s.Err == nil {
			t.Error("a server that cannot be opened has no error")
		}
	})
}

func TestWrongAnswersAreErrors(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		empty := b.server("empty")
		empty.answer = func(string) scaler.Result { return scaler.Result{} }
		b.subscribe("o", time.Second, empty.binding("q"))
		b.after(time.Second)
		if s, _ := b.Latest("empty", "q"); s.Err == nil || s.Readings != nil {
			t.Errorf("a result without a reading became %+v", s)
		}
	})
}

func TestTimeout(t *testing.T) {
	inBubble(t, Options{Timeout: 2 * time.Second}, func(b *bench) {
		slow := b.server("slow")
		slow.latency = time.Minute
		binding := slow.binding("q")
		b.subscribe("default", time.Minute, binding)
		b.after(2500 * time.Millisecond)
		if s, _ := b.Latest("slow", "q"); s.Err == nil || s.Took != 2*time.Second {
			t.Errorf("after the default timeout: %+v", s)
		}
		patient := b.server("patient")
		patient.latency = 5 * time.Second
		binding = patient.binding("q")
		binding.Timeout = 10 * time.Second
		b.subscribe("patient", time.Minute, binding)
		b.after(6 * time.Second)
		if s, _ := b.Latest("patient", "q"); s.Err != nil || s.Took != 5*time.Second {
			t.Errorf("with a timeout of its own: %+v", s)
		}
	})
}

func TestServerThatHangs(t *testing.T) {
	inBubble(t, Options{Workers: 1}, func(b *bench) {
		deaf, good := b.server("deaf"), b.server("good")
		b.subscribe("deaf", time.Second, deaf.binding("q"))
		b.subscribe("good", time.Second, good.binding("q"))
		b.after(3 * time.Second)
		hang := make(chan struct{})
		deaf.do(func() { deaf.deaf = hang })
		b.after(time.Minute)
		s, _ := b.Latest("deaf", "q")
		if s.Err == nil || s.Seq < 5 {
			t.Errorf("failures of a Read that ignores its deadline: %+v", s)
		}
		if n := b.notified()["good"]; n < 50 {
			t.Errorf("the other server has %d samples in a minute", n)
		}
		reads := len(deaf.seen())
		deaf.do(func() { deaf.deaf = nil })
		close(hang)
		b.after(maxRest)
		if s, _ := b.Latest("deaf", "q"); s.Err != nil || len(deaf.seen()) == reads {
			t.Errorf("not asked again after it returned: %+v", s)
		}
		if deaf.closes != 1 || deaf.opens != 2 {
			t.Errorf("opened %d and closed %d times, want a new connection", deaf.opens, deaf.closes)
		}
	})
}
