// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

const (
	isTrue    = metav1.ConditionTrue
	isFalse   = metav1.ConditionFalse
	isUnknown = metav1.ConditionUnknown
)

func condition(t v1alpha1.ConditionType, status metav1.ConditionStatus, reason, message string) v1alpha1.Condition {
	return v1alpha1.Condition{Type: t, Status: status, Reason: reason, Message: message}
}

// message is the Active condition's; it names no values, because they differ at
// each poll.
func (a *activity) message() string {
	switch {
	case a.trigger != nil && a.trigger.InFallback:
		return "the fallback keeps the target active while a trigger cannot be read"
	case a.trigger != nil:
		return "at least one trigger is active"
	case a.forced:
		return "activation is forced by the annotation " + v1alpha1.AnnotationForceActivation
	default:
		return "cpu and memory triggers are always active"
	}
}

// because is the reason for an activation, with values.
func (a *activity) because(in *Input) string {
	t := a.trigger
	switch {
	case t == nil:
		return a.message()
	case t.InFallback:
		return t.Metric + " cannot be read, and the fallback asks for " + itoa(*in.Fallback) + " replicas"
	case t.Value > t.Activation:
		return t.Metric + " is " + ftoa(t.Value) + ", above its activation value " + ftoa(t.Activation)
	default:
		return t.Metric + " is active"
	}
}

// failures lists the errors in the order of the triggers. The composite metric's
// adds nothing when it only passes one of theirs on.
func (in *Input) failures() string {
	var parts []string
	for i := range in.Triggers {
		if t := &in.Triggers[i]; t.Err != "" {
			parts = append(parts, t.Metric+": "+t.Err)
		}
	}
	if c := in.Composite; c != nil && c.Err != "" && len(parts) == 0 {
		parts = append(parts, c.Metric+": "+c.Err)
	}
	return strings.Join(parts, "; ")
}

// cooled is the reason for a deactivation.
func (in *Input) cooled() string {
	if in.LastActive.IsZero() {
		return "no trigger was ever active, and the initial cooldown of " + in.InitialCooldown.String() + " is over"
	}
	return "no trigger was active since " + stamp(in.LastActive) + ", and the cooldown of " + in.Cooldown.String() + " is over"
}

func cooling(rest int32, end time.Time) string {
	return "no trigger is active; scaling to " + itoa(rest) + " when the cooldown ends at " + stamp(end)
}

func change(from, to int32, because string) string {
	return itoa(from) + " → " + itoa(to) + ": " + because
}

func itoa(n int32) string      { return strconv.FormatInt(int64(n), 10) }
func ftoa(v float64) string    { return strconv.FormatFloat(v, 'f', -1, 64) }
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
