// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestConditionsInitialize(t *testing.T) {
	now := metav1.NewTime(time.Unix(100, 0))
	tests := []struct {
		kind string
		want Conditions
	}{
		{KindScaledObject, Conditions{
			{Type: ConditionReady, Status: metav1.ConditionUnknown, LastTransitionTime: now},
			{Type: ConditionActive, Status: metav1.ConditionUnknown, LastTransitionTime: now},
			{Type: ConditionFallback, Status: metav1.ConditionUnknown, LastTransitionTime: now},
			{Type: ConditionPaused, Status: metav1.ConditionFalse, LastTransitionTime: now},
		}},
		{KindScaledJob, Conditions{
			{Type: ConditionReady, Status: metav1.ConditionUnknown, LastTransitionTime: now},
			{Type: ConditionActive, Status: metav1.ConditionUnknown, LastTransitionTime: now},
			{Type: ConditionPaused, Status: metav1.ConditionFalse, LastTransitionTime: now},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			var got Conditions
			if !got.Initialize(tt.kind, now) {
				t.Error("Initialize reports no change of an empty list")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Initialize (-want +got):\n%s", diff)
			}
			if got.Initialize(tt.kind, metav1.NewTime(time.Unix(200, 0))) {
				t.Error("Initialize reports a change of a complete list")
			}
		})
	}
}

// TestConditionsSetLongMessage: a message that names a thousand keys does not keep
// the status from being written.
func TestConditionsSetLongMessage(t *testing.T) {
	var c Conditions
	long := strings.Repeat("ключ ", 1<<20)
	for _, changed := range []bool{true, false} {
		if got := c.Set(ConditionReady, metav1.ConditionFalse, "Failed", long, metav1.Now()); got != changed {
			t.Errorf("changed %v, want %v", got, changed)
		}
	}
	if m := c.Get(ConditionReady).Message; len(m) > 32768 || !utf8.ValidString(m) || !strings.HasSuffix(m, "…") {
		t.Errorf("%d bytes", len(m))
	}
}

func TestConditionsSet(t *testing.T) {
	first, later := metav1.NewTime(time.Unix(100, 0)), metav1.NewTime(time.Unix(200, 0))
	steps := []struct {
		name            string
		status          metav1.ConditionStatus
		reason, message string
		changed         bool
		since           metav1.Time
	}{
		{"new", metav1.ConditionFalse, ReasonTriggerError, "no answer", true, first},
		{"same", metav1.ConditionFalse, ReasonTriggerError, "no answer", false, first},
		{"other message keeps the time", metav1.ConditionFalse, ReasonTriggerError, "refused", true, first},
		{"other reason keeps the time", metav1.ConditionFalse, ReasonScaledObjectCheckFailed, "refused", true, first},
		{"other status moves the time", metav1.ConditionTrue, ReasonScaledObjectReady, "", true, later},
	}
	var conditions Conditions
	for i, step := range steps {
		now := later
		if i == 0 {
			now = first
		}
		if changed := conditions.Set(ConditionReady, step.status, step.reason, step.message, now); changed != step.changed {
			t.Errorf("%s: Set reports changed %t, want %t", step.name, changed, step.changed)
		}
		want := Condition{Type: ConditionReady, Status: step.status, Reason: step.reason, Message: step.message, LastTransitionTime: step.since}
		if diff := cmp.Diff(want, conditions.Get(ConditionReady)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
	if len(conditions) != 1 {
		t.Errorf("%d conditions, want 1", len(conditions))
	}
	if !conditions.IsTrue(ConditionReady) || conditions.IsFalse(ConditionReady) || conditions.IsTrue(ConditionActive) || conditions.IsFalse(ConditionActive) {
		t.Error("Ready is to be true, Active neither true nor false")
	}
	if got := conditions.Get(ConditionActive).Status; got != metav1.ConditionUnknown {
		t.Errorf("an absent condition is %s, want Unknown", got)
	}
}
