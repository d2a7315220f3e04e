// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package fallback answers in place of an event source that cannot be read:
// autoscale counts the attempts of each metric here and, once too many have
// failed in a row, asks for the replicas that spec.fallback wants and for the
// metric value that makes the HPA run them. Everything is pure; the counts live
// with the caller and, across restarts, in status.health.
package fallback

import (
	"fmt"
	"math"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// Health is how one metric has fared lately. The zero value is healthy.
type Health struct {
	// Failures counts the failed attempts since the last one that succeeded.
	Failures int32
}

// Observe counts one attempt. Each attempt is to be counted once, however many
// readers look at its sample.
func Observe(h Health, failed bool) Health {
	if !failed {
		return Health{}
	}
	if h.Failures < math.MaxInt32 {
		h.Failures++
	}
	return h
}

// Status is the health as status.health shows it.
func (h Health) Status() v1alpha1.HealthStatus {
	status := v1alpha1.HealthStatus{NumberOfFailures: &h.Failures, Status: v1alpha1.HealthStatusHappy}
	if h.Failures > 0 {
		status.Status = v1alpha1.HealthStatusFailing
	}
	return status
}

// FromStatus is the health that Status wrote.
func FromStatus(status v1alpha1.HealthStatus) Health {
	if status.NumberOfFailures == nil {
		return Health{}
	}
	return Health{Failures: max(0, *status.NumberOfFailures)}
}

// Engaged says that the fallback stands in: more attempts than failureThreshold
// failed in a row.
func Engaged(h Health, failureThreshold int32) bool { return h.Failures > failureThreshold }

// Replicas is the number of replicas that a fallback asks for. replicas is
// fallback.replicas, current the target's count now. Behavior scalingModifiers
// leaves the answer to the formula; where the formula has none, it is static.
func Replicas(behavior v1alpha1.FallbackBehavior, replicas, current int32) int32 {
	switch behavior {
	case v1alpha1.FallbackCurrentReplicas:
		return current
	case v1alpha1.FallbackCurrentReplicasIfHigher:
		return max(current, replicas)
	case v1alpha1.FallbackCurrentReplicasIfLower:
		return min(current, replicas)
	default:
		return replicas
	}
}

// Relative says that a behavior depends on how many replicas run at present.
func Relative(behavior v1alpha1.FallbackBehavior) bool {
	switch behavior {
	case v1alpha1.FallbackCurrentReplicas, v1alpha1.FallbackCurrentReplicasIfHigher, v1alpha1.FallbackCurrentReplicasIfLower:
		return true
	case v1alpha1.FallbackStatic, v1alpha1.FallbackScalingModifiers:
	}
	return false
}

// Value is the metric value for which the HPA runs a number of replicas. With
// AverageValue the HPA divides the value by the target; with Value it multiplies
// the ready pods by value ÷ target, so that without ready pods no value leads
// anywhere, which is an error. target need not be a whole number. The HPA knows it
// and the value to three decimals and rounds replicas up, so a thousandth too much
// would be a replica too many.
func Value(metricType autoscalingv2.MetricTargetType, target float64, replicas, readyPods int32) (float64, error) {
	const decimals = 1000
	thousandths := math.Round(target * decimals)
	if !(thousandths > 0) || math.IsInf(thousandths, 1) {
		return 0, fmt.Errorf("no value makes the HPA run %d replicas for a target of %v: set the trigger's target above 0", replicas, target)
	}
	if metricType != autoscalingv2.ValueMetricType {
		return thousandths * float64(replicas) / decimals, nil
	}
	if readyPods <= 0 {
		return 0, fmt.Errorf("no pod is ready, and a target of type Value is relative to the ready pods: use metricType AverageValue")
	}
	return math.Floor(thousandths*float64(replicas)/float64(readyPods)) / decimals, nil
}
