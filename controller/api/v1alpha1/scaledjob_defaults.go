// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PollInterval is the time between two looks at the triggers.
func (j *ScaledJob) PollInterval() time.Duration {
	return seconds(j.Spec.PollingInterval, DefaultPollingInterval)
}

// MinReplicas is the number of Jobs that always run: minReplicaCount, 0 when unset, never more than MaxReplicas.
func (j *ScaledJob) MinReplicas() int32 {
	return min(valueOr(j.Spec.MinReplicaCount, 0), j.MaxReplicas())
}

// MaxReplicas is maxReplicaCount, 100 when unset.
func (j *ScaledJob) MaxReplicas() int32 { return valueOr(j.Spec.MaxReplicaCount, DefaultMaxReplicas) }

// SuccessfulHistory is how many completed Jobs are kept.
func (j *ScaledJob) SuccessfulHistory() int32 {
	return valueOr(j.Spec.SuccessfulJobsHistoryLimit, DefaultJobsHistory)
}

// FailedHistory is how many failed Jobs are kept.
func (j *ScaledJob) FailedHistory() int32 {
	return valueOr(j.Spec.FailedJobsHistoryLimit, DefaultJobsHistory)
}

// RolloutStrategy resolves the deprecated spec.rolloutStrategy, which wins, and spec.rollout.strategy. Whatever is not gradual
// is immediate.
func (j *ScaledJob) RolloutStrategy() RolloutStrategy {
	strategy := j.Spec.RolloutStrategy
	if strategy == "" {
		strategy = valueOr(j.Spec.Rollout, Rollout{}).Strategy
	}
	if strategy == RolloutGradual {
		return RolloutGradual
	}
	return RolloutImmediate
}

// RolloutPropagation is how a rollout deletes Jobs, background when unset.
func (j *ScaledJob) RolloutPropagation() metav1.DeletionPropagation {
	if valueOr(j.Spec.Rollout, Rollout{}).PropagationPolicy == "foreground" {
		return metav1.DeletePropagationForeground
	}
	return metav1.DeletePropagationBackground
}

// JobScaling is a ScalingStrategy with its defaults resolved.
//
// +kubebuilder:object:generate=false
type JobScaling struct {
	Strategy ScalingStrategyType
	// Deduction is the number of messages that need no Job, for StrategyCustom.
	Deduction int32
	// RunningPercentage is the share of the running Jobs that is deducted, for StrategyCustom: 0.5 for a half.
	RunningPercentage float64
	// PendingPodConditions are the conditions that a pod must meet for its Job to count as started.
	PendingPodConditions []corev1.PodConditionType
	Calculation          MultipleScalersCalculation
}

// Scaling returns the scaling strategy with every default resolved: an unknown strategy and custom with a percentage that is
// not a number are default, an unknown calculation is max.
func (j *ScaledJob) Scaling() JobScaling {
	spec := valueOr(j.Spec.ScalingStrategy, ScalingStrategy{})
	scaling := JobScaling{
		Strategy:             StrategyDefault,
		Deduction:            valueOr(spec.CustomScalingQueueLengthDeduction, 0),
		Calculation:          CalculationMax,
		PendingPodConditions: spec.PendingPodConditions,
	}
	switch spec.Strategy {
	case StrategyAccurate, StrategyEager:
		scaling.Strategy = spec.Strategy
	case StrategyCustom:
		if percentage, err := spec.runningJobPercentage(); err == nil {
			scaling.Strategy, scaling.RunningPercentage = StrategyCustom, percentage
		}
	}
	switch spec.MultipleScalersCalculation {
	case CalculationMin, CalculationAvg, CalculationSum:
		scaling.Calculation = spec.MultipleScalersCalculation
	}
	return scaling
}

func (s ScalingStrategy) runningJobPercentage() (float64, error) {
	percentage, err := finite(s.CustomScalingRunningJobPercentage)
	if err != nil {
		return 0, fmt.Errorf("customScalingRunningJobPercentage %q is not a number", s.CustomScalingRunningJobPercentage)
	}
	return percentage, nil
}
