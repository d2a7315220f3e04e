// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"testing"
	"time"
)

// TestFloor: a binding with a floor is not asked more often because its object is, and
// as often as another object wants.
func TestFloor(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		cheap, costly := b.server("cheap"), b.server("costly")
		slow := costly.binding("q")
		slow.Floor = time.Minute
		b.subscribe("o", time.Minute, cheap.binding("q"), slow)
		b.after(2 * time.Minute)
		b.SetInterval(object1("o"), 10*time.Second)
		asked := func(during time.Duration) (int, int) {
			c, e := len(cheap.seen()), len(costly.seen())
			b.after(during)
			return len(cheap.seen()) - c, len(costly.seen()) - e
		}
		if c, e := asked(10 * time.Minute); c < 58 || c > 61 || e != 10 {
			t.Errorf("asked %d times without and %d times with a floor of a minute in 10 minutes, want 60 and 10", c, e)
		}
		b.subscribe("keen", 20*time.Second, costly.binding("q"))
		b.after(time.Minute)
		if _, e := asked(10 * time.Minute); e != 30 {
			t.Errorf("asked %d times in 10 minutes, want the 30 of the other object", e)
		}
		b.Unsubscribe(object1("keen"))
		b.after(time.Minute)
		if _, e := asked(10 * time.Minute); e != 10 {
			t.Errorf("asked %d times in 10 minutes without the other object, want 10", e)
		}
		b.subscribe("o", 10*time.Second, cheap.binding("q"), costly.binding("q"))
		b.after(time.Minute)
		if _, e := asked(10 * time.Minute); e != 60 {
			t.Errorf("asked %d times in 10 minutes without the floor, want 60", e)
		}
	})
}
