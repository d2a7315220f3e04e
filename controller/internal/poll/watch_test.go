// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// watched makes a server that pushes, with n objects that are settled.
func (b *bench) watched(n int, v float64) *fakeServer {
	redis := b.server("redis")
	redis.pushes = true
	redis.answer = func(string) scaler.Result { return value(v) }
	for i := range n {
		b.subscribe(name(i), time.Hour, redis.binding(name(i)))
	}
	b.after(10*time.Second + 300*time.Microsecond) // real pushes are not on the grid
	return redis
}

func TestPushIsAskedAtOnce(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		redis := b.watched(1000, 0)
		before := len(redis.seen())
		pushed := time.Since(b.started)
		for i := range 300 {
			redis.changed(name(i))
			redis.changed(name(i))
		}
		redis.changed("nobody's")
		b.after(idleGrid)
		reads := redis.seen()[before:]
		if len(reads) != 1 || total(reads) != 300 {
			t.Fatalf("%d asks in %d round trips, want 300 in 1", total(reads), len(reads))
		}
		if late := reads[0].at - pushed; late > idleGrid {
			t.Errorf("asked %v after the push", late)
		}
	})
}

func TestPushStormIsBounded(t *testing.T) {
	for what, c := range map[string]struct {
		value float64
		gap   time.Duration
	}{"idle": {0, idleGap}, "busy": {7, busyGap}} {
		t.Run(what, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bench) {
				redis := b.watched(10, c.value)
				before := len(redis.seen())
				for range 1000 {
					for i := range 10 {
						redis.changed(name(i))
					}
					b.after(time.Millisecond)
				}
				last := time.Since(b.started)
				b.after(2 * busyGap)
				reads := redis.seen()[before:]
				if most := int(time.Second/c.gap) + 2; len(reads) > most || len(reads) < most/2 {
					t.Errorf("%d round trips in a second of pushes, want about %d", len(reads), most-2)
				}
				if end := reads[len(reads)-1]; end.at < last-time.Millisecond || len(end.keys) != 10 {
					t.Errorf("the last push at %v was not asked: last read at %v", last, end.at)
				}
			})
		})
	}
}

func TestPushDuringReadIsAskedAfterIt(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		redis := b.watched(1, 0)
		redis.do(func() { redis.latency = 50 * time.Millisecond })
		before := len(redis.seen())
		b.Wake(object1(name(0)))
		b.after(25 * time.Millisecond)
		redis.changed(name(0))
		b.after(200 * time.Millisecond)
		if n := len(redis.seen()) - before; n != 2 {
			t.Errorf("%d reads, want the one in progress and one after it", n)
		}
	})
}

func TestWatchFollowsTheQueries(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		redis := b.watched(3, 0)
		calls := len(redis.watched)
		for i := range 10 {
			b.subscribe("new"+name(i), time.Hour, redis.binding("new"+name(i)))
			b.after(50 * time.Millisecond)
		}
		b.Unsubscribe(object1(name(0)))
		b.after(watchDelay)
		if n := len(redis.watched) - calls; n != 1 {
			t.Errorf("the set was taken anew %d times, want once for a series of changes", n)
		}
		set := redis.watched[len(redis.watched)-1]
		if len(set) != 12 || slices.Contains(set, name(0)) || !slices.Contains(set, "new"+name(9)) {
			t.Errorf("watching %v", set)
		}
		before := len(redis.seen())
		b.after(settle)
		if reads := redis.seen()[before:]; len(reads) != 1 || total(reads) != 12 {
			t.Errorf("after the watch is up %d asks in %d round trips, want all 12 in 1", total(reads), len(reads))
		}
	})
}

func TestWatchIsTriedAgain(t *testing.T) {
	for class, c := range map[string]struct {
		err         error
		least, most int
	}{
		"transient": {errors.New("connection reset"), 7, 12},
		"terminal":  {scaler.Terminal(errors.New("notifications are off")), 4, 5},
	} {
		t.Run(class, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bench) {
				redis := b.server("redis")
				redis.pushes = true
				redis.watch = func() error { return c.err }
				b.subscribe("o", time.Hour, redis.binding("q"))
				b.after(4 * time.Minute)
				if n := len(redis.watched); n < c.least || n > c.most {
					t.Errorf("%d calls of Watch in 4 min, want %d to %d", n, c.least, c.most)
				}
				if n := len(redis.seen()); n > 2 {
					t.Errorf("%d reads although nothing was pushed", n)
				}
				redis.do(func() { redis.watch = func() error { panic("boom") } })
				b.after(2 * time.Minute)
				redis.do(func() { redis.watch = nil })
				b.after(watchRetryMax)
				redis.changed("q")
				before := len(redis.seen())
				b.after(idleGrid + busyGrid)
				if n := len(redis.seen()) - before; n != 1 {
					t.Errorf("%d asks after a push, want 1", n)
				}
			})
		})
	}
}

func TestWatchEndsWithItsServer(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		redis := b.watched(2, 0)
		b.Unsubscribe(object1(name(0)))
		b.Unsubscribe(object1(name(1)))
		b.after(grace + time.Second)
		if redis.closes != 1 {
			t.Errorf("closed %d times, want once", redis.closes)
		}
		redis.changed(name(0)) // late pushes are harmless
		b.subscribe("again", time.Hour, redis.binding("again"))
		b.after(time.Second)
		if redis.opens != 2 || !slices.Equal(redis.watched[len(redis.watched)-1], []string{"again"}) {
			t.Errorf("opened %d times, watching %v", redis.opens, redis.watched)
		}
	})
}
