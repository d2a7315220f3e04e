// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"math"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// measured is what one poll said of one queue.
type measured struct {
	length, target, activation float64
	failed, unknown            bool
}

func (m measured) active() bool { return !m.failed && !m.unknown && m.length > m.activation }

// reference says how many Jobs the documentation allows. It is written from the
// documented formulas alone and shares no code with package jobs.
type reference struct {
	strategy         v1alpha1.ScalingStrategyType
	deduction        int
	share            float64
	calculation      v1alpha1.MultipleScalersCalculation
	minimum, maximum int
}

// room is the number of Jobs that the queues may use.
func (r reference) room() int { return r.maximum - r.least() }

func (r reference) least() int { return min(r.minimum, r.maximum) }

// demand combines the active queues: their length, and the Jobs for it.
func (r reference) demand(queues []measured) (length, wanted int) {
	var lengths, jobs []float64
	for _, q := range queues {
		if q.active() {
			lengths = append(lengths, q.length)
			jobs = append(jobs, math.Min(q.length/q.target, float64(r.room())))
		}
	}
	if len(lengths) == 0 {
		return 0, 0
	}
	l, j := lengths[0], jobs[0]
	for i := 1; i < len(lengths); i++ {
		switch r.calculation {
		case "min":
			if lengths[i] < l || lengths[i] == l && jobs[i] < j {
				l, j = lengths[i], jobs[i]
			}
		case "sum", "avg":
			l, j = l+lengths[i], j+jobs[i]
		default:
			if lengths[i] > l || lengths[i] == l && jobs[i] > j {
				l, j = lengths[i], jobs[i]
			}
		}
	}
	if r.calculation == "avg" {
		l, j = l/float64(len(lengths)), j/float64(len(lengths))
	}
	return int(math.Ceil(l)), int(math.Ceil(math.Min(j, float64(r.room()))))
}

// fromQueue is the formula of the strategy, where running are the Jobs beside those
// that always run. No strategy exceeds the room that is left.
func (r reference) fromQueue(queues []measured, running, pending int) int {
	length, wanted := r.demand(queues)
	create := 0
	switch r.strategy {
	case "custom":
		create = min(length, wanted-r.deduction-int(float64(running)*r.share), r.room())
	case "accurate":
		create = wanted - pending
		if wanted+running-pending > r.room() {
			create = r.room() - running
		}
		create = min(length, create)
	case "eager":
		create = min(r.room(), r.room()-running-pending, wanted)
	default:
		create = min(length, wanted-running)
	}
	return max(0, min(create, r.room()-running))
}

// allowed is the number of Jobs to create when so many of all run and are pending.
func (r reference) allowed(queues []measured, running, pending int) int {
	if running < r.least() {
		return r.least() - running
	}
	unknown, active := false, false
	for _, q := range queues {
		unknown, active = unknown || q.unknown, active || q.active()
	}
	if unknown || !active {
		return 0
	}
	return r.fromQueue(queues, running-r.least(), pending)
}

// atMost is the largest number that may be created by someone who does not know yet
// that some Jobs have ended: for him more run than really do.
func (r reference) atMost(queues []measured, running, pending int) int {
	return max(r.allowed(queues, running, pending), r.allowed(queues, max(running, r.least()), pending))
}
