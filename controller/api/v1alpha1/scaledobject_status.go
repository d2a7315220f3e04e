// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ScaledObjectStatus is what the controller last observed.
type ScaledObjectStatus struct {
	// Generation of the spec that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// Kind of the workload as group/version.Kind, for example apps/v1.Deployment.
	// +optional
	ScaleTargetKind string `json:"scaleTargetKind,omitempty"`
	// +optional
	ScaleTargetGVKR *GroupVersionKindResource `json:"scaleTargetGVKR,omitempty"`
	// Name of the workload that originalReplicaCount was noted for.
	// +optional
	ScaleTargetName string `json:"scaleTargetName,omitempty"`
	// Replicas of the workload when it was first seen.
	// +optional
	OriginalReplicaCount *int32 `json:"originalReplicaCount,omitempty"`
	// +optional
	LastActiveTime *metav1.Time `json:"lastActiveTime,omitempty"`
	// Names under which the external metrics API serves the triggers.
	// +optional
	ExternalMetricNames []string `json:"externalMetricNames,omitempty"`
	// +optional
	ResourceMetricNames []string `json:"resourceMetricNames,omitempty"`
	// Name of the combined metric when scalingModifiers are used.
	// +optional
	CompositeScalerName string `json:"compositeScalerName,omitempty"`
	// +optional
	Conditions Conditions `json:"conditions,omitempty"`
	// Failures per metric, kept while fallback is configured.
	// +optional
	Health map[string]HealthStatus `json:"health,omitempty"`
	// +optional
	TriggersActivity map[string]TriggerActivityStatus `json:"triggersActivity,omitempty"`
	// Replicas that a pause holds.
	// +optional
	PausedReplicaCount *int32 `json:"pausedReplicaCount,omitempty"`
	// +optional
	HpaName string `json:"hpaName,omitempty"`
	// Types of the triggers, joined by commas.
	// +optional
	TriggersTypes *string `json:"triggersTypes,omitempty"`
	// Names of the authentications, joined by commas.
	// +optional
	AuthenticationsTypes *string `json:"authenticationsTypes,omitempty"`
	// Why the workload has the replicas that it has: the last change that the controller or the HPA made. Absent until one of
	// them changed anything.
	// +optional
	LastDecision *Decision `json:"lastDecision,omitempty"`
}

// GroupVersionKindResource is the resolved type of a scale target.
type GroupVersionKindResource struct {
	Group    string `json:"group"`
	Version  string `json:"version"`
	Kind     string `json:"kind"`
	Resource string `json:"resource"`
}

// HealthStatus counts the failures of one metric.
type HealthStatus struct {
	// +optional
	NumberOfFailures *int32 `json:"numberOfFailures,omitempty"`
	// +optional
	Status HealthStatusType `json:"status,omitempty"`
}

// HealthStatusType is Happy or Failing.
type HealthStatusType string

// The values of HealthStatusType.
const (
	HealthStatusHappy   HealthStatusType = "Happy"
	HealthStatusFailing HealthStatusType = "Failing"
)

// TriggerActivityStatus tells whether one metric is above its activation threshold.
type TriggerActivityStatus struct {
	// +optional
	IsActive bool `json:"isActive"`
}
