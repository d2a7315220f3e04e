// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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

// Conditions is a list with at most one condition of each type.
type Conditions []Condition
