// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// Event is one Kubernetes event about an object.
type Event struct {
	// Type is Normal or Warning.
	Type string
	// Reason is one word, Note a sentence without secrets.
	Reason, Note string
}

// Normal and Warning make events.
func Normal(reason, note string) Event {
	return Event{Type: corev1.EventTypeNormal, Reason: reason, Note: note}
}

// Warning makes an event of type Warning.
func Warning(reason, note string) Event {
	return Event{Type: corev1.EventTypeWarning, Reason: reason, Note: note}
}

// maxNote and maxAction are the longest note and action of an event that the API
// server accepts, in bytes; longer ones would lose the event.
const (
	maxNote   = 1024
	maxAction = 128
)

// Tell has recorder make an event about an object. Kubernetes counts events of one
// object, type, reason and action as one for some minutes, and the notes of all but the
// first are lost. So the action of a warning is what it says, without numbers, which
// may be others each time; that of any other event is its reason.
func Tell(recorder events.EventRecorder, about runtime.Object, e Event) {
	action := e.Reason
	if e.Type == corev1.EventTypeWarning {
		action = v1alpha1.Shortened(numbers.ReplaceAllString(e.Note, "#"), maxAction)
	}
	recorder.Eventf(about, nil, e.Type, e.Reason, action, "%s", v1alpha1.Shortened(e.Note, maxNote))
}

var numbers = regexp.MustCompile(`[0-9]+`)

// transition says which event a condition's change of status calls for.
type transition struct {
	condition v1alpha1.ConditionType
	to        metav1.ConditionStatus
	event     func(note string) Event
	// initial says that leaving Unknown counts as a change.
	initial bool
}

func normal(reason string) func(string) Event {
	return func(note string) Event { return Normal(reason, note) }
}

// The events that follow from conditions, in the order of emission.
var (
	scaledObjectTransitions = []transition{
		{v1alpha1.ConditionPaused, metav1.ConditionTrue, normal(v1alpha1.EventScaledObjectPaused), true},
		{v1alpha1.ConditionPaused, metav1.ConditionFalse, normal(v1alpha1.EventScaledObjectUnpaused), false},
		{v1alpha1.ConditionFallback, metav1.ConditionTrue, normal(v1alpha1.EventScaledObjectFallbackActivated), true},
		{v1alpha1.ConditionFallback, metav1.ConditionFalse, normal(v1alpha1.EventScaledObjectFallbackDeactivated), false},
		{v1alpha1.ConditionReady, metav1.ConditionTrue, normal(v1alpha1.EventScaledObjectReady), true},
	}
	scaledJobTransitions = []transition{
		{v1alpha1.ConditionPaused, metav1.ConditionTrue, normal(v1alpha1.EventScaledJobPaused), true},
		{v1alpha1.ConditionPaused, metav1.ConditionFalse, normal(v1alpha1.EventScaledJobUnpaused), false},
		{v1alpha1.ConditionActive, metav1.ConditionTrue, normal(v1alpha1.EventScaledJobActive), true},
		{v1alpha1.ConditionActive, metav1.ConditionFalse, normal(v1alpha1.EventScaledJobInactive), false},
		{v1alpha1.ConditionReady, metav1.ConditionTrue, normal(v1alpha1.EventScaledJobReady), true},
	}
)

func scaledObjectEvents(before, after *v1alpha1.ScaledObjectStatus) []Event {
	events := transitions(scaledObjectTransitions, before.Conditions, after.Conditions)
	failed := failures(before.Conditions, after.Conditions, v1alpha1.ReasonScaledObjectCheckFailed, v1alpha1.EventScaledObjectCheckFailed)
	if after.CompositeScalerName == "" {
		return append(events, failed...)
	}
	for _, e := range failed {
		events = append(events, e)
		if e.Reason == v1alpha1.EventScalerFailed {
			events = append(events, Warning(v1alpha1.EventMetricSourceFailed, "The formula lacks an input: "+e.Note))
		}
	}
	return events
}

func scaledJobEvents(before, after *v1alpha1.ScaledJobStatus) []Event {
	events := transitions(scaledJobTransitions, before.Conditions, after.Conditions)
	return append(events, failures(before.Conditions, after.Conditions, v1alpha1.ReasonScaledJobCheckFailed, v1alpha1.EventScaledJobCheckFailed)...)
}

func transitions(table []transition, before, after v1alpha1.Conditions) []Event {
	var events []Event
	for _, t := range table {
		old, now := before.Get(t.condition), after.Get(t.condition)
		if now.Status != t.to || old.Status == t.to {
			continue
		}
		if old.Status == metav1.ConditionUnknown && !t.initial {
			continue
		}
		events = append(events, t.event(now.Message))
	}
	return events
}

// triggersPath begins the messages about triggers that cannot be used as they are.
const triggersPath = "spec.triggers["

// failures reports that Ready is not true, or why it now is not for another
// reason: a failed check, or triggers that cannot be read. A check that fails
// because of a trigger is also a failed scaler, which is what alerts look for.
func failures(before, after v1alpha1.Conditions, checkReason, checkEvent string) []Event {
	old, now := before.Get(v1alpha1.ConditionReady), after.Get(v1alpha1.ConditionReady)
	if now.Status == metav1.ConditionTrue || (now.Reason == old.Reason && now.Message == old.Message) {
		return nil
	}
	switch now.Reason {
	case checkReason:
		events := []Event{Warning(checkEvent, now.Message)}
		if strings.HasPrefix(now.Message, triggersPath) {
			events = append(events, Warning(v1alpha1.EventScalerFailed, now.Message))
		}
		return events
	case v1alpha1.ReasonTriggerError, v1alpha1.ReasonPartialTriggerError:
		return []Event{Warning(v1alpha1.EventScalerFailed, now.Message)}
	}
	return nil
}
