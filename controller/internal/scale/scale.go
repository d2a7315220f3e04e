// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package scale decides about the replicas of a ScaledObject's target where the
// HPA cannot: from zero or idle up, and back. What was measured comes in as plain
// values, together with the time; the replica count to write, the conditions and
// the reasons go out. Nothing is read and nothing is written here: reconcile
// gathers the input and actuate performs the decision. A decision depends on
// nothing but its input, so the same history always gives the same replicas.
//
// The HPA owns every count from max(1, minReplicaCount) up. This package only
// crosses that line, which makes its rules few:
//
//   - active: at least max(1, minReplicaCount) replicas, at once;
//   - inactive: down to idleReplicaCount, or to zero when minReplicaCount is 0,
//     once the cooldown has passed;
//   - inactive otherwise: at least minReplicaCount;
//   - unknown (a trigger failed, or was not asked yet): no change.
package scale

import (
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// Input is everything that a decision depends on. A paused object (annotations
// paused and paused-replicas) is not decided about at all.
type Input struct {
	// Now is the time of the decision, Created the object's creation.
	Now, Created time.Time
	// Min and Max are minReplicaCount and maxReplicaCount with their defaults.
	Min, Max int32
	// Idle is idleReplicaCount; nil means that there is no idle mode.
	Idle *int32
	// Cooldown counts from LastActive, InitialCooldown from Created and only as
	// long as the object was never active.
	Cooldown, InitialCooldown time.Duration
	// Replicas is the target's current count. A count that could not be read is
	// not an input: the caller reports ErrorGettingCurrentReplicas and stops.
	Replicas int32
	// LastActive is when the object was last active; zero means never.
	LastActive time.Time
	// Triggers are the object's metrics; a trigger with several metrics appears
	// once for each.
	Triggers []Trigger
	// Composite is the composite metric of scalingModifiers. When it is set it
	// alone decides about activity; Triggers then only matter to Ready.
	Composite *Trigger
	// Fallback is the replica count that the fallback asks for in this moment;
	// nil means that the object has no fallback.
	Fallback *int32
	// ForceActive, PauseScaleIn and PauseScaleOut are the annotations of these
	// names.
	ForceActive, PauseScaleIn, PauseScaleOut bool
}

// Trigger is the latest state of one metric.
type Trigger struct {
	// Metric is the full metric name, for example s0-redis-orders, or the
	// resource name of a cpu or memory trigger.
	Metric string
	// Value and Activation explain Active: the value that was read and the
	// threshold that it must exceed.
	Value, Activation float64
	// Active says that the metric wants the target to run.
	Active bool
	// Resource marks cpu and memory. They say nothing about activity, except
	// that an object without any other trigger is always active.
	Resource bool
	// Waiting says that the source was never asked, as after a restart.
	Waiting bool
	// Err is why the last attempt to read the metric failed; empty when it
	// succeeded. It carries no secret.
	Err string
	// InFallback says that the fallback answers in place of the failing source.
	InFallback bool
}

// Decision is what is to be done and reported.
type Decision struct {
	// Target is the replica count to write; nil leaves the target alone.
	Target *int32
	// Event is the reason of the event that goes with a written Target:
	// KEDAScaleTargetActivated or KEDAScaleTargetDeactivated. Empty means none.
	Event string
	// LastActive is the new lastActiveTime; zero leaves the old one.
	LastActive time.Time
	// Active and Ready are the conditions to set; one without a status is to be
	// left as it is. Their messages change only when their meaning does, so that
	// a steady object causes no writes.
	Active, Ready v1alpha1.Condition
	// Why explains the decision with its inputs, for events and logs:
	// "0 → 1: s0-redis-orders is 7, above its activation value 0".
	Why string
	// Because is the reason for Target without the counts and with the bounds, for
	// status.lastDecision; empty without Target.
	Because string
	// NextAt is when time alone may change the decision, the end of the cooldown;
	// zero means that only new input can. The caller decides again at NextAt.
	NextAt time.Time
}

// Decide decides about one object.
func Decide(in Input) Decision {
	act := in.activity()
	d := Decision{Ready: in.ready(act)}
	switch {
	case act.active():
		in.decideActive(act, &d)
	case act.unknown():
		in.decideUnknown(act, &d)
	default:
		in.decideInactive(&d)
	}
	return d
}

func (in *Input) decideActive(act activity, d *Decision) {
	d.LastActive = in.Now
	d.Active = condition(v1alpha1.ConditionActive, isTrue, v1alpha1.ReasonScalerActive, act.message(in))
	up := in.bounded(max(1, in.Min))
	switch {
	case in.Replicas >= up:
		d.Why = "active: the HPA has charge of the replicas"
	case in.PauseScaleOut:
		d.Why = "active, but " + v1alpha1.AnnotationPausedScaleOut + " holds the replicas"
		d.Active.Message += ", but " + v1alpha1.AnnotationPausedScaleOut + " holds the replicas"
	default:
		d.move(in, up, act.because(in))
		if in.Replicas == 0 || in.Idle != nil {
			d.Event = v1alpha1.EventScaleTargetActivated
		}
	}
}

func (in *Input) decideUnknown(act activity, d *Decision) {
	if act.waiting {
		d.Why = "unchanged: not every trigger was asked yet"
		return
	}
	d.Active = condition(v1alpha1.ConditionActive, isFalse, v1alpha1.ReasonScalerNotActive,
		"no trigger is known to be active; replicas are kept because not every trigger can be read: "+in.unreadable())
	d.Why = "unchanged: " + d.Active.Message
}

func (in *Input) decideInactive(d *Decision) {
	d.Active = condition(v1alpha1.ConditionActive, isFalse, v1alpha1.ReasonScalerNotActive, in.waits())
	rest, rests := in.rest()
	switch {
	case rests && in.Replicas > rest && in.PauseScaleIn:
		d.Why = "inactive, but " + v1alpha1.AnnotationPausedScaleIn + " holds the replicas"
		d.Active.Message += "; " + v1alpha1.AnnotationPausedScaleIn + " holds the replicas"
	case rests && in.Replicas > rest:
		in.coolDown(rest, d)
	case in.Idle == nil && in.Replicas < in.bounded(in.Min):
		in.raiseToMin(d)
	default:
		d.Why = "inactive: nothing to do"
	}
}

// coolDown scales to the resting count when the cooldown is over, and says when
// that will be when it is not.
func (in *Input) coolDown(rest int32, d *Decision) {
	end := in.cooldownEnd()
	if in.Now.Before(end) {
		d.NextAt = end
		d.Active.Reason = v1alpha1.ReasonScalerCooldown
		d.Active.Message = in.cooling(rest, end)
		d.Why = d.Active.Message
		return
	}
	d.move(in, rest, in.cooled())
	d.Event = v1alpha1.EventScaleTargetDeactivated
}

func (in *Input) raiseToMin(d *Decision) {
	if in.PauseScaleOut {
		d.Why = "below minReplicaCount, but " + v1alpha1.AnnotationPausedScaleOut + " holds the replicas"
		d.Active.Message += "; " + d.Why
		return
	}
	d.move(in, in.bounded(in.Min), "it is below minReplicaCount")
}

// move decides on another count.
func (d *Decision) move(in *Input, to int32, because string) {
	d.Target, d.Why, d.Because = new(to), change(in.Replicas, to, because), because+" ("+in.bounds()+")"
}

// rest is the count of an inactive target, if it may rest below minReplicaCount
// at all.
func (in *Input) rest() (replicas int32, rests bool) {
	if in.Idle != nil {
		return in.bounded(*in.Idle), true
	}
	return 0, in.Min <= 0
}

func (in *Input) cooldownEnd() time.Time {
	if in.LastActive.IsZero() {
		return in.Created.Add(in.InitialCooldown)
	}
	return in.LastActive.Add(in.Cooldown)
}

// bounded keeps a count between zero and maxReplicaCount, whatever a spec that
// escaped validation says.
func (in *Input) bounded(replicas int32) int32 {
	return max(0, min(replicas, max(1, in.Max)))
}
