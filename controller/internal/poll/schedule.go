// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import "time"

// offset is a moment, as the time since the Poller was made: comparing and
// storing it is cheap, and a change of the wall clock does not move it.
type offset = time.Duration

// spread bounds the window in which the queries of one server fall due. Within
// it they are spread evenly, to take the edge off; beyond it the server rests,
// so that queries with a long interval still share round trips.
const spread = 5 * time.Second

// firstBatch is how many new queries of one server are asked per tick, so that a
// restart with thousands of objects is no burst while a single new object is
// asked at the next tick.
const firstBatch = 100

// alarm is the place of a query or of a server in the heap.
type alarm struct {
	query  *query // one of the two is set
	server *server
	at     offset
	index  int // in the heap plus one; zero is out of it
}

// entry repeats an alarm's time, so that comparing needs no look at the alarm.
type entry struct {
	at    offset
	alarm *alarm
}

// alarms is a binary heap, soonest first.
type alarms []entry

// set moves an alarm to at, which inserts it where needed; zero removes it.
func (h *alarms) set(a *alarm, at offset) {
	switch {
	case at == a.at && (a.index != 0) == (at != 0):
		return
	case at == 0:
		h.remove(a)
		return
	case a.index == 0:
		*h = append(*h, entry{})
		a.index = len(*h)
	}
	a.at = at
	h.down(h.up(a.index-1, entry{at, a}), entry{at, a})
}

func (h *alarms) remove(a *alarm) {
	last := len(*h) - 1
	moved, hole := (*h)[last], a.index-1
	(*h)[last] = entry{}
	*h = (*h)[:last]
	a.at, a.index = 0, 0
	if hole < last {
		h.down(h.up(hole, moved), moved)
	}
}

// up moves the hole at i towards the root until e fits, puts e there and returns
// where that is.
func (h alarms) up(i int, e entry) int {
	for i > 0 {
		parent := (i - 1) / 2
		if h[parent].at <= e.at {
			break
		}
		h.place(i, h[parent])
		i = parent
	}
	h.place(i, e)
	return i
}

// down moves the hole at i towards the leaves until e fits and puts e there.
func (h alarms) down(i int, e entry) {
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if right := child + 1; right < len(h) && h[right].at < h[child].at {
			child = right
		}
		if e.at <= h[child].at {
			break
		}
		h.place(i, h[child])
		i = child
	}
	h.place(i, e)
}

func (h alarms) place(i int, e entry) {
	h[i] = e
	e.alarm.index = i + 1
}

// slotAfter returns the first moment after now at which a query is due. The
// moments lie on the grid: server and query shift them by their hashes, servers
// over the whole interval, the queries of one server over the spread only.
func slotAfter(now offset, tick, interval time.Duration, server, query uint64) offset {
	ticks := max(1, uint64((interval+tick-1)/tick))
	window := min(ticks, uint64(spread/tick))
	every := offset(ticks) * tick
	phase := offset((server+query%max(1, window))%ticks) * tick
	if now < phase {
		return phase
	}
	return phase + ((now-phase)/every+1)*every
}

// ceil returns the first multiple of step that is not before at.
func ceil(at offset, step time.Duration) offset {
	return (at + step - 1) / step * step
}

// hash is FNV-1a. Only the spreading of due times depends on it.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
