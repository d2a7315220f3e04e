// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// maxMessage bounds the message of a condition, as Kubernetes' own conditions do. One
// that repeats a long list may be more than the API server stores, and then no status
// is written at all.
const maxMessage = 32 << 10

// Condition is one observation about an object.
type Condition struct {
	// Ready, Active, Fallback, Paused or HPAActive.
	Type ConditionType `json:"type"`
	// True, False or Unknown.
	Status metav1.ConditionStatus `json:"status"`
	// Why, as one word.
	// +optional
	Reason string `json:"reason,omitempty"`
	// Why, as a sentence.
	// +optional
	Message string `json:"message,omitempty"`
	// When the status last changed.
	// +optional
	LastTransitionTime metav1.Time `json:"lastTransitionTime,omitempty,omitzero"`
}

// ConditionType names a condition.
type ConditionType string

// The condition types. HPAActive is for ScaledObjects only, and absent until the HPA was read.
const (
	ConditionReady     ConditionType = "Ready"
	ConditionActive    ConditionType = "Active"
	ConditionFallback  ConditionType = "Fallback"
	ConditionPaused    ConditionType = "Paused"
	ConditionHPAActive ConditionType = "HPAActive"
)

// Reasons of the Ready condition.
const (
	ReasonScaledObjectReady           = "ScaledObjectReady"
	ReasonScaledObjectCheckFailed     = "ScaledObjectCheckFailed"
	ReasonScaledJobReady              = "ScaledJobReady"
	ReasonScaledJobCheckFailed        = "ScaledJobCheckFailed"
	ReasonErrorGettingCurrentReplicas = "ErrorGettingCurrentReplicas"
	ReasonTriggerError                = "TriggerError"
	ReasonPartialTriggerError         = "PartialTriggerError"
)

// Reasons of the Active condition.
const (
	ReasonScalerActive    = "ScalerActive"
	ReasonScalerNotActive = "ScalerNotActive"
	ReasonScalerCooldown  = "ScalerCooldown"
	ReasonUnknownState    = "UnknownState"
)

// Reasons of the Fallback condition.
const (
	ReasonFallbackExists  = "FallbackExists"
	ReasonNoFallbackFound = "NoFallbackFound"
)

// Reasons of the Paused condition.
const (
	ReasonScaledObjectPaused   = "ScaledObjectPaused"
	ReasonScaledObjectUnpaused = "ScaledObjectUnpaused"
	ReasonScaledJobPaused      = "ScaledJobPaused"
	ReasonScaledJobUnpaused    = "ScaledJobUnpaused"
)

// Reasons of the HPAActive condition; when it is False the HPA's own reason comes first.
const (
	ReasonHPAActive             = "HPAActive"
	ReasonScalingDisabled       = "ScalingDisabled"
	ReasonHPAMetricsUnavailable = "HPAMetricsUnavailable"
)

// Conditions is a list with at most one condition of each type, in the order in which they were first set.
type Conditions []Condition

// Initialize adds the conditions that a ScaledObject (kind KindScaledObject) or a ScaledJob has before anything was observed
// and that are not there yet: Ready and Active Unknown, for a ScaledObject Fallback Unknown, and Paused False. It reports
// whether it added any.
func (c *Conditions) Initialize(kind string, now metav1.Time) bool {
	changed := false
	for _, t := range []ConditionType{ConditionReady, ConditionActive, ConditionFallback, ConditionPaused} {
		if c.find(t) != nil || (t == ConditionFallback && kind != KindScaledObject) {
			continue
		}
		status := metav1.ConditionUnknown
		if t == ConditionPaused {
			status = metav1.ConditionFalse
		}
		*c = append(*c, Condition{Type: t, Status: status, LastTransitionTime: now})
		changed = true
	}
	return changed
}

// Get returns the condition of type t. One that is not in the list has status Unknown and neither reason nor time.
func (c Conditions) Get(t ConditionType) Condition {
	if found := c.find(t); found != nil {
		return *found
	}
	return Condition{Type: t, Status: metav1.ConditionUnknown}
}

// IsTrue reports whether the condition of type t is there with status True.
func (c Conditions) IsTrue(t ConditionType) bool { return c.Get(t).Status == metav1.ConditionTrue }

// IsFalse reports whether the condition of type t is there with status False.
func (c Conditions) IsFalse(t ConditionType) bool { return c.Get(t).Status == metav1.ConditionFalse }

// Set writes the condition of type t and reports whether anything changed. now becomes the transition time only when the
// status changes, or when the condition was new.
func (c *Conditions) Set(t ConditionType, status metav1.ConditionStatus, reason, message string, now metav1.Time) bool {
	message = Shortened(message, maxMessage)
	old := c.find(t)
	if old == nil {
		*c = append(*c, Condition{Type: t, Status: status, Reason: reason, Message: message, LastTransitionTime: now})
		return true
	}
	next := Condition{Type: t, Status: status, Reason: reason, Message: message, LastTransitionTime: old.LastTransitionTime}
	if old.Status != status {
		next.LastTransitionTime = now
	}
	changed := next != *old
	*old = next
	return changed
}

func (c Conditions) find(t ConditionType) *Condition {
	for i := range c {
		if c[i].Type == t {
			return &c[i]
		}
	}
	return nil
}

// Shortened is at most limit bytes of text, in whole characters; an ellipsis shows that something is missing.
func Shortened(text string, limit int) string {
	const ellipsis = "…"
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit-len(ellipsis)], "") + ellipsis
}
