// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import "github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"

// activity is what the triggers say together.
type activity struct {
	forced    bool
	trigger   *Trigger // the first active trigger
	resources bool     // there are only cpu and memory triggers
	failed    bool     // some trigger that decides failed, and nothing stands in for it
	waiting   bool     // some trigger that decides was not asked yet
}

// active says that the target is to run. One active trigger suffices, whatever
// the others say.
func (a *activity) active() bool { return a.forced || a.trigger != nil || a.resources }

// unknown says that a trigger which nobody could read might be the active one.
func (a *activity) unknown() bool { return !a.active() && (a.failed || a.waiting) }

func (in *Input) activity() activity {
	act := activity{forced: in.ForceActive, resources: len(in.Triggers) > 0}
	in.deciding(func(t *Trigger) {
		act.resources = false
		in.weigh(t, &act)
	})
	return act
}

// weigh adds one trigger.
func (in *Input) weigh(t *Trigger, act *activity) {
	switch {
	case t.InFallback:
	case t.Err != "":
		act.failed = true
	case t.Waiting:
		act.waiting = true
	}
	if act.trigger == nil && in.active(t) {
		act.trigger = t
	}
}

// active says that a trigger wants the target to run. One in fallback is as active
// as the fallback asks for replicas: a fallback of 0 lets the target go to zero,
// where counting it as active would start the very replicas that the fallback does
// not want.
func (in *Input) active(t *Trigger) bool {
	if t.InFallback {
		return in.Fallback != nil && *in.Fallback > 0
	}
	return t.Active && t.Err == "" && !t.Waiting
}

// deciding calls f with every trigger that decides about activity, in their order.
func (in *Input) deciding(f func(*Trigger)) {
	if in.Composite != nil {
		f(in.Composite)
		return
	}
	for i := range in.Triggers {
		if t := &in.Triggers[i]; !t.Resource {
			f(t)
		}
	}
}

// ready is the Ready condition. While a fallback is configured but not needed
// yet, failures leave Ready alone: tolerating them is what failureThreshold says.
func (in *Input) ready(act activity) v1alpha1.Condition {
	failing := in.failing()
	switch {
	case !failing && act.waiting:
		return v1alpha1.Condition{}
	case !failing:
		return condition(v1alpha1.ConditionReady, isTrue, v1alpha1.ReasonScaledObjectReady, "every trigger can be read")
	case act.active() || !act.failed:
		return condition(v1alpha1.ConditionReady, isUnknown, v1alpha1.ReasonPartialTriggerError, in.failures())
	case in.Fallback == nil:
		return condition(v1alpha1.ConditionReady, isFalse, v1alpha1.ReasonTriggerError, in.failures())
	default:
		return v1alpha1.Condition{}
	}
}

func (in *Input) failing() bool {
	if in.Composite != nil && in.Composite.Err != "" {
		return true
	}
	for i := range in.Triggers {
		if in.Triggers[i].Err != "" {
			return true
		}
	}
	return false
}
