// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package scale_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scale"
)

var noon = time.Date(2026, 8, 20, 12, 0, 0, 0, time.UTC)

var (
	busy   = scale.Trigger{Metric: "s0-redis-orders", Value: 7, Active: true}
	quiet  = scale.Trigger{Metric: "s0-redis-orders"}
	broken = scale.Trigger{Metric: "s1-prometheus", Err: "connection refused"}
	unread = scale.Trigger{Metric: "s1-prometheus", Waiting: true}
	backup = scale.Trigger{Metric: "s1-prometheus", Err: "connection refused", InFallback: true}
	cpu    = scale.Trigger{Metric: "cpu", Resource: true}
)

// object is an object with defaults, created an hour ago and never active.
func object(replicas int32, triggers ...scale.Trigger) scale.Input {
	return scale.Input{
		Now: noon, Created: noon.Add(-time.Hour), Max: 100, Cooldown: 5 * time.Minute,
		Replicas: replicas, Triggers: triggers,
	}
}

func with(in scale.Input, change func(*scale.Input)) scale.Input {
	change(&in)
	return in
}

func activeMinutesAgo(m int) func(*scale.Input) {
	return func(in *scale.Input) { in.LastActive = noon.Add(-time.Duration(m) * time.Minute) }
}

func bounds(min, max int32) func(*scale.Input) {
	return func(in *scale.Input) { in.Min, in.Max = min, max }
}

func idle(idle, min int32) func(*scale.Input) {
	return func(in *scale.Input) { in.Idle, in.Min = new(idle), min }
}

func fallback(replicas int32) func(*scale.Input) {
	return func(in *scale.Input) { in.Fallback = &replicas }
}

func TestDecide(t *testing.T) {
	const (
		up   = v1alpha1.EventScaleTargetActivated
		down = v1alpha1.EventScaleTargetDeactivated
	)
	for name, c := range map[string]struct {
		in     scale.Input
		change []func(*scale.Input)

		target        int32 // keep is no change
		event         string
		active, ready string // "" leaves the condition as it was
		why           string
		next          time.Time
	}{
		"a message arrives at zero": {
			in: object(0, busy), target: 1, event: up, active: "True ScalerActive", ready: "True ScaledObjectReady",
			why: "0 → 1: s0-redis-orders is 7, above its activation value 0",
		},
		"a message arrives at zero and two replicas are the minimum of a running target": {
			in: object(0, busy), change: []func(*scale.Input){bounds(2, 5)}, target: 2, event: up,
			active: "True ScalerActive", ready: "True ScaledObjectReady",
			why: "0 → 2: s0-redis-orders is 7, above its activation value 0",
		},
		"the HPA has charge of a running target": {
			in: object(3, busy), target: keep, active: "True ScalerActive", ready: "True ScaledObjectReady",
			why: "active: the HPA has charge of the replicas",
		},
		"a cron window opens": {
			in:     object(0, scale.Trigger{Metric: "s0-cron", Value: 0, Activation: 0, Active: true}),
			target: 1, event: up, active: "True ScalerActive", ready: "True ScaledObjectReady", why: "0 → 1: s0-cron is active",
		},
		"one of two triggers suffices": {
			in: object(0, quiet, busy), target: 1, event: up, active: "True ScalerActive", ready: "True ScaledObjectReady",
			why: "0 → 1: s0-redis-orders is 7, above its activation value 0",
		},
		"the queue is empty but was not for long": {
			in: object(3, quiet), change: []func(*scale.Input){activeMinutesAgo(2)}, target: keep,
			active: "False ScalerCooldown", ready: "True ScaledObjectReady", next: noon.Add(3 * time.Minute),
			why: "no trigger is active since 2026-08-20T11:58:00Z; scaling to 0 when the cooldown of 5m0s ends at 2026-08-20T12:03:00Z",
		},
		"the cooldown ends this instant": {
			in: object(3, quiet), change: []func(*scale.Input){activeMinutesAgo(5)}, target: 0, event: down,
			active: "False ScalerNotActive", ready: "True ScaledObjectReady",
			why: "3 → 0: no trigger was active since 2026-08-20T11:55:00Z, and the cooldown of 5m0s is over",
		},
		"a target that was scaled by hand and never active goes to zero at once": {
			in: object(3, quiet), target: 0, event: down, active: "False ScalerNotActive", ready: "True ScaledObjectReady",
			why: "3 → 0: no trigger was ever active, and the initial cooldown of 0s is over",
		},
		"the initial cooldown protects a fresh target": {
			in: object(3, quiet), change: []func(*scale.Input){func(in *scale.Input) { in.InitialCooldown = 90 * time.Minute }},
			target: keep, active: "False ScalerCooldown", ready: "True ScaledObjectReady", next: noon.Add(30 * time.Minute),
			why: "no trigger was ever active; scaling to 0 when the initial cooldown of 1h30m0s ends at 2026-08-20T12:30:00Z",
		},
		"the initial cooldown ends with the first activity": {
			in: object(3, quiet), change: []func(*scale.Input){activeMinutesAgo(6), func(in *scale.Input) { in.InitialCooldown = 90 * time.Minute }},
			target: 0, event: down, active: "False ScalerNotActive", ready: "True ScaledObjectReady",
			why: "3 → 0: no trigger was active since 2026-08-20T11:54:00Z, and the cooldown of 5m0s is over",
		},
		"an inactive target with a minimum stays with the HPA": {
			in: object(3, quiet), change: []func(*scale.Input){bounds(2, 5)}, target: keep,
			active: "False ScalerNotActive", ready: "True ScaledObjectReady", why: "inactive: nothing to do",
		},
		"a target below the minimum is raised": {
			in: object(0, quiet), change: []func(*scale.Input){bounds(2, 5)}, target: 2,
			active: "False ScalerNotActive", ready: "True ScaledObjectReady", why: "0 → 2: it is below minReplicaCount",
		},
		"an active target below the minimum is raised without an activation event": {
			in: object(1, busy), change: []func(*scale.Input){bounds(3, 5)}, target: 3,
			active: "True ScalerActive", ready: "True ScaledObjectReady",
			why: "1 → 3: s0-redis-orders is 7, above its activation value 0",
		},
		"idle mode leaves idle": {
			in: object(0, busy), change: []func(*scale.Input){idle(0, 4)}, target: 4, event: up,
			active: "True ScalerActive", ready: "True ScaledObjectReady",
			why: "0 → 4: s0-redis-orders is 7, above its activation value 0",
		},
		"idle mode goes below the minimum": {
			in: object(7, quiet), change: []func(*scale.Input){idle(2, 4), activeMinutesAgo(6)}, target: 2, event: down,
			active: "False ScalerNotActive", ready: "True ScaledObjectReady",
			why: "7 → 2: no trigger was active since 2026-08-20T11:54:00Z, and the cooldown of 5m0s is over",
		},
		"idle mode does not raise an inactive target": {
			in: object(0, quiet), change: []func(*scale.Input){idle(2, 4)}, target: keep,
			active: "False ScalerNotActive", ready: "True ScaledObjectReady", why: "inactive: nothing to do",
		},
		"a trigger that cannot be read keeps the replicas": {
			in: object(3, quiet, broken), target: keep, active: "False ScalerNotActive", ready: "False TriggerError",
			why: "unchanged: no trigger is known to be active; replicas are kept because not every trigger can be read: s1-prometheus",
		},
		"a trigger that cannot be read does not stop an active one": {
			in: object(0, broken, busy), target: 1, event: up, active: "True ScalerActive", ready: "Unknown PartialTriggerError",
			why: "0 → 1: s0-redis-orders is 7, above its activation value 0",
		},
		"failures below the threshold of the fallback keep the replicas and Ready": {
			in: object(3, broken), change: []func(*scale.Input){fallback(6)}, target: keep, active: "False ScalerNotActive",
			why: "unchanged: no trigger is known to be active; replicas are kept because not every trigger can be read: s1-prometheus",
		},
		"the fallback wakes a target at zero": {
			in: object(0, backup), change: []func(*scale.Input){fallback(6)}, target: 1, event: up,
			active: "True ScalerActive", ready: "Unknown PartialTriggerError",
			why: "0 → 1: s1-prometheus cannot be read, and the fallback asks for 6 replicas",
		},
		"a fallback of 0 below its threshold keeps the replicas": {
			in: object(3, broken), change: []func(*scale.Input){fallback(0)}, target: keep, active: "False ScalerNotActive",
			why: "unchanged: no trigger is known to be active; replicas are kept because not every trigger can be read: s1-prometheus",
		},
		"a fallback of 0 lets the target go after the cooldown": {
			in: object(3, backup), change: []func(*scale.Input){fallback(0), activeMinutesAgo(1)}, target: keep,
			active: "False ScalerCooldown", ready: "Unknown PartialTriggerError", next: noon.Add(4 * time.Minute),
			why: "no trigger is active since 2026-08-20T11:59:00Z; scaling to 0 when the cooldown of 5m0s ends at 2026-08-20T12:04:00Z",
		},
		"a fallback of 0 does not wake the target": {
			in: object(0, backup), change: []func(*scale.Input){fallback(0)}, target: keep,
			active: "False ScalerNotActive", ready: "Unknown PartialTriggerError", why: "inactive: nothing to do",
		},
		"after a restart nothing goes to zero before every trigger was asked": {
			in: object(3, quiet, unread), target: keep, why: "unchanged: not every trigger was asked yet",
		},
		"after a restart the first active trigger suffices": {
			in: object(0, unread, busy), target: 1, event: up, active: "True ScalerActive",
			why: "0 → 1: s0-redis-orders is 7, above its activation value 0",
		},
		"cpu alone is always active": {
			in: object(0, cpu), target: 1, event: up, active: "True ScalerActive", ready: "True ScaledObjectReady",
			why: "0 → 1: cpu and memory triggers are always active",
		},
		"cpu does not hold a target whose queue is empty": {
			in: object(3, cpu, quiet), target: 0, event: down, active: "False ScalerNotActive", ready: "True ScaledObjectReady",
			why: "3 → 0: no trigger was ever active, and the initial cooldown of 0s is over",
		},
		"the formula alone decides": {
			in: object(3, busy), change: []func(*scale.Input){func(in *scale.Input) {
				in.Composite = &scale.Trigger{Metric: v1alpha1.CompositeMetricName, Activation: 10}
			}},
			target: 0, event: down, active: "False ScalerNotActive", ready: "True ScaledObjectReady",
			why: "3 → 0: no trigger was ever active, and the initial cooldown of 0s is over",
		},
		"a formula that fails keeps the replicas": {
			in: object(3, busy), change: []func(*scale.Input){func(in *scale.Input) {
				in.Composite = &scale.Trigger{Metric: v1alpha1.CompositeMetricName, Err: "division by zero"}
			}},
			target: keep, active: "False ScalerNotActive", ready: "False TriggerError",
			why: "unchanged: no trigger is known to be active; replicas are kept because not every trigger can be read: composite-metric",
		},
		"a formula that stands in for a failing trigger decides, and Ready tells": {
			in: object(0, busy, broken), change: []func(*scale.Input){fallback(2), func(in *scale.Input) {
				in.Composite = &scale.Trigger{Metric: v1alpha1.CompositeMetricName, Value: 2.5, Activation: 0.5, Active: true}
			}},
			target: 1, event: up, active: "True ScalerActive", ready: "Unknown PartialTriggerError",
			why: "0 → 1: composite-metric is 2.5, above its activation value 0.5, made of s0-redis-orders 7, s1-prometheus unreadable",
		},
		"forced activation": {
			in: object(0, quiet), change: []func(*scale.Input){func(in *scale.Input) { in.ForceActive = true }},
			target: 1, event: up, active: "True ScalerActive", ready: "True ScaledObjectReady",
			why: "0 → 1: activation is forced by the annotation autoscaling.keda.sh/force-activation",
		},
		"scale-out is paused": {
			in: object(0, busy), change: []func(*scale.Input){func(in *scale.Input) { in.PauseScaleOut = true }},
			target: keep, active: "True ScalerActive", ready: "True ScaledObjectReady",
			why: "active, but autoscaling.keda.sh/paused-scale-out holds the replicas",
		},
		"scale-out is paused below the minimum": {
			in: object(1, quiet), change: []func(*scale.Input){bounds(2, 5), func(in *scale.Input) { in.PauseScaleOut = true }},
			target: keep, active: "False ScalerNotActive", ready: "True ScaledObjectReady",
			why: "below minReplicaCount, but autoscaling.keda.sh/paused-scale-out holds the replicas",
		},
		"scale-in is paused": {
			in: object(3, quiet), change: []func(*scale.Input){func(in *scale.Input) { in.PauseScaleIn = true }},
			target: keep, active: "False ScalerNotActive", ready: "True ScaledObjectReady",
			why: "inactive, but autoscaling.keda.sh/paused-scale-in holds the replicas",
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := c.in
			for _, change := range c.change {
				in = with(in, change)
			}
			d := scale.Decide(in)
			type seen struct {
				Target             int32
				Event              string
				Active, Ready, Why string
				Next               time.Time
			}
			want := seen{c.target, c.event, c.active, c.ready, c.why, c.next}
			got := seen{target(d), d.Event, short(d.Active), short(d.Ready), d.Why, d.NextAt}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
			if wantActive := d.Active.Status == "True"; wantActive != d.LastActive.Equal(in.Now) || (!wantActive && !d.LastActive.IsZero()) {
				t.Errorf("lastActiveTime is set to %v while the Active condition is %q", d.LastActive, d.Active.Status)
			}
		})
	}
}

func TestReadyNamesEveryFailure(t *testing.T) {
	in := object(3, quiet, broken, scale.Trigger{Metric: "s2-kafka", Err: "no such topic"})
	const want = "s1-prometheus: connection refused; s2-kafka: no such topic"
	if got := scale.Decide(in).Ready.Message; got != want {
		t.Errorf("Ready message %q, want %q", got, want)
	}
	in.Composite = &scale.Trigger{Metric: v1alpha1.CompositeMetricName, Err: "an input cannot be read"}
	if got := scale.Decide(in).Ready.Message; got != want {
		t.Errorf("with a formula Ready message %q, want %q", got, want)
	}
	in.Triggers, in.Composite.Err = nil, "division by zero"
	if got := scale.Decide(in).Ready.Message; got != "composite-metric: division by zero" {
		t.Errorf("Ready message %q does not name the formula's own error", got)
	}
}

// TestSteadyMessages: values that move from poll to poll must not move the
// conditions, or each poll would write the status.
func TestSteadyMessages(t *testing.T) {
	for name, in := range map[string]scale.Input{
		"active":   object(3, busy),
		"cooling":  with(object(3, quiet), func(in *scale.Input) { in.LastActive = noon.Add(-time.Minute) }),
		"inactive": object(0, quiet),
	} {
		before := scale.Decide(in)
		in.Now = in.Now.Add(30 * time.Second)
		in.Triggers = []scale.Trigger{in.Triggers[0]}
		in.Triggers[0].Value *= 2
		after := scale.Decide(in)
		if before.Active != after.Active || before.Ready != after.Ready {
			t.Errorf("%s: conditions changed from %v, %v to %v, %v", name, before.Active, before.Ready, after.Active, after.Ready)
		}
	}
}

// TestMessagesSayWhatIsWaitedFor: whoever describes the object learns from the
// Active condition what holds it where it is, and from the decision what moved it.
func TestMessagesSayWhatIsWaitedFor(t *testing.T) {
	second := scale.Trigger{Metric: "s1-cron", Value: 0, Active: true}
	for name, c := range map[string]struct {
		in              scale.Input
		active, because string
	}{
		"active":        {in: object(3, busy), active: "s0-redis-orders is above its activation value 0"},
		"both active":   {in: object(3, busy, second), active: "s0-redis-orders is above its activation value 0; s1-cron is active"},
		"inactive":      {in: object(0, quiet), active: "no trigger is active; waiting for s0-redis-orders to exceed 0"},
		"at minimum":    {in: with(object(2, quiet), bounds(2, 5)), active: "no trigger is active; waiting for s0-redis-orders to exceed 0; minReplicaCount is 2"},
		"idle":          {in: with(object(0, quiet), idle(0, 4)), active: "no trigger is active; waiting for s0-redis-orders to exceed 0; idleReplicaCount is 0"},
		"held down":     {in: with(object(0, busy), func(in *scale.Input) { in.PauseScaleOut = true }), active: "s0-redis-orders is above its activation value 0, but autoscaling.keda.sh/paused-scale-out holds the replicas"},
		"held up":       {in: with(object(3, quiet), func(in *scale.Input) { in.PauseScaleIn = true }), active: "no trigger is active; waiting for s0-redis-orders to exceed 0; autoscaling.keda.sh/paused-scale-in holds the replicas"},
		"held at one":   {in: with(with(object(1, quiet), bounds(2, 5)), func(in *scale.Input) { in.PauseScaleOut = true }), active: "no trigger is active; waiting for s0-redis-orders to exceed 0; minReplicaCount is 2; below minReplicaCount, but autoscaling.keda.sh/paused-scale-out holds the replicas"},
		"in fallback":   {in: with(object(3, backup), fallback(6)), active: "the fallback keeps the target active while s1-prometheus cannot be read"},
		"two activate":  {in: with(object(0, busy, second), bounds(2, 5)), active: "s0-redis-orders is above its activation value 0; s1-cron is active", because: "s0-redis-orders is 7, above its activation value 0; s1-cron is active (minReplicaCount 2, maxReplicaCount 5)"},
		"idle goes up":  {in: with(object(0, busy), idle(0, 4)), active: "s0-redis-orders is above its activation value 0", because: "s0-redis-orders is 7, above its activation value 0 (idleReplicaCount 0, minReplicaCount 4, maxReplicaCount 100)"},
		"below minimum": {in: with(object(0, quiet), bounds(2, 5)), active: "no trigger is active; waiting for s0-redis-orders to exceed 0; minReplicaCount is 2", because: "it is below minReplicaCount (minReplicaCount 2, maxReplicaCount 5)"},
	} {
		t.Run(name, func(t *testing.T) {
			d := scale.Decide(c.in)
			if d.Active.Message != c.active || d.Because != c.because {
				t.Errorf("Active says %q, want %q\nthe decision says %q, want %q", d.Active.Message, c.active, d.Because, c.because)
			}
		})
	}
}

// keep stands for a decision that leaves the replicas alone.
const keep = -1

func target(d scale.Decision) int32 {
	if d.Target == nil {
		return keep
	}
	return *d.Target
}

func short(c v1alpha1.Condition) string {
	if c.Status == "" {
		return ""
	}
	return string(c.Status) + " " + c.Reason
}
