// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import autoscalingv2 "k8s.io/api/autoscaling/v2"

// ScaleTrigger is one event source. ScaledObjects and ScaledJobs share it.
type ScaleTrigger struct {
	// Type of the event source, for example redis.
	// +kubebuilder:validation:MinLength=1
	Type string `json:"type"`
	// Name within the object, used by formulas and as label of metrics.
	// +optional
	Name string `json:"name,omitempty"`
	// Let the HorizontalPodAutoscaler see the value of the last poll instead of a fresh one.
	// +optional
	UseCachedMetrics bool `json:"useCachedMetrics,omitempty"`
	// Parameters of the event source; all values are strings.
	Metadata map[string]string `json:"metadata"`
	// +optional
	AuthenticationRef *AuthenticationRef `json:"authenticationRef,omitempty"`
	// AverageValue (default), Value or Utilization (cpu and memory only).
	// +optional
	MetricType autoscalingv2.MetricTargetType `json:"metricType,omitempty"`
}

// AuthenticationRef points to a TriggerAuthentication of the same namespace or to a ClusterTriggerAuthentication.
type AuthenticationRef struct {
	Name string `json:"name"`
	// TriggerAuthentication (default) or ClusterTriggerAuthentication.
	// +optional
	// +kubebuilder:validation:Enum=TriggerAuthentication;ClusterTriggerAuthentication
	Kind string `json:"kind,omitempty"`
}
