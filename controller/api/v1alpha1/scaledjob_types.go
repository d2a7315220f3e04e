// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ScaledJob starts Jobs as events arrive.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=scaledjobs,scope=Namespaced,shortName=sj
// +kubebuilder:printcolumn:name="Min",type="integer",JSONPath=".spec.minReplicaCount"
// +kubebuilder:printcolumn:name="Max",type="integer",JSONPath=".spec.maxReplicaCount"
// +kubebuilder:printcolumn:name="Ready",type="string",JSONPath=".status.conditions[?(@.type==\"Ready\")].status"
// +kubebuilder:printcolumn:name="Active",type="string",JSONPath=".status.conditions[?(@.type==\"Active\")].status"
// +kubebuilder:printcolumn:name="Paused",type="string",JSONPath=".status.conditions[?(@.type==\"Paused\")].status"
// +kubebuilder:printcolumn:name="Triggers",type="string",JSONPath=".status.triggersTypes"
// +kubebuilder:printcolumn:name="Authentications",type="string",JSONPath=".status.authenticationsTypes"
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp"
type ScaledJob struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ScaledJobSpec   `json:"spec,omitempty"`
	Status ScaledJobStatus `json:"status,omitempty"`
}

// ScaledJobList is a list of ScaledJobs.
//
// +kubebuilder:object:root=true
type ScaledJobList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ScaledJob `json:"items"`
}

// ScaledJobSpec says which Job to start, how many at a time, and by which triggers.
type ScaledJobSpec struct {
	// Template of the Jobs; an empty restartPolicy becomes OnFailure.
	JobTargetRef *batchv1.JobSpec `json:"jobTargetRef"`
	// Seconds between two looks at the triggers. Default 30.
	// +optional
	// +kubebuilder:validation:Minimum=1
	PollingInterval *int32 `json:"pollingInterval,omitempty"`
	// Completed Jobs to keep. Default 100.
	// +optional
	// +kubebuilder:validation:Minimum=0
	SuccessfulJobsHistoryLimit *int32 `json:"successfulJobsHistoryLimit,omitempty"`
	// Failed Jobs to keep. Default 100.
	// +optional
	// +kubebuilder:validation:Minimum=0
	FailedJobsHistoryLimit *int32 `json:"failedJobsHistoryLimit,omitempty"`
	// Deprecated: use rollout.strategy, which this overrides.
	// +optional
	RolloutStrategy RolloutStrategy `json:"rolloutStrategy,omitempty"`
	// +optional
	Rollout *Rollout `json:"rollout,omitempty"`
	// Container whose environment feeds parameters ending in FromEnv. Default: the first container.
	// +optional
	EnvSourceContainerName string `json:"envSourceContainerName,omitempty"`
	// Jobs that always run. Default 0.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MinReplicaCount *int32 `json:"minReplicaCount,omitempty"`
	// Most Jobs at a time. Default 100.
	// +optional
	// +kubebuilder:validation:Minimum=1
	MaxReplicaCount *int32 `json:"maxReplicaCount,omitempty"`
	// +optional
	ScalingStrategy *ScalingStrategy `json:"scalingStrategy,omitempty"`
	// +kubebuilder:validation:MinItems=1
	Triggers []ScaleTrigger `json:"triggers"`
}

// RolloutStrategy says what a change of the spec does to running Jobs.
type RolloutStrategy string

// The rollout strategies; immediate, which deletes running Jobs, is the default.
const (
	RolloutGradual   RolloutStrategy = "gradual"
	RolloutImmediate RolloutStrategy = "immediate"
)

// Rollout says what a change of the spec does to Jobs of earlier generations.
type Rollout struct {
	// immediate (default) or gradual.
	// +optional
	// +kubebuilder:validation:Enum=gradual;immediate
	Strategy RolloutStrategy `json:"strategy,omitempty"`
	// How the Jobs are deleted: background (default) or foreground.
	// +optional
	// +kubebuilder:validation:Enum=foreground;background
	PropagationPolicy string `json:"propagationPolicy,omitempty"`
}

// ScalingStrategyType names a rule for the number of Jobs to start.
type ScalingStrategyType string

// The scaling strategies.
const (
	StrategyDefault  ScalingStrategyType = "default"
	StrategyCustom   ScalingStrategyType = "custom"
	StrategyAccurate ScalingStrategyType = "accurate"
	StrategyEager    ScalingStrategyType = "eager"
)

// MultipleScalersCalculation says how the queue lengths of several triggers are combined.
type MultipleScalersCalculation string

// The combinations; max is the default.
const (
	CalculationMax MultipleScalersCalculation = "max"
	CalculationMin MultipleScalersCalculation = "min"
	CalculationAvg MultipleScalersCalculation = "avg"
	CalculationSum MultipleScalersCalculation = "sum"
)

// ScalingStrategy says how many Jobs a queue length starts.
type ScalingStrategy struct {
	// default, custom, accurate or eager.
	// +optional
	Strategy ScalingStrategyType `json:"strategy,omitempty"`
	// For custom: messages that need no Job.
	// +optional
	CustomScalingQueueLengthDeduction *int32 `json:"customScalingQueueLengthDeduction,omitempty"`
	// For custom: number; share of the running Jobs that is deducted.
	// +optional
	CustomScalingRunningJobPercentage string `json:"customScalingRunningJobPercentage,omitempty"`
	// Conditions that a pod must meet for its Job to count as started.
	// +optional
	PendingPodConditions []corev1.PodConditionType `json:"pendingPodConditions,omitempty"`
	// max (default), min, avg or sum.
	// +optional
	MultipleScalersCalculation MultipleScalersCalculation `json:"multipleScalersCalculation,omitempty"`
}

// ScaledJobStatus is what the controller last observed.
type ScaledJobStatus struct {
	// Generation of the spec that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// +optional
	LastActiveTime *metav1.Time `json:"lastActiveTime,omitempty"`
	// +optional
	Conditions Conditions `json:"conditions,omitempty"`
	// Kept for manifests that carry it; the Paused condition is what counts.
	// +optional
	Paused string `json:"Paused,omitempty"`
	// +optional
	ExternalMetricNames []string `json:"externalMetricNames,omitempty"`
	// +optional
	TriggersActivity map[string]TriggerActivityStatus `json:"triggersActivity,omitempty"`
	// Types of the triggers, joined by commas.
	// +optional
	TriggersTypes *string `json:"triggersTypes,omitempty"`
	// Names of the authentications, joined by commas.
	// +optional
	AuthenticationsTypes *string `json:"authenticationsTypes,omitempty"`
	// Why Jobs were created the last time: running Jobs before and after, and what asked for them.
	// +optional
	LastDecision *Decision `json:"lastDecision,omitempty"`
}
