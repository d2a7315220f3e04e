// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"math"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// combined is what the triggers ask for together.
type combined struct {
	// queue is the combined queue length, scale the number of Jobs for it, both
	// rounded up.
	queue, scale int64
	// active says that some trigger is, waiting that some was not asked yet.
	active, waiting bool
}

// ask is what one trigger asks for: a queue and the Jobs for it.
type ask struct{ queue, scale float64 }

// combine is independent of the order of the triggers: among equal queues, the
// calculation also decides between their numbers of Jobs.
func combine(in *Input) combined {
	var least, most, sum ask
	var n float64
	var c combined
	room := float64(in.Max - in.Min)
	for i := range in.Triggers {
		t := &in.Triggers[i]
		c.waiting = c.waiting || t.Waiting
		if !t.Counts() {
			continue
		}
		a := t.ask(room)
		if n == 0 || a.less(least) {
			least = a
		}
		if n == 0 || most.less(a) {
			most = a
		}
		sum.queue += a.queue
		sum.scale += a.scale
		n++
	}
	c.active = n > 0
	chosen := most
	switch in.Calculation {
	case v1alpha1.CalculationMin:
		chosen = least
	case v1alpha1.CalculationSum:
		chosen = sum
	case v1alpha1.CalculationAvg:
		chosen = ask{sum.queue / max(n, 1), sum.scale / max(n, 1)}
	}
	c.queue, c.scale = whole(chosen.queue), whole(min(chosen.scale, room))
	return c
}

// ask turns a measurement into Jobs, never more than there may be. A queue that
// is no finite number above zero counts as empty.
func (t *Trigger) ask(room float64) ask {
	if !(t.QueueLength > 0) || math.IsInf(t.QueueLength, 1) {
		return ask{}
	}
	if !(t.Target > 0) {
		return ask{queue: t.QueueLength}
	}
	return ask{queue: t.QueueLength, scale: min(t.QueueLength/t.Target, room)}
}

func (a ask) less(b ask) bool {
	return a.queue < b.queue || (a.queue == b.queue && a.scale < b.scale)
}

// whole rounds up to a count that fits.
func whole(v float64) int64 {
	return int64(min(math.Ceil(v), math.MaxInt32))
}
