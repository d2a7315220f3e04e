// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package jobs decides about the Jobs of a ScaledJob: how many to create, which
// finished ones exceed the history, and which belong to an earlier generation of
// the spec. Measurements and the Jobs that exist come in as plain values; counts
// and names go out. reconcile gathers the input, actuate performs the decision.
//
// A Job counts from the moment of its creation: creations that the cache does not
// show yet are part of the input (see Unseen), so a late cache never starts more
// Jobs than maxReplicaCount. A list of Jobs that could not be read is not an
// input; without it there is no decision.
package jobs

import (
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// Input is everything that a decision depends on. A paused object is not decided
// about at all.
type Input struct {
	// Now is the time of the decision.
	Now time.Time
	// Min and Max are minReplicaCount and maxReplicaCount with their defaults. A
	// Min above Max counts as Max.
	Min, Max int32
	// Strategy says how a queue becomes a number of Jobs; see StrategyOf. Nil means
	// Default.
	Strategy Strategy
	// Calculation says how the queues of several triggers are combined; empty
	// means max.
	Calculation v1alpha1.MultipleScalersCalculation
	// Triggers are the latest measurements, one for each trigger.
	Triggers []Trigger
	// Spent says that these measurements began before the last decision was carried
	// out. Jobs take messages and finish, so acting twice on one look at a queue
	// would start too many; only Min is upheld then.
	Spent bool
	// Jobs are the Jobs of the object, as the cache shows them.
	Jobs []Job
	// Expected is the number of Jobs that were created but are not in Jobs yet.
	// They count as running and pending.
	Expected int
	// SuccessfulHistory and FailedHistory are how many finished Jobs are kept.
	SuccessfulHistory, FailedHistory int32
	// Generation is the generation of the spec. Unless Gradual is set, Jobs of
	// an earlier generation are to be deleted.
	Generation int64
	Gradual    bool
}

// Trigger is the latest measurement of one trigger.
type Trigger struct {
	// Metric is the full metric name, for example s0-redis-csvs.
	Metric string
	// QueueLength is the measured value: the work that waits.
	QueueLength float64
	// Target is the work that one Job takes on. A target of 0 or less asks for no
	// Jobs.
	Target float64
	// Active says that the trigger is above its activation threshold. An inactive
	// trigger has no part in the combination, wherever it stands in the list.
	Active bool
	// Waiting says that the source was never asked, as after a restart.
	Waiting bool
	// Err is why the last attempt failed; empty when it succeeded. A failing
	// trigger has no part in the combination. It carries no secret.
	Err string
}

// Counts says that the trigger has a part in the combination.
func (t *Trigger) Counts() bool { return t.Active && !t.Waiting && t.Err == "" }

// Decision is what is to be done and reported.
type Decision struct {
	// Create is the number of Jobs to create.
	Create int32
	// Delete names the finished Jobs that exceed the history, oldest first. They
	// are deleted with background propagation.
	Delete []string
	// Rollout names the Jobs of earlier generations, finished or not. They are
	// deleted by the object's rollout policy, and count as running until they are
	// gone.
	Rollout []string
	// Running and Pending are the unfinished Jobs, and those of them that have not
	// begun to work. Both include Input.Expected.
	Running, Pending int32
	// QueueLength is the combined queue, MaxScale the number of Jobs it asks for.
	QueueLength, MaxScale int64
	// LastActive is the new lastActiveTime; zero leaves the old one.
	LastActive time.Time
	// Active and Ready are the conditions to set; one without a status is to be
	// left as it is. Their messages change only when their meaning does.
	Active, Ready v1alpha1.Condition
	// Why explains Create, for events and logs: "3 Jobs: a queue of 12 asks for 5,
	// running are 2 of at most 5, 1 of them pending".
	Why string
}

// Decide decides about one object.
func Decide(in Input) Decision {
	in.Max = max(in.Max, 0)
	in.Min = max(0, min(in.Min, in.Max))
	if in.Strategy == nil {
		in.Strategy = Default{}
	}
	c := combine(&in)
	d := Decision{QueueLength: c.queue, MaxScale: c.scale}
	d.Running, d.Pending = in.unfinished()
	d.Rollout = in.rollout()
	d.Delete = in.surplus()
	d.Active, d.Ready = in.conditions(c)
	if in.Min > 0 || c.active {
		d.LastActive = in.Now
	}
	in.create(c, &d)
	return d
}

// create fills in the number of Jobs: those that always run come first, and only
// when they all do does the queue get the rest of the room.
func (in *Input) create(c combined, d *Decision) {
	switch {
	case d.Running < in.Min:
		d.Create = in.Min - d.Running
		d.Why = whyMin(d, in)
	case !c.active:
		d.Why = "no Jobs: no trigger is active"
	case c.waiting:
		d.Why = "no Jobs: not every trigger was asked yet"
	case in.Spent:
		d.Why = "no Jobs: these measurements are older than the last decision"
	default:
		d.Create = in.fromQueue(d)
		d.Why = whyQueue(d, in)
	}
}

// fromQueue asks the strategy, and holds every strategy to maxReplicaCount. Only
// custom could exceed it: its formula does not look at what is running unless its
// percentage says so.
func (in *Input) fromQueue(d *Decision) int32 {
	load := Load{
		Queue: d.QueueLength, Wanted: d.MaxScale,
		Running: int64(d.Running - in.Min), Pending: int64(d.Pending), Max: int64(in.Max - in.Min),
	}
	room := load.Max - load.Running
	return int32(max(0, min(in.Strategy.Jobs(load), room)))
}

// unfinished counts the Jobs that have not finished, and those of them that have
// not begun to work.
func (in *Input) unfinished() (running, pending int32) {
	running, pending = int32(in.Expected), int32(in.Expected)
	for i := range in.Jobs {
		if in.Jobs[i].State != Unfinished {
			continue
		}
		running++
		if in.Jobs[i].Pending {
			pending++
		}
	}
	return running, pending
}
