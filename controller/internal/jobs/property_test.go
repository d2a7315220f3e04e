// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/jobs"
)

var calculations = []v1alpha1.MultipleScalersCalculation{"", "max", "min", "avg", "sum"}

func strategies() *rapid.Generator[jobs.Strategy] {
	return rapid.OneOf(
		rapid.SampledFrom([]jobs.Strategy{jobs.Default{}, jobs.Accurate{}, jobs.Eager{}}),
		rapid.Custom(func(t *rapid.T) jobs.Strategy {
			return jobs.Custom{
				Deduction:    rapid.Int64Range(0, 5).Draw(t, "deduction"),
				RunningShare: float64(rapid.IntRange(0, 8).Draw(t, "share")) / 4,
			}
		}),
	)
}

func inputs() *rapid.Generator[jobs.Input] {
	trigger := rapid.Custom(func(t *rapid.T) jobs.Trigger {
		tr := jobs.Trigger{
			QueueLength: float64(rapid.IntRange(0, 60).Draw(t, "queue")) / 2,
			Target:      float64(rapid.IntRange(0, 8).Draw(t, "target")) / 2,
			Active:      rapid.IntRange(0, 3).Draw(t, "active") > 0,
		}
		if rapid.IntRange(0, 7).Draw(t, "failing") == 0 {
			tr.Err = "refused"
		}
		return tr
	})
	job := rapid.Custom(func(t *rapid.T) jobs.Job {
		return jobs.Job{
			Name:       rapid.StringMatching(`job-[a-z]{3}`).Draw(t, "name"),
			State:      rapid.SampledFrom([]jobs.State{jobs.Unfinished, jobs.Unfinished, jobs.Complete, jobs.Failed}).Draw(t, "state"),
			Finished:   noon.Add(-time.Duration(rapid.IntRange(0, 9).Draw(t, "age")) * time.Second),
			Pending:    rapid.Bool().Draw(t, "pending"),
			Generation: rapid.Int64Range(0, 1).Draw(t, "generation"),
		}
	})
	return rapid.Custom(func(t *rapid.T) jobs.Input {
		in := jobs.Input{
			Now: noon, Max: rapid.Int32Range(1, 12).Draw(t, "max"), Strategy: strategies().Draw(t, "strategy"),
			Calculation:       rapid.SampledFrom(calculations).Draw(t, "calculation"),
			Triggers:          rapid.SliceOfN(trigger, 0, 4).Draw(t, "triggers"),
			Jobs:              rapid.SliceOfNDistinct(job, 0, 14, func(j jobs.Job) string { return j.Name }).Draw(t, "jobs"),
			Expected:          rapid.IntRange(0, 3).Draw(t, "expected"),
			SuccessfulHistory: rapid.Int32Range(0, 4).Draw(t, "successful history"),
			FailedHistory:     rapid.Int32Range(0, 4).Draw(t, "failed history"),
			Generation:        1, Gradual: rapid.Bool().Draw(t, "gradual"),
		}
		in.Min = max(0, rapid.Int32Range(-6, in.Max+1).Draw(t, "min"))
		return in
	})
}

// formula is the rule of the documentation for one strategy, written as one line
// each over plain numbers.
func formula(s jobs.Strategy, queue, maxScale, running, pending, maximum int64) int64 {
	switch s := s.(type) {
	case jobs.Custom:
		return min(queue, maxScale-s.Deduction-int64(float64(running)*s.RunningShare), maximum)
	case jobs.Accurate:
		if maxScale+running-pending > maximum {
			return min(queue, maximum-running)
		}
		return min(queue, maxScale-pending)
	case jobs.Eager:
		return min(maximum, min(maximum-running-pending, maxScale))
	default:
		return min(queue, maxScale-running)
	}
}

// TestCreateIsTheFormula: without Jobs that always run in the way, exactly the
// documented number of Jobs is created, and never more than there is room for.
func TestCreateIsTheFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := inputs().Draw(t, "input")
		d := jobs.Decide(in)
		floor := min(in.Min, in.Max)
		running, pending := int64(in.Expected), int64(in.Expected)
		active := false
		for _, j := range in.Jobs {
			if j.State == jobs.Unfinished {
				running++
				if j.Pending {
					pending++
				}
			}
		}
		for _, tr := range in.Triggers {
			active = active || (tr.Active && tr.Err == "")
		}
		want := int64(0)
		switch room := int64(in.Max) - running; {
		case running < int64(floor):
			want = int64(floor) - running
		case active:
			want = formula(in.Strategy, d.QueueLength, d.MaxScale, running-int64(floor), pending, int64(in.Max-floor))
			want = max(0, min(want, room))
		}
		if int64(d.Create) != want {
			t.Fatalf("creates %d, want %d (%s)", d.Create, want, d.Why)
		}
		if d.Create > 0 && running+int64(d.Create) > int64(in.Max) {
			t.Fatalf("%d running and %d created exceed the maximum of %d", running, d.Create, in.Max)
		}
	})
}

// TestQueueIsTheCombination checks the combined queue against its definition.
func TestQueueIsTheCombination(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := inputs().Draw(t, "input")
		d := jobs.Decide(in)
		var queues []float64
		for _, tr := range in.Triggers {
			if tr.Active && tr.Err == "" {
				queues = append(queues, tr.QueueLength)
			}
		}
		want := 0.0
		for i, q := range queues {
			switch in.Calculation {
			case "min":
				if i == 0 || q < want {
					want = q
				}
			case "avg":
				want += q / float64(len(queues))
			case "sum":
				want += q
			default:
				want = max(want, q)
			}
		}
		if diff := float64(d.QueueLength) - want; diff < -1e-9 || diff >= 1+1e-9 {
			t.Fatalf("queue of %d, want %v rounded up", d.QueueLength, want)
		}
		if d.MaxScale < 0 || d.MaxScale > int64(in.Max) {
			t.Fatalf("asks for %d Jobs of at most %d", d.MaxScale, in.Max)
		}
	})
}

func TestOrderIsIrrelevant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := inputs().Draw(t, "input")
		shuffled := in
		shuffled.Triggers = rapid.Permutation(in.Triggers).Draw(t, "triggers")
		shuffled.Jobs = rapid.Permutation(in.Jobs).Draw(t, "jobs")
		a, b := jobs.Decide(in), jobs.Decide(shuffled)
		// Failures and rollouts are listed in the order of the input.
		a.Ready.Message, b.Ready.Message, a.Rollout, b.Rollout = "", "", nil, nil
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("one order: %+v\nanother: %+v", a, b)
		}
	})
}

// TestDecisionsAreIdempotent: once a decision is carried out, deciding again on
// the same measurements creates and deletes nothing. The strategies default and
// accurate hold this even without Spent, unless a message is worth several Jobs:
// then one look at the queue cannot start more Jobs than there are messages.
func TestDecisionsAreIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := inputs().Draw(t, "input")
		d := jobs.Decide(in)
		next := in
		next.Jobs = nil
		gone := map[string]bool{}
		for _, name := range append(d.Delete, d.Rollout...) {
			gone[name] = true
		}
		for _, j := range in.Jobs {
			if !gone[j.Name] {
				next.Jobs = append(next.Jobs, j)
			}
		}
		for i := range d.Create {
			next.Jobs = append(next.Jobs, jobs.Job{Name: fmt.Sprintf("new-%d", i), Pending: true, Generation: 1})
		}
		if again := jobs.Decide(next); len(again.Delete)+len(again.Rollout) > 0 {
			t.Fatalf("deletes %v and %v after %v and %v", again.Delete, again.Rollout, d.Delete, d.Rollout)
		}
		next.Spent = true
		if again := jobs.Decide(next); again.Create > 0 && len(d.Rollout) == 0 {
			t.Fatalf("%s, after %s", again.Why, d.Why)
		}
		_, isDefault := in.Strategy.(jobs.Default)
		_, isAccurate := in.Strategy.(jobs.Accurate)
		next.Spent = false
		if again := jobs.Decide(next); (isDefault || isAccurate) && d.Running >= in.Min && len(d.Rollout) == 0 &&
			d.MaxScale <= d.QueueLength && again.Create > 0 {
			t.Fatalf("%s, after %s", again.Why, d.Why)
		}
	})
}

// TestMoreWorkNeverMeansFewerJobs holds for every strategy.
func TestMoreWorkNeverMeansFewerJobs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := inputs().Draw(t, "input")
		if len(in.Triggers) == 0 {
			return
		}
		more := in
		more.Triggers = []jobs.Trigger{in.Triggers[0]}
		in.Triggers = more.Triggers[:1:1]
		more.Triggers = []jobs.Trigger{in.Triggers[0]}
		more.Triggers[0].QueueLength += float64(rapid.IntRange(1, 9).Draw(t, "more"))
		if a, b := jobs.Decide(in), jobs.Decide(more); b.Create < a.Create {
			t.Fatalf("a queue of %v creates %d, one of %v only %d", in.Triggers[0].QueueLength, a.Create, more.Triggers[0].QueueLength, b.Create)
		}
	})
}

// TestOddNumbers: whatever a source answers, the result is a sane count.
func TestOddNumbers(t *testing.T) {
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, math.MaxFloat64, math.SmallestNonzeroFloat64, 0}
	for _, q := range odd {
		for _, target := range odd {
			for _, calculation := range calculations {
				for _, share := range odd {
					in := object(run(3, 1), jobs.Trigger{QueueLength: q, Target: target, Active: true}, queue(2))
					in.Calculation = calculation
					for _, in.Strategy = range []jobs.Strategy{nil, jobs.Accurate{}, jobs.Eager{}, jobs.Custom{RunningShare: share}} {
						if d := jobs.Decide(in); d.Create < 0 || d.Create > 7 || d.QueueLength < 0 || d.MaxScale < 0 || d.MaxScale > 10 {
							t.Fatalf("queue %v, target %v, share %v, %s of %T: %+v", q, target, share, calculation, in.Strategy, d)
						}
					}
				}
			}
		}
	}
}

// TestWhatEachStrategyPromises: after a decision there are never more Jobs beside
// those that always run than the queue asks for or than there were (default), never
// more of them pending (accurate), and never more than there may be (all).
//
// Kept: Jobs
// KEDA: Strategy default takes running Jobs for messages that the queue still counts. With a queue that forgets a message when a Job takes it, it starts too few Jobs while others run: what waits is worked on when they end.
// Why: It is the documented formula, and the only one that never starts a Job too many for a queue that counts messages until they are done; for the other queues there is accurate.
// Kept: Jobs
// KEDA: Strategy custom deducts after it has cut the queue to maxReplicaCount, so that a deduction as large as maxReplicaCount starts no Jobs however long the queue is.
// Why: It is the documented formula.
func TestWhatEachStrategyPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := inputs().Draw(t, "input")
		d := jobs.Decide(in)
		if d.Create == 0 || d.Running < in.Min {
			return
		}
		running, pending := int64(d.Running-in.Min), int64(d.Pending)
		created, room := int64(d.Create), int64(in.Max-in.Min)
		switch in.Strategy.(type) {
		case jobs.Default:
			if running+created > max(running, d.MaxScale) {
				t.Fatalf("%d run, %d are created, and the queue asks for %d", running, created, d.MaxScale)
			}
		case jobs.Accurate:
			if pending+created > max(pending, d.MaxScale) {
				t.Fatalf("%d are pending, %d are created, and the queue asks for %d", pending, created, d.MaxScale)
			}
		}
		if running+created > room {
			t.Fatalf("%d run and %d are created where %d may be", running, created, room)
		}
	})
}
