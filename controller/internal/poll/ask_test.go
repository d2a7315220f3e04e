// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/utils/clock"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

func TestAskIsAnsweredNow(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		one, two := b.server("one"), b.server("two")
		one.latency, two.latency = 10*time.Millisecond, 30*time.Millisecond
		b.subscribe("o", time.Minute, one.binding("q"), two.binding("q"))
		b.after(2 * time.Second)
		called := time.Now()
		if err := b.Ask(b.t.Context(), object1("o")); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(called); took != 30*time.Millisecond {
			t.Errorf("took %v, want the slower server's 30 ms", took)
		}
		for _, s := range b.Samples(object1("o"), nil) {
			if s.At.Before(called) {
				t.Errorf("sample of %v before the call", called.Sub(s.At))
			}
		}
	})
}

func TestAskJoins(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		redis := b.server("redis")
		redis.latency = 20 * time.Millisecond
		for i := range 50 {
			b.subscribe(name(i), time.Hour, redis.binding(name(i)))
		}
		b.after(2 * time.Second)
		before := len(redis.seen())
		errs := make(chan error)
		for i := range 50 {
			for range 4 {
				go func() { errs <- b.Ask(b.t.Context(), object1(name(i))) }()
			}
		}
		for range 200 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		reads := redis.seen()[before:]
		if len(reads) > 2 || total(reads) != 50 {
			t.Errorf("200 calls about 50 objects made %d asks in %d round trips, want 50 in at most 2", total(reads), len(reads))
		}
	})
}

func TestAskGivesUp(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		if err := b.Ask(b.t.Context(), object1("nobody")); !errors.Is(err, ErrUnknown) {
			t.Errorf("unknown object: %v", err)
		}
		redis := b.server("redis")
		b.subscribe("o", time.Minute, redis.binding("q"))
		b.after(2 * time.Second)
		redis.do(func() { redis.latency = time.Second })
		ctx, cancel := context.WithTimeout(b.t.Context(), 50*time.Millisecond)
		defer cancel()
		called := time.Now()
		if err := b.Ask(ctx, object1("o")); !errors.Is(err, context.DeadlineExceeded) || time.Since(called) != 50*time.Millisecond {
			t.Errorf("slow server: %v after %v", err, time.Since(called))
		}
		b.after(2 * time.Second)

		redis.do(func() { redis.latency, redis.answer = 0, refuse })
		if err := b.Ask(b.t.Context(), object1("o")); err != nil {
			t.Errorf("an attempt that fails is a sample: %v", err)
		}
		if s := b.Samples(object1("o"), nil)[0]; s.Err == nil {
			t.Error("the failure is not in the sample")
		}
		called = time.Now()
		if err := b.Ask(b.t.Context(), object1("o")); !errors.Is(err, ErrResting) || time.Since(called) != 0 {
			t.Errorf("server that rests: %v after %v, want ErrResting at once", err, time.Since(called))
		}
	})
}

func TestAskEndsWithThePoller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{})
		f := &fakeServer{t: t, name: "s", latency: time.Hour, started: time.Now()}
		p.Subscribe(Subscription{Object: object1("o"), Interval: time.Second, Bindings: []scaler.Binding{f.binding("q")}})
		ctx, cancel := context.WithCancel(t.Context())
		ended, asked := make(chan error), make(chan error)
		go func() { ended <- p.Run(ctx) }()
		synctest.Wait()
		go func() { asked <- p.Ask(context.WithoutCancel(ctx), object1("o")) }()
		synctest.Wait()
		cancel()
		if err := <-asked; !errors.Is(err, ErrStopped) {
			t.Errorf("Ask = %v", err)
		}
		<-ended
	})
}

// TestAskOfWhatIsForgotten: who asks about an object that goes meanwhile, and whose
// server waits for a worker, does not wait for a batch that nobody needs.
func TestAskOfWhatIsForgotten(t *testing.T) {
	inBubble(t, Options{Workers: 1}, func(b *bench) {
		slow, other := b.server("slow"), b.server("other")
		b.subscribe("o", time.Hour, other.binding("q"))
		b.after(2 * time.Second)
		slow.latency = time.Hour
		binding := slow.binding("q")
		binding.Timeout = time.Hour
		b.subscribe("busy", time.Hour, binding)
		b.after(time.Second)
		asked := make(chan error, 1)
		go func() { asked <- b.Ask(b.t.Context(), object1("o")) }()
		synctest.Wait()
		b.Unsubscribe(object1("o"))
		synctest.Wait()
		select {
		case err := <-asked:
			if err != nil {
				t.Errorf("Ask = %v", err)
			}
		default:
			t.Error("Ask still waits")
		}
	})
}

// counting counts how often the time is looked at.
type counting struct {
	clock.RealClock
	looks *atomic.Int32
}

func (c counting) Since(t time.Time) time.Duration {
	c.looks.Add(1)
	return c.RealClock.Since(t)
}

// TestNothingBeginsAfterTheEnd: who still wakes an object while the process ends
// starts no worker, for which nobody would wait any more.
func TestNothingBeginsAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := &atomic.Int32{}
		p := New(Options{Clock: counting{looks: looks}})
		f := &fakeServer{t: t, name: "s", started: time.Now()}
		p.Subscribe(Subscription{Object: object1("o"), Interval: time.Hour, Bindings: []scaler.Binding{f.binding("q")}})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- p.Run(ctx) }()
		time.Sleep(time.Second)
		cancel()
		<-ended
		looks.Store(0)
		p.Wake(object1("o"))
		synctest.Wait()
		if n := looks.Load(); n != 1 {
			t.Errorf("the time was looked at %d times, by more than Wake itself", n)
		}
	})
}

func TestWake(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		redis := b.server("redis")
		b.subscribe("o", time.Hour, redis.binding("q"))
		b.after(2 * time.Second)
		before := len(redis.seen())
		b.Wake(object1("o"))
		b.Wake(object1("o"))
		b.Wake(object1("nobody"))
		synctest.Wait()
		if n := len(redis.seen()) - before; n < 1 || n > 2 {
			t.Errorf("%d round trips without time passing, want 1 or 2", n)
		}
	})
}

func TestUnsubscribeDuringRead(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		redis := b.server("redis")
		redis.latency = time.Second
		b.subscribe("o", time.Second, redis.binding("q"))
		b.subscribe("p", time.Second, redis.binding("r"))
		b.after(500 * time.Millisecond)
		b.Unsubscribe(object1("o"))
		b.after(time.Second)
		if got := b.notified(); got["o"] != 0 || got["p"] != 1 {
			t.Errorf("told %v, want p alone", got)
		}
		if got := b.Samples(object1("o"), nil); got != nil {
			t.Errorf("samples of an unknown object: %v", got)
		}
	})
}

// TestLagIsNotHalvedByTheHPA: a source that compares with its last answer is asked
// once per polling interval, however often the HPA wants to know, however many
// objects ask the same, and never twice at a time.
//
// Differs: Triggers
// KEDA: A trigger that compares with what it saw before, such as Kafka with excludePersistentLag, is asked by the poll and by every read of the HPA, also at the same time, and each of them moves what the next one compares with: stuck partitions are noticed in half the time, or the process ends with a concurrent map write.
// Here: Such a trigger is asked once per pollingInterval, and everybody reads that answer. No source is ever asked twice at the same time.
// Why: What the trigger measures does not depend on who else looks.
// Old: not available
func TestLagIsNotHalvedByTheHPA(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		kafka := b.server("kafka") // fails the test when it is asked twice at the same time
		kafka.latency = 300 * time.Millisecond
		stateful, plain := kafka.binding("lag"), kafka.binding("plain")
		stateful.Scheduled = true
		b.subscribe("one", 10*time.Second, stateful, plain)
		b.subscribe("two", 10*time.Second, stateful)
		b.after(15 * time.Second)
		before := asks(kafka, "lag")
		for range 60 { // a minute of HPAs that want to know
			go func() { _ = b.Ask(b.t.Context(), object1("two")) }()
			if err := b.Ask(b.t.Context(), object1("one")); err != nil {
				t.Error(err)
			}
			b.Wake(object1("two"))
			b.after(700 * time.Millisecond)
		}
		b.subscribe("three", 10*time.Second, stateful)
		b.after(time.Second)
		if n := asks(kafka, "lag") - before; n < 6 || n > 7 {
			t.Errorf("asked %d times in a minute, want 6: one per polling interval", n)
		}
		if n := asks(kafka, "plain"); n < 60 {
			t.Errorf("a source without a memory was asked %d times, want at every call", n)
		}
		if s := b.Samples(object1("three"), nil)[0]; s.Seq == 0 {
			t.Error("a third object has no sample, although others have one")
		}
	})
}

// asks counts how often one question was asked.
func asks(f *fakeServer, key string) (n int) {
	for _, r := range f.seen() {
		for _, k := range r.keys {
			if k == key {
				n++
			}
		}
	}
	return n
}
