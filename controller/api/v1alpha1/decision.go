// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Decision says how a number of replicas, or of Jobs, came about. It is written when the number changes, never with a poll.
type Decision struct {
	// When the number was changed.
	Time metav1.Time `json:"time"`
	// Replicas before the change; for a ScaledJob the Jobs that ran.
	From int32 `json:"from"`
	// Replicas after it; for a ScaledJob the Jobs that ran and those that were created.
	To int32 `json:"to"`
	// Controller or HPA.
	By DecisionMaker `json:"by"`
	// Why, as a sentence: metrics with their values and targets, bounds, cooldown, fallback or pause.
	Why string `json:"why"`
}

// DecisionMaker is who changed a number of replicas.
type DecisionMaker string

// The decision makers. The controller scales from zero and idle, to them and to minReplicaCount; the HPA does the rest.
const (
	DecidedByController DecisionMaker = "Controller"
	DecidedByHPA        DecisionMaker = "HPA"
)

// Latest returns the later of d and next, either of which may be nil; next of two that are equally late. An HPA may have decided
// between a change by the controller and its report.
func (d *Decision) Latest(next *Decision) *Decision {
	if next == nil || d != nil && next.Time.Before(&d.Time) {
		return d
	}
	return next
}
