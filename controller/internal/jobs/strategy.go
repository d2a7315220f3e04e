// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"math"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// Load is what a strategy looks at. The Jobs that always run are already taken
// out of Running and Max.
type Load struct {
	// Queue is the combined queue length, Wanted the number of Jobs for it: the
	// queue divided by the target, never more than Max.
	Queue, Wanted int64
	// Running counts unfinished Jobs, Pending those of all Jobs, the ones that
	// always run included, that have not begun to work.
	Running, Pending int64
	// Max is how many Jobs the queue may use.
	Max int64
}

// Strategy turns a load into a number of Jobs to create. A result of zero or less
// means none.
type Strategy interface {
	Jobs(Load) int64
	// UsesPending says whether the strategy looks at Load.Pending. When it does
	// not, nobody needs to look at pods.
	UsesPending() bool
}

// StrategyOf picks the strategy of a ScaledJob.
func StrategyOf(s v1alpha1.JobScaling) Strategy {
	switch s.Strategy {
	case v1alpha1.StrategyCustom:
		return Custom{Deduction: int64(s.Deduction), RunningShare: s.RunningPercentage}
	case v1alpha1.StrategyAccurate:
		return Accurate{}
	case v1alpha1.StrategyEager:
		return Eager{}
	default:
		return Default{}
	}
}

// Default is for queues that still show a message while a Job works on it: what
// runs is already part of what is wanted.
type Default struct{}

// Jobs implements Strategy.
func (Default) Jobs(l Load) int64 { return min(l.Queue, l.Wanted-l.Running) }

// UsesPending implements Strategy.
func (Default) UsesPending() bool { return false }

// Custom deducts a number of messages and a share of the running Jobs.
type Custom struct {
	Deduction int64
	// RunningShare is 0.5 for a half.
	RunningShare float64
}

// Jobs implements Strategy.
func (c Custom) Jobs(l Load) int64 {
	return min(l.Queue, l.Wanted-c.Deduction-c.share(l.Running), l.Max)
}

func (c Custom) share(running int64) int64 {
	share := float64(running) * c.RunningShare
	if math.IsNaN(share) {
		return 0
	}
	return int64(max(-math.MaxInt32, min(share, math.MaxInt32)))
}

// UsesPending implements Strategy.
func (Custom) UsesPending() bool { return false }

// Accurate is for queues that no longer show a message once a Job has taken it:
// only pending Jobs stand for messages that are still in the queue.
type Accurate struct{}

// Jobs implements Strategy.
func (Accurate) Jobs(l Load) int64 {
	if l.Wanted+l.Running-l.Pending > l.Max {
		return min(l.Queue, l.Max-l.Running)
	}
	return min(l.Queue, l.Wanted-l.Pending)
}

// UsesPending implements Strategy.
func (Accurate) UsesPending() bool { return true }

// Eager fills all the room there is as long as anything waits.
type Eager struct{}

// Jobs implements Strategy.
func (Eager) Jobs(l Load) int64 { return min(l.Max, l.Max-l.Running-l.Pending, l.Wanted) }

// UsesPending implements Strategy.
func (Eager) UsesPending() bool { return true }
