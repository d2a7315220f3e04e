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
func (a *activity) message(in *Input) string {
	switch {
	case a.trigger != nil:
		return string(in.each(make([]byte, 0, sentence), in.active, appendActive))
	case a.forced:
		return "activation is forced by the annotation " + v1alpha1.AnnotationForceActivation
	default:
		return "cpu and memory triggers are always active"
	}
}

// sentence is the length of most messages, for which the stack has room: they are
// made at each poll, and rarely written.
const sentence = 256

func appendActive(text []byte, t *Trigger) []byte {
	switch {
	case t.InFallback:
		text = append(append(text, "the fallback keeps the target active while "...), t.Metric...)
		return append(text, " cannot be read"...)
	case t.Value > t.Activation:
		return strconv.AppendFloat(append(append(text, t.Metric...), " is above its activation value "...), t.Activation, 'f', -1, 64)
	default:
		return append(append(text, t.Metric...), " is active"...)
	}
}

// because is the reason for an activation, with values.
func (a *activity) because(in *Input) string {
	if a.trigger == nil {
		return a.message(in)
	}
	text := in.each(nil, in.active, func(text []byte, t *Trigger) []byte {
		switch {
		case t.InFallback:
			return append(text, t.Metric+" cannot be read, and the fallback asks for "+itoa(*in.Fallback)+" replicas"...)
		case t.Value > t.Activation:
			return append(text, t.Metric+" is "+ftoa(t.Value)+", above its activation value "+ftoa(t.Activation)...)
		default:
			return append(text, t.Metric+" is active"...)
		}
	})
	return string(text) + in.composition()
}

// composition lists what went into the composite metric.
func (in *Input) composition() string {
	if in.Composite == nil {
		return ""
	}
	var parts []string
	for i := range in.Triggers {
		switch t := &in.Triggers[i]; {
		case t.Resource, t.Waiting:
		case t.Err != "":
			parts = append(parts, t.Metric+" unreadable")
		default:
			parts = append(parts, t.Metric+" "+ftoa(t.Value))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ", made of " + strings.Join(parts, ", ")
}

// waits is the message of an inactive object: what would make it active.
func (in *Input) waits() string {
	text := append(make([]byte, 0, sentence), "no trigger is active; waiting for "...)
	text = in.each(text, nil, func(text []byte, t *Trigger) []byte {
		return strconv.AppendFloat(append(append(text, t.Metric...), " to exceed "...), t.Activation, 'f', -1, 64)
	})
	switch {
	case in.Idle != nil:
		text = strconv.AppendInt(append(text, "; idleReplicaCount is "...), int64(*in.Idle), 10)
	case in.Min > 0:
		text = strconv.AppendInt(append(text, "; minReplicaCount is "...), int64(in.Min), 10)
	}
	return string(text)
}

// unreadable names the metrics that cannot be read.
func (in *Input) unreadable() string {
	return string(in.each(make([]byte, 0, sentence), func(t *Trigger) bool { return t.Err != "" }, func(text []byte, t *Trigger) []byte {
		return append(text, t.Metric...)
	}))
}

// each appends a description of the deciding triggers that a filter lets through;
// nil lets all.
func (in *Input) each(text []byte, filter func(*Trigger) bool, describe func([]byte, *Trigger) []byte) []byte {
	first := true
	in.deciding(func(t *Trigger) {
		if filter != nil && !filter(t) {
			return
		}
		if !first {
			text = append(text, "; "...)
		}
		first = false
		text = describe(text, t)
	})
	return text
}

// bounds are the counts that the object allows.
func (in *Input) bounds() string {
	text := "minReplicaCount " + itoa(in.Min) + ", maxReplicaCount " + itoa(in.Max)
	if in.Idle != nil {
		text = "idleReplicaCount " + itoa(*in.Idle) + ", " + text
	}
	return text
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

// cooling says until when the object waits, and why.
func (in *Input) cooling(rest int32, end time.Time) string {
	since, name, length := "no trigger was ever active", "initial cooldown", in.InitialCooldown
	if !in.LastActive.IsZero() {
		since, name, length = "no trigger is active since "+stamp(in.LastActive), "cooldown", in.Cooldown
	}
	return since + "; scaling to " + itoa(rest) + " when the " + name + " of " + length.String() + " ends at " + stamp(end)
}

func change(from, to int32, because string) string {
	return itoa(from) + " → " + itoa(to) + ": " + because
}

func itoa(n int32) string      { return strconv.FormatInt(int64(n), 10) }
func ftoa(v float64) string    { return strconv.FormatFloat(v, 'f', -1, 64) }
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
