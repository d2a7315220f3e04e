// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// scaledHPA went from 5 replicas to 10 for a queue, while cpu was content.
func scaledHPA(at time.Time) *autoscalingv2.HorizontalPodAutoscaler {
	quantity := func(text string) *resource.Quantity { return new(resource.MustParse(text)) }
	metric := autoscalingv2.MetricIdentifier{Name: "s0-redis-orders"}
	return &autoscalingv2.HorizontalPodAutoscaler{
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			MaxReplicas: 10,
			Metrics: []autoscalingv2.MetricSpec{
				{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
					Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{AverageUtilization: new(int32(60))}}},
				{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{
					Metric: metric, Target: autoscalingv2.MetricTarget{AverageValue: quantity("5")}}},
			},
		},
		Status: autoscalingv2.HorizontalPodAutoscalerStatus{
			LastScaleTime: new(metav1.NewTime(at)), CurrentReplicas: 5, DesiredReplicas: 10,
			CurrentMetrics: []autoscalingv2.MetricStatus{
				{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricStatus{
					Name: corev1.ResourceCPU, Current: autoscalingv2.MetricValueStatus{AverageUtilization: new(int32(12)), AverageValue: quantity("120m")}}},
				{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricStatus{
					Metric: metric, Current: autoscalingv2.MetricValueStatus{AverageValue: quantity("9400m")}}},
			},
			Conditions: []autoscalingv2.HorizontalPodAutoscalerCondition{
				{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionTrue, Reason: "ValidMetricFound"},
				{Type: autoscalingv2.ScalingLimited, Status: corev1.ConditionTrue, Reason: "TooManyReplicas", Message: "the desired replica count is more than the maximum replica count"},
			},
		},
	}
}

// TestHPADecision: the HPA's decision names the metric that asks for most first,
// against its target, and what stood in its way.
//
// Covers: field ScaledObject.status.lastDecision.why
func TestHPADecision(t *testing.T) {
	noon := time.Date(2026, 8, 20, 12, 0, 0, 0, time.UTC)
	earlier := &v1alpha1.Decision{Time: metav1.NewTime(noon.Add(-time.Minute)), From: 0, To: 1, By: v1alpha1.DecidedByController}
	const why = "s0-redis-orders averages 9.4 per replica, its target is 5; cpu averages 12% of the requests, its target is 60%; " +
		"limited: TooManyReplicas (the desired replica count is more than the maximum replica count) (minReplicas 1, maxReplicas 10)"
	same := scaledHPA(noon)
	same.Status.CurrentReplicas = 10 // the HPA has looked again
	bare := scaledHPA(noon)
	bare.Spec.MinReplicas, bare.Status.CurrentMetrics, bare.Status.Conditions = new(int32(2)), nil, nil
	blind := scaledHPA(noon)
	blind.Status.CurrentMetrics[1] = autoscalingv2.MetricStatus{Type: autoscalingv2.ExternalMetricSourceType}
	blind.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{
		{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionFalse, Reason: "FailedGetExternalMetric", Message: "connection refused"},
	}
	for name, c := range map[string]struct {
		hpa  *autoscalingv2.HorizontalPodAutoscaler
		last *v1alpha1.Decision
		from int32
		why  string // "" is no decision
	}{
		"the first":                         {scaledHPA(noon), nil, 5, why},
		"after another":                     {scaledHPA(noon), earlier, 5, why},
		"known already":                     {scaledHPA(noon), &v1alpha1.Decision{Time: metav1.NewTime(noon)}, 0, ""},
		"superseded":                        {scaledHPA(noon), &v1alpha1.Decision{Time: metav1.NewTime(noon.Add(time.Second))}, 0, ""},
		"never scaled":                      {&autoscalingv2.HorizontalPodAutoscaler{}, nil, 0, ""},
		"seen late":                         {same, earlier, 1, why},
		"seen late, and nothing known":      {same, nil, 0, ""},
		"without metrics":                   {bare, nil, 5, "the HPA keeps the replicas within its bounds (minReplicas 2, maxReplicas 10)"},
		"with a metric that cannot be read": {blind, nil, 5, "cpu averages 12% of the requests, its target is 60%; not every metric can be read: connection refused (minReplicas 1, maxReplicas 10)"},
	} {
		t.Run(name, func(t *testing.T) {
			var want *v1alpha1.Decision
			if c.why != "" {
				want = &v1alpha1.Decision{Time: metav1.NewTime(noon), From: c.from, To: 10, By: v1alpha1.DecidedByHPA, Why: c.why}
			}
			if diff := cmp.Diff(want, hpaDecision(c.hpa, c.last)); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAtMaximum: an HPA that would go further says so, without the values that
// differ each time.
func TestAtMaximum(t *testing.T) {
	h := scaledHPA(time.Now())
	if _, _, message, _ := hpaCondition(h); message != "the HPA reads its metrics and would have more replicas if maxReplicaCount (10) let it" {
		t.Errorf("HPAActive says %q", message)
	}
	h.Status.Conditions[1].Reason = "TooFewReplicas"
	if _, _, message, _ := hpaCondition(h); message != "the HPA reads its metrics" {
		t.Errorf("HPAActive says %q", message)
	}
}
