// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

func TestQueriesOfOneServerShareRoundTrips(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		redis := b.server("redis")
		const objects = 1000
		for i := range objects {
			b.subscribe(name(i), time.Second, redis.binding(name(i)))
		}
		b.after(3 * time.Second)
		got := b.notified()
		if len(got) != objects {
			t.Fatalf("%d objects have a sample after the start, want %d", len(got), objects)
		}
		before := len(redis.seen())
		b.after(10 * time.Second)
		reads := redis.seen()[before:]
		if len(reads) > 100 {
			t.Errorf("%d round trips in 10 s for %d queries, want one per tick: 100", len(reads), objects)
		}
		if n := total(reads); n != 10*objects {
			t.Errorf("%d asks in 10 s, want %d", n, 10*objects)
		}
		for i := 1; i < len(reads); i++ {
			if gap := reads[i].at - reads[i-1].at; gap < 100*time.Millisecond {
				t.Fatalf("two round trips within one tick, %v apart", gap)
			}
		}
		for o, n := range b.notified() {
			if n != 10 {
				t.Fatalf("%s was told %d times in 10 s, want 10", o, n)
			}
		}
		if redis.opens != 1 {
			t.Errorf("%d connections, want 1", redis.opens)
		}
	})
}

func TestFirstAsksAreSpreadAndSoon(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		redis := b.server("redis")
		for i := range 1000 {
			b.subscribe(name(i), 5*time.Minute, redis.binding(name(i)))
		}
		b.after(time.Second)
		reads := redis.seen()
		if len(reads) != 10 || total(reads) != 1000 {
			t.Fatalf("%d queries in %d round trips, want 1000 in 10", total(reads), len(reads))
		}
		for _, r := range reads {
			if len(r.keys) != firstBatch {
				t.Errorf("%d queries at %v, want %d", len(r.keys), r.at, firstBatch)
			}
		}
		b.subscribe("late", 5*time.Minute, redis.binding("late"))
		b.after(100 * time.Millisecond)
		if n := b.notified()["late"]; n != 1 {
			t.Errorf("a single new object was told %d times after a tick, want 1", n)
		}
	})
}

func TestSteadyAsksAreSpread(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		redis := b.server("redis")
		for i := range 1000 {
			b.subscribe(name(i), 30*time.Second, redis.binding(name(i)))
		}
		b.after(2 * time.Minute)
		before := len(redis.seen())
		b.after(30 * time.Second)
		reads := redis.seen()[before:]
		if total(reads) != 1000 {
			t.Errorf("%d asks in one interval, want 1000", total(reads))
		}
		if len(reads) < 45 || len(reads) > 50 {
			t.Errorf("%d round trips, want about one for each tick of 5 s", len(reads))
		}
		for _, r := range reads {
			if len(r.keys) > 50 {
				t.Errorf("%d of 1000 queries in one of 50 ticks", len(r.keys))
			}
		}
	})
}

func TestEqualQueriesAreAskedOnceAtTheShortestInterval(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		redis := b.server("redis")
		b.subscribe("slow", 10*time.Second, redis.binding("q"))
		b.subscribe("fast", 2*time.Second, redis.binding("q"), redis.binding("q"))
		b.after(10 * time.Second)
		before := len(redis.seen())
		b.notified()
		b.after(20 * time.Second)
		if n := total(redis.seen()[before:]); n != 10 {
			t.Errorf("%d asks in 20 s, want 10", n)
		}
		if got := b.notified(); got["slow"] != 10 || got["fast"] != 10 {
			t.Errorf("told %v, want each 10 times", got)
		}
		if got := b.Samples(object1("fast"), nil); len(got) != 2 || got[0].Seq == 0 || got[0].Seq != got[1].Seq {
			t.Errorf("samples of one binding given twice: %+v", got)
		}

		b.Unsubscribe(object1("fast"))
		b.after(10 * time.Second)
		before = len(redis.seen())
		b.after(60 * time.Second)
		if n := total(redis.seen()[before:]); n != 6 {
			t.Errorf("%d asks in 60 s for the slow object alone, want 6", n)
		}
	})
}

func TestSetInterval(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		redis := b.server("redis")
		b.subscribe("o", 30*time.Second, redis.binding("q"))
		b.after(45 * time.Second)
		for _, interval := range []time.Duration{time.Second, 15 * time.Second, 30 * time.Second} {
			b.SetInterval(object1("o"), interval)
			b.after(30 * time.Second)
			before := len(redis.seen())
			b.after(60 * time.Second)
			if n := len(redis.seen()) - before; n != int(time.Minute/interval) {
				t.Errorf("%d asks a minute, want one each %v", n, interval)
			}
		}
	})
}

func TestChangingTheIntervalLeavesNoGap(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		redis := b.server("redis")
		b.subscribe("o", 30*time.Second, redis.binding("q"))
		b.SetInterval(object1("nobody"), time.Second)
		for i := range 200 {
			b.SetInterval(object1("o"), time.Duration(7+23*(i%2))*time.Second)
			b.after(time.Duration(1+7*i%40) * time.Second)
		}
		reads := redis.seen()
		for i := 1; i < len(reads); i++ {
			if gap := reads[i].at - reads[i-1].at; gap > 30*time.Second {
				t.Errorf("a gap of %v between intervals of 7 and 30 s", gap)
			}
		}
	})
}

func TestSubscribeReplaces(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		one, two := b.server("one"), b.server("two")
		b.subscribe("o", time.Minute, one.binding("a"), two.binding("b"))
		b.after(time.Second)
		n := len(one.seen())
		b.subscribe("o", time.Minute, one.binding("a"), two.binding("b"))
		b.after(time.Second)
		if again := len(one.seen()); again != n {
			t.Errorf("subscribing to the same asked again: %d reads, then %d", n, again)
		}
		b.subscribe("o", time.Minute, one.binding("a"), one.binding("c"))
		b.after(100 * time.Millisecond)
		reads := one.seen()
		if last := reads[len(reads)-1].keys; len(reads) != n+1 || len(last) != 2 {
			t.Errorf("a changed object was asked %v at the next tick, want a and c", last)
		}
		if _, ok := b.Latest("two", "b"); ok {
			t.Error("a query that nobody asks has a sample")
		}
		if got, ok := b.Latest("one", "c"); !ok || got.Err != nil || got.Seq != 1 || got.Readings[0].Value != 1 {
			t.Errorf("sample of a new query: %+v, %v", got, ok)
		}
	})
}

func TestSubscribedBeforeRun(t *testing.T) {
	for _, wait := range []time.Duration{0, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			redis := &fakeServer{t: t, name: "redis", started: time.Now()}
			p := New(Options{})
			for i := range 1000 {
				p.Subscribe(Subscription{Object: object1(name(i)), Interval: time.Minute, Bindings: []scaler.Binding{redis.binding(name(i))}})
			}
			p.Wake(object1(name(0)))
			time.Sleep(wait)
			if late := p.Overdue(); late != 0 || len(redis.seen()) != 0 {
				t.Errorf("before Run: overdue by %v, %d reads", late, len(redis.seen()))
			}
			ctx, cancel := context.WithTimeout(t.Context(), 1050*time.Millisecond)
			defer cancel()
			if err := p.Run(ctx); err != nil {
				t.Fatal(err)
			}
			reads := redis.seen()
			if n := total(reads); n < 1000 || n > 1100 || len(reads) > 12 {
				t.Errorf("%d asks in %d round trips in the first second, want about 1000 in 10", n, len(reads))
			}
		})
	}
}

func TestServerIsClosedAfterItsLastQuery(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		redis := b.server("redis")
		b.subscribe("o", time.Second, redis.binding("a"))
		b.after(time.Second)
		b.Unsubscribe(object1("o"))
		b.Unsubscribe(object1("o"))
		reads := len(redis.seen())
		b.after(grace / 2)
		b.subscribe("o", time.Second, redis.binding("b"))
		b.after(grace)
		if redis.opens != 1 || redis.closes != 0 {
			t.Errorf("opened %d times and closed %d times although it came back in time", redis.opens, redis.closes)
		}
		if len(redis.seen()) == reads {
			t.Error("the server is not asked after it came back")
		}
		b.Unsubscribe(object1("o"))
		b.after(grace + time.Second)
		if redis.closes != 1 {
			t.Errorf("closed %d times, want once", redis.closes)
		}
		if s := b.Stats(); s != (Stats{}) {
			t.Errorf("left behind: %+v", s)
		}
		if len(b.alarms) != 0 {
			t.Errorf("%d alarms left", len(b.alarms))
		}
	})
}

func TestRunClosesAllServers(t *testing.T) {
	servers := map[string]*fakeServer{}
	inBubble(t, Options{}, func(b *bench) {
		for _, n := range []string{"a", "b", "busy"} {
			servers[n] = b.server(n)
			b.subscribe(n, time.Second, servers[n].binding("q"))
		}
		b.after(3 * time.Second)
		servers["busy"].do(func() { servers["busy"].latency = time.Minute })
		b.after(time.Second)
	})
	for n, s := range servers {
		if s.opens != 1 || s.closes != 1 {
			t.Errorf("server %s: opened %d times, closed %d times", n, s.opens, s.closes)
		}
	}
}
