// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/jobs"
)

var noon = time.Date(2026, 8, 20, 12, 0, 0, 0, time.UTC)

// queue is an active trigger whose Jobs take one message each.
func queue(length float64) jobs.Trigger {
	return jobs.Trigger{Metric: "s0-redis-csvs", QueueLength: length, Target: 1, Active: length > 0}
}

// run is a number of unfinished Jobs of generation 1, of which some are pending.
func run(n, pending int) []jobs.Job {
	out := make([]jobs.Job, n)
	for i := range out {
		out[i] = jobs.Job{Name: fmt.Sprintf("job-%d", i), Pending: i < pending, Generation: 1}
	}
	return out
}

func object(existing []jobs.Job, triggers ...jobs.Trigger) jobs.Input {
	return jobs.Input{
		Now: noon, Max: 10, Strategy: jobs.Default{}, Triggers: triggers, Jobs: existing,
		SuccessfulHistory: 100, FailedHistory: 100, Generation: 1,
	}
}

func TestCreate(t *testing.T) {
	for name, c := range map[string]struct {
		in     jobs.Input
		change func(*jobs.Input)
		create int32
		why    string
	}{
		"the first message": {in: object(nil, queue(1)), create: 1, why: "1 Job: a queue of 1 asks for 1, running are 0 of at most 10, 0 of them pending"},
		"180 files, five at a time": {
			in: object(nil, queue(180)), change: func(in *jobs.Input) { in.Max = 5 }, create: 5,
			why: "5 Jobs: a queue of 180 asks for 5, running are 0 of at most 5, 0 of them pending",
		},
		"an empty queue":            {in: object(run(2, 0), queue(0)), create: 0, why: "no Jobs: no trigger is active"},
		"default counts what runs":  {in: object(run(3, 1), queue(5)), create: 2, why: "2 Jobs: a queue of 5 asks for 5, running are 3 of at most 10, 1 of them pending"},
		"default has enough":        {in: object(run(3, 0), queue(3)), create: 0, why: "no Jobs: those that run suffice, or no more may"},
		"messages share a Job":      {in: object(nil, jobs.Trigger{QueueLength: 12, Target: 5, Active: true}), create: 3, why: "3 Jobs: a queue of 12 asks for 3, running are 0 of at most 10, 0 of them pending"},
		"half a message is one Job": {in: object(nil, queue(0.5)), create: 1, why: "1 Job: a queue of 1 asks for 1, running are 0 of at most 10, 0 of them pending"},
		"one message that fills ten Jobs starts one": {
			in: object(nil, jobs.Trigger{QueueLength: 1, Target: 0.1, Active: true}), create: 1,
			why: "1 Job: a queue of 1 asks for 10, running are 0 of at most 10, 0 of them pending",
		},
		"below the activation threshold": {in: object(nil, jobs.Trigger{QueueLength: 5, Target: 1}), create: 0, why: "no Jobs: no trigger is active"},
		"creations that the cache does not show yet count": {
			in: object(run(1, 0), queue(5)), change: func(in *jobs.Input) { in.Expected = 4 }, create: 0,
			why: "no Jobs: those that run suffice, or no more may",
		},
		"a measurement is acted on once": {
			in: object(nil, queue(5)), change: func(in *jobs.Input) { in.Spent = true }, create: 0,
			why: "no Jobs: these measurements are older than the last decision",
		},
		"after a restart every trigger is asked first": {
			in: object(nil, queue(5), jobs.Trigger{Waiting: true}), create: 0, why: "no Jobs: not every trigger was asked yet",
		},
		"a failing trigger does not stop the others": {
			in: object(nil, queue(2), jobs.Trigger{Metric: "s1-kafka", Err: "refused", QueueLength: 9, Target: 1, Active: true}), create: 2,
			why: "2 Jobs: a queue of 2 asks for 2, running are 0 of at most 10, 0 of them pending",
		},
		"a target of zero asks for nothing": {
			in: object(nil, jobs.Trigger{QueueLength: 5, Active: true}), create: 0, why: "no Jobs: nothing waits",
		},
		"the Jobs that always run": {
			in: object(run(1, 0), queue(0)), change: func(in *jobs.Input) { in.Min = 3 }, create: 2,
			why: "2 Jobs: minReplicaCount is 3, running are 1",
		},
		"the Jobs that always run come before the queue": {
			in: object(nil, queue(9)), change: func(in *jobs.Input) { in.Min = 3 }, create: 3,
			why: "3 Jobs: minReplicaCount is 3, running are 0",
		},
		"the queue has the room above the Jobs that always run": {
			in: object(run(3, 0), queue(9)), change: func(in *jobs.Input) { in.Min = 3 }, create: 7,
			why: "7 Jobs: a queue of 9 asks for 7, running are 3 of at most 10, 0 of them pending",
		},
		"a minimum above the maximum is the maximum": {
			in: object(nil, queue(0)), change: func(in *jobs.Input) { in.Min, in.Max = 7, 4 }, create: 4,
			why: "4 Jobs: minReplicaCount is 4, running are 0",
		},
		"accurate: messages that are worked on left the queue": {
			in: object(run(3, 1), queue(5)), change: func(in *jobs.Input) { in.Strategy = jobs.Accurate{} }, create: 4,
			why: "4 Jobs: a queue of 5 asks for 5, running are 3 of at most 10, 1 of them pending",
		},
		"accurate: no room for all": {
			in: object(run(8, 0), queue(5)), change: func(in *jobs.Input) { in.Strategy = jobs.Accurate{} }, create: 2,
			why: "2 Jobs: a queue of 5 asks for 5, running are 8 of at most 10, 0 of them pending",
		},
		"eager: fills the room while anything waits": {
			in: object(run(3, 0), queue(5)), change: func(in *jobs.Input) { in.Strategy = jobs.Eager{} }, create: 5,
			why: "5 Jobs: a queue of 5 asks for 5, running are 3 of at most 10, 0 of them pending",
		},
		"eager: pending Jobs take room twice": {
			in: object(run(4, 3), queue(5)), change: func(in *jobs.Input) { in.Strategy = jobs.Eager{} }, create: 3,
			why: "3 Jobs: a queue of 5 asks for 5, running are 4 of at most 10, 3 of them pending",
		},
		"custom: deducts messages and half of what runs": {
			in: object(run(5, 0), queue(8)), change: func(in *jobs.Input) { in.Strategy = jobs.Custom{Deduction: 1, RunningShare: 0.5} }, create: 5,
			why: "5 Jobs: a queue of 8 asks for 8, running are 5 of at most 10, 0 of them pending",
		},
		"custom: never above the maximum": {
			in: object(run(8, 0), queue(8)), change: func(in *jobs.Input) { in.Strategy = jobs.Custom{} }, create: 2,
			why: "2 Jobs: a queue of 8 asks for 8, running are 8 of at most 10, 0 of them pending",
		},
		"finished Jobs make room": {
			in:     object(append(run(1, 0), jobs.Job{Name: "done", State: jobs.Complete, Generation: 1}), queue(2)),
			create: 1, why: "1 Job: a queue of 2 asks for 2, running are 1 of at most 10, 0 of them pending",
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := c.in
			if c.change != nil {
				c.change(&in)
			}
			d := jobs.Decide(in)
			if d.Create != c.create || d.Why != c.why {
				t.Errorf("creates %d, want %d\n got: %s\nwant: %s", d.Create, c.create, d.Why, c.why)
			}
		})
	}
}

func TestCombineTriggers(t *testing.T) {
	a := jobs.Trigger{QueueLength: 10, Target: 5, Active: true} // 2 Jobs
	b := jobs.Trigger{QueueLength: 4, Target: 1, Active: true}  // 4 Jobs
	empty := jobs.Trigger{QueueLength: 0, Target: 1, Active: true}
	off := jobs.Trigger{QueueLength: 1, Target: 1}
	for name, c := range map[string]struct {
		calculation     v1alpha1.MultipleScalersCalculation
		triggers        []jobs.Trigger
		queue, maxScale int64
	}{
		"max takes the longest queue":                  {"max", []jobs.Trigger{b, a}, 10, 2},
		"max is what an unset calculation means":       {"", []jobs.Trigger{a, b}, 10, 2},
		"min takes the shortest queue":                 {"min", []jobs.Trigger{a, b}, 4, 4},
		"min of an empty queue first":                  {"min", []jobs.Trigger{empty, a}, 0, 0},
		"min of an empty queue last":                   {"min", []jobs.Trigger{a, empty}, 0, 0},
		"min leaves out an inactive trigger after one": {"min", []jobs.Trigger{a, off}, 10, 2},
		"min leaves out an inactive trigger":           {"min", []jobs.Trigger{off, a}, 10, 2},
		"avg of both":                                  {"avg", []jobs.Trigger{a, b}, 7, 3},
		"avg leaves out an inactive trigger after one": {"avg", []jobs.Trigger{a, off}, 10, 2},
		"sum of both":                                  {"sum", []jobs.Trigger{a, b}, 14, 6},
		"sum leaves out an inactive trigger after one": {"sum", []jobs.Trigger{a, off}, 10, 2},
		"sum stays below the maximum":                  {"sum", []jobs.Trigger{b, b, b}, 12, 10},
	} {
		t.Run(name, func(t *testing.T) {
			in := object(nil, c.triggers...)
			in.Calculation = c.calculation
			d := jobs.Decide(in)
			if d.QueueLength != c.queue || d.MaxScale != c.maxScale {
				t.Errorf("queue %d asking for %d Jobs, want %d and %d", d.QueueLength, d.MaxScale, c.queue, c.maxScale)
			}
		})
	}
}

func TestConditions(t *testing.T) {
	failing := jobs.Trigger{Metric: "s1-kafka", Err: "refused"}
	for name, c := range map[string]struct {
		in            jobs.Input
		min           int32
		active, ready string
	}{
		"work waits":                       {in: object(nil, queue(1)), active: "True ScalerActive", ready: "True ScaledJobReady"},
		"nothing waits":                    {in: object(nil, queue(0)), active: "False ScalerNotActive", ready: "True ScaledJobReady"},
		"nothing waits and a Job must run": {in: object(nil, queue(0)), min: 1, active: "True ScalerActive", ready: "True ScaledJobReady"},
		"one trigger fails":                {in: object(nil, queue(1), failing), active: "True ScalerActive", ready: "Unknown PartialTriggerError s1-kafka: refused"},
		"every trigger fails":              {in: object(nil, failing), active: "False ScalerNotActive", ready: "False TriggerError s1-kafka: refused"},
		"not asked yet":                    {in: object(nil, jobs.Trigger{Waiting: true})},
	} {
		t.Run(name, func(t *testing.T) {
			c.in.Min = c.min
			d := jobs.Decide(c.in)
			got := [2]string{short(d.Active, false), short(d.Ready, d.Ready.Reason != v1alpha1.ReasonScaledJobReady)}
			if diff := cmp.Diff([2]string{c.active, c.ready}, got); diff != "" {
				t.Errorf("conditions (-want +got):\n%s", diff)
			}
			if active := d.Active.Status == "True"; active != d.LastActive.Equal(noon) {
				t.Errorf("lastActiveTime is set to %v while Active is %q", d.LastActive, d.Active.Status)
			}
		})
	}
}

func short(c v1alpha1.Condition, message bool) string {
	switch {
	case c.Status == "":
		return ""
	case message:
		return fmt.Sprintf("%s %s %s", c.Status, c.Reason, c.Message)
	}
	return string(c.Status) + " " + c.Reason
}

// TestHistoryAndRollout: which Jobs go, oldest first.
//
// Differs: Jobs
// KEDA: Sorts failed Jobs by their completion time, which they do not have, so that any of them may go first.
// Here: They are sorted by when they failed.
// Why: A history keeps the latest.
// Old: not available
// Differs: Jobs
// KEDA: A rollout deletes every Job whose generation is another one, so that a controller that has not seen the latest spec yet deletes the Jobs of that.
// Here: It deletes Jobs of earlier generations.
// Why: A change of leader must not kill running Jobs.
// Old: not available
func TestHistoryAndRollout(t *testing.T) {
	ended := func(name string, state jobs.State, minutesAgo int) jobs.Job {
		return jobs.Job{Name: name, State: state, Finished: noon.Add(-time.Duration(minutesAgo) * time.Minute), Generation: 1}
	}
	old := func(j jobs.Job) jobs.Job { j.Generation = 0; return j }
	deleting := func(j jobs.Job) jobs.Job { j.Deleting = true; return j }
	for name, c := range map[string]struct {
		jobs            []jobs.Job
		gradual         bool
		delete, rollout []string
	}{
		"within the limits": {jobs: []jobs.Job{ended("a", jobs.Complete, 1), ended("b", jobs.Failed, 1)}},
		"the oldest completed goes": {
			jobs:   []jobs.Job{ended("new", jobs.Complete, 1), ended("old", jobs.Complete, 9), ended("mid", jobs.Complete, 5)},
			delete: []string{"old"},
		},
		"failed Jobs have their own limit": {
			jobs:   []jobs.Job{ended("new", jobs.Failed, 1), ended("old", jobs.Failed, 9), ended("mid", jobs.Failed, 5), ended("ok", jobs.Complete, 20)},
			delete: []string{"old", "mid"},
		},
		"Jobs of the same second go by name": {
			jobs:   []jobs.Job{ended("c", jobs.Complete, 1), ended("a", jobs.Complete, 1), ended("b", jobs.Complete, 1)},
			delete: []string{"a"},
		},
		"a Job that is being deleted is not deleted again": {
			jobs: []jobs.Job{ended("a", jobs.Complete, 1), ended("b", jobs.Complete, 2), deleting(ended("c", jobs.Complete, 3))},
		},
		"Jobs of an earlier spec go, running or not": {
			jobs:    []jobs.Job{old(ended("a", jobs.Complete, 1)), old(jobs.Job{Name: "b"}), {Name: "c", Generation: 1}, old(deleting(jobs.Job{Name: "d"}))},
			rollout: []string{"a", "b"},
		},
		"Jobs of a later spec stay: ours is the old one": {jobs: []jobs.Job{{Name: "a", Generation: 2}, {Name: "b", Generation: 1}}},
		"gradually, Jobs of an earlier spec stay": {
			jobs:    []jobs.Job{old(ended("a", jobs.Complete, 1)), old(jobs.Job{Name: "b"})},
			gradual: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := object(c.jobs, queue(0))
			in.SuccessfulHistory, in.FailedHistory, in.Gradual = 2, 1, c.gradual
			d := jobs.Decide(in)
			if diff := cmp.Diff(c.delete, d.Delete); diff != "" {
				t.Errorf("history (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.rollout, d.Rollout); diff != "" {
				t.Errorf("rollout (-want +got):\n%s", diff)
			}
		})
	}
}
