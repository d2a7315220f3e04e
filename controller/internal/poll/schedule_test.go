// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAlarmsAreAHeap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var heap alarms
		all := make([]alarm, 20)
		want := map[*alarm]offset{}
		check := func() {
			if len(heap) != len(want) {
				t.Fatalf("%d alarms, want %d", len(heap), len(want))
			}
			for i, e := range heap {
				if e.alarm.index != i+1 || e.alarm.at != e.at || want[e.alarm] != e.at {
					t.Fatalf("entry %d: %+v, alarm %+v, want at %v", i, e, *e.alarm, want[e.alarm])
				}
				if i > 0 && heap[(i-1)/2].at > e.at {
					t.Fatalf("entry %d is sooner than its parent", i)
				}
			}
		}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			a := &all[rapid.IntRange(0, len(all)-1).Draw(t, "alarm")]
			at := offset(rapid.IntRange(0, 9).Draw(t, "at"))
			heap.set(a, at)
			if want[a] = at; at == 0 {
				delete(want, a)
			}
			check()
		}
	})
}

func TestSlots(t *testing.T) {
	const tick = 100 * time.Millisecond
	rapid.Check(t, func(t *rapid.T) {
		now := offset(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "now"))
		interval := time.Duration(rapid.Int64Range(1, int64(10*time.Minute)).Draw(t, "interval"))
		server, query := rapid.Uint64().Draw(t, "server"), rapid.Uint64().Draw(t, "query")
		slot := slotAfter(now, tick, interval, server, query)
		every := ceil(interval, tick)
		if slot <= now || slot > now+every || slot%tick != 0 {
			t.Fatalf("slot %v after %v, want the next multiple of %v within %v", slot, now, tick, every)
		}
		if next := slotAfter(slot, tick, interval, server, query); next != slot+every {
			t.Fatalf("slots %v apart, want %v", next-slot, every)
		}
	})
}

func TestSlotsOfServersDiffer(t *testing.T) {
	used := map[offset]int{}
	for i := range 1000 {
		used[slotAfter(1, 100*time.Millisecond, 30*time.Second, hash(name(i)), hash("same"))]++
	}
	if len(used) < 250 {
		t.Errorf("1000 servers use %d of 300 ticks", len(used))
	}
}

func TestPause(t *testing.T) {
	for interval, want := range map[time.Duration][]time.Duration{
		time.Second:      {1, 1, 1, 2, 4, 8, 16, 32, 60, 60},
		30 * time.Second: {5, 30, 30, 60, 60},
		5 * time.Minute:  {5, 300, 300, 300},
		0:                {0, 0, 0, 0},
	} {
		var got []time.Duration
		for i := range want {
			got = append(got, pause(i+1, interval)/time.Second)
		}
		if !slices.Equal(got, want) {
			t.Errorf("pauses at an interval of %v: %v s, want %v", interval, got, want)
		}
	}
	if got := pause(1<<40, time.Second); got != maxRest {
		t.Errorf("after very many failures: %v", got)
	}
}
