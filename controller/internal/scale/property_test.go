// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package scale_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scale"
)

// verdict is what a trigger means to the model, in rising order of what it
// demands of the replicas.
type verdict int

const (
	inactive verdict = iota
	unknown
	active
)

// model says in a second, different way how many replicas there are after a
// decision: first where the triggers want them, then what the pauses allow.
func model(in scale.Input) int32 {
	want := in.Replicas
	switch modelVerdict(in) {
	case active:
		want = max(want, min(max(in.Min, 1), in.Max))
	case inactive:
		rest, rests := int32(0), in.Min == 0
		if in.Idle != nil {
			rest, rests = *in.Idle, true
		}
		if rests {
			if modelCooled(in) {
				want = min(want, rest)
			}
		}
		if in.Idle == nil {
			want = max(want, min(in.Min, in.Max))
		}
	}
	if (want > in.Replicas && in.PauseScaleOut) || (want < in.Replicas && in.PauseScaleIn) {
		return in.Replicas
	}
	return want
}

func modelCooled(in scale.Input) bool {
	since, needed := in.LastActive, in.Cooldown
	if since.IsZero() {
		since, needed = in.Created, in.InitialCooldown
	}
	return in.Now.Sub(since) >= needed
}

func modelVerdict(in scale.Input) verdict {
	if in.ForceActive {
		return active
	}
	deciding := in.Triggers
	if in.Composite != nil {
		deciding = []scale.Trigger{*in.Composite}
	} else if len(deciding) > 0 && !slices.ContainsFunc(deciding, func(t scale.Trigger) bool { return !t.Resource }) {
		return active
	}
	all := inactive
	for _, t := range deciding {
		switch {
		case t.Resource && in.Composite == nil:
		case t.InFallback:
			if in.Fallback != nil && *in.Fallback > 0 {
				all = max(all, active)
			}
		case t.Err != "" || t.Waiting:
			all = max(all, unknown)
		case t.Active:
			all = max(all, active)
		}
	}
	return all
}

func triggers() *rapid.Generator[scale.Trigger] {
	return rapid.Custom(func(t *rapid.T) scale.Trigger {
		tr := scale.Trigger{Metric: rapid.SampledFrom([]string{"s0-a", "s1-b", "s2-c"}).Draw(t, "metric")}
		switch rapid.IntRange(0, 6).Draw(t, "state") {
		case 0, 1:
			tr.Active, tr.Value = true, rapid.Float64Range(0, 100).Draw(t, "value")
		case 2:
			tr.Err = "refused"
		case 3:
			tr.Err, tr.InFallback = "refused", true
		case 4:
			tr.Waiting = true
		case 5:
			tr.Resource = true
		}
		return tr
	})
}

func inputs() *rapid.Generator[scale.Input] {
	return rapid.Custom(func(t *rapid.T) scale.Input {
		seconds := rapid.Map(rapid.IntRange(0, 20), func(n int) time.Duration { return time.Duration(n) * time.Second })
		in := scale.Input{
			Now: noon, Created: noon.Add(-seconds.Draw(t, "age")),
			Max:      rapid.Int32Range(1, 6).Draw(t, "max"),
			Cooldown: seconds.Draw(t, "cooldown"), InitialCooldown: seconds.Draw(t, "initial cooldown"),
			Replicas: rapid.Int32Range(0, 8).Draw(t, "replicas"),
			Triggers: rapid.SliceOfN(triggers(), 0, 4).Draw(t, "triggers"),
		}
		flag := func(label string) bool { return rapid.IntRange(0, 5).Draw(t, label) == 0 }
		in.Min = rapid.Int32Range(0, in.Max).Draw(t, "min")
		if in.Min > 0 && flag("has idle") {
			in.Idle = new(rapid.Int32Range(0, in.Min-1).Draw(t, "idle"))
		}
		if flag("was active") {
			in.LastActive = noon.Add(-seconds.Draw(t, "inactive for"))
		}
		if flag("has fallback") {
			in.Fallback = new(rapid.Int32Range(0, 3).Draw(t, "fallback"))
		}
		if flag("has modifiers") {
			in.Composite = new(triggers().Draw(t, "composite"))
			in.Composite.Resource = false
		}
		in.ForceActive, in.PauseScaleIn, in.PauseScaleOut = flag("force"), flag("pause in"), flag("pause out")
		return in
	})
}

func after(in scale.Input) int32 {
	if d := scale.Decide(in); d.Target != nil {
		return *d.Target
	}
	return in.Replicas
}

func TestDecideAgreesWithTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := inputs().Draw(t, "input")
		d := scale.Decide(in)
		got := after(in)
		if want := model(in); got != want {
			t.Fatalf("%d replicas become %d, want %d (%s)", in.Replicas, got, want, d.Why)
		}
		if d.Target != nil && *d.Target == in.Replicas {
			t.Fatalf("writes the %d replicas that are there", in.Replicas)
		}
		if (d.Active.Status == "True") != (modelVerdict(in) == active) {
			t.Fatalf("Active is %q, the triggers say %d", d.Active.Status, modelVerdict(in))
		}
	})
}

func TestDecideKeepsToTheBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := inputs().Draw(t, "input")
		d := scale.Decide(in)
		if d.Target == nil {
			return
		}
		low := in.Min
		if in.Idle != nil {
			low = *in.Idle
		}
		if *d.Target < low || *d.Target > in.Max {
			t.Fatalf("target %d is outside %d..%d (%s)", *d.Target, low, in.Max, d.Why)
		}
	})
}

func TestPausedNeverMoves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := inputs().Draw(t, "input")
		in.PauseScaleIn, in.PauseScaleOut = true, true
		if d := scale.Decide(in); d.Target != nil || d.Event != "" {
			t.Fatalf("paused in both directions, yet %s", d.Why)
		}
	})
}

// TestMoreActivityNeverMeansFewerReplicas: activating a trigger cannot shrink the
// target.
func TestMoreActivityNeverMeansFewerReplicas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := inputs().Draw(t, "input")
		in.Composite = nil
		more := in
		more.Triggers = append(slices.Clone(in.Triggers), busy)
		if slices.ContainsFunc(in.Triggers, func(t scale.Trigger) bool { return !t.Resource }) && after(more) < after(in) {
			t.Fatalf("%d replicas with one more active trigger, %d without", after(more), after(in))
		}
	})
}

func TestOrderOfTriggersIsIrrelevant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := inputs().Draw(t, "input")
		shuffled := in
		shuffled.Triggers = rapid.Permutation(in.Triggers).Draw(t, "order")
		if a, b := after(in), after(shuffled); a != b {
			t.Fatalf("%d replicas in one order, %d in another", a, b)
		}
	})
}

// TestNextAtIsExact: nothing changes before NextAt, and at NextAt something does.
func TestNextAtIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := inputs().Draw(t, "input")
		d := scale.Decide(in)
		if d.NextAt.IsZero() {
			in.Now = in.Now.Add(time.Hour)
			if later := scale.Decide(in); (later.Target == nil) != (d.Target == nil) {
				t.Fatalf("time alone changed %q to %q although NextAt was not set", d.Why, later.Why)
			}
			return
		}
		in.Now = d.NextAt.Add(-1)
		if early := scale.Decide(in); early.Target != nil || !early.NextAt.Equal(d.NextAt) {
			t.Fatalf("a nanosecond before NextAt: %s", early.Why)
		}
		in.Now = d.NextAt
		if due := scale.Decide(in); due.Target == nil {
			t.Fatalf("at NextAt: %s", due.Why)
		}
	})
}

// TestCooldownIsHonoured plays random lives of one object, polled every second
// and, between polls, at NextAt: it never rests before the cooldown has passed
// since the last moment in which a poll found it active.
func TestCooldownIsHonoured(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := object(0)
		in.Created, in.Min, in.Max = noon, 0, 3
		in.Cooldown = time.Duration(rapid.IntRange(0, 10).Draw(t, "cooldown")) * time.Second
		lastActive := time.Time{}
		for range rapid.IntRange(1, 40).Draw(t, "polls") {
			in.Now = in.Now.Add(time.Second)
			in.Triggers = []scale.Trigger{rapid.SampledFrom([]scale.Trigger{quiet, quiet, quiet, busy, broken, unread}).Draw(t, "trigger")}
			d := scale.Decide(in)
			if d.Active.Status == "True" {
				lastActive = in.Now
			}
			if d.Target != nil && *d.Target == 0 && !lastActive.IsZero() && in.Now.Sub(lastActive) < in.Cooldown {
				t.Fatalf("rests %v after it was active, before the cooldown of %v", in.Now.Sub(lastActive), in.Cooldown)
			}
			if d.Target != nil {
				in.Replicas = *d.Target
			}
			if !d.LastActive.IsZero() {
				in.LastActive = d.LastActive
			}
		}
	})
}
