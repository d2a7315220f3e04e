// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// hpaDecision is the latest change of the replicas by an HPA, as its status tells
// it, or nil if there is none after the last decision that is known. The status
// names the counts before and after only until the HPA looks again; then the count
// before is taken from the last decision.
func hpaDecision(h *autoscalingv2.HorizontalPodAutoscaler, last *v1alpha1.Decision) *v1alpha1.Decision {
	at := h.Status.LastScaleTime
	if at == nil || last != nil && !last.Time.Before(at) {
		return nil
	}
	d := &v1alpha1.Decision{
		Time: *at, From: h.Status.CurrentReplicas, To: h.Status.DesiredReplicas,
		By: v1alpha1.DecidedByHPA, Why: hpaReason(h),
	}
	if d.From == d.To && last != nil {
		d.From = last.To
	}
	if d.From == d.To {
		return nil // nothing to explain
	}
	return d
}

// hpaReason says what an HPA saw: each metric against its target, the one that asks
// for most first, what limited it, and its bounds.
func hpaReason(h *autoscalingv2.HorizontalPodAutoscaler) string {
	var seen []measurement
	for i := range h.Status.CurrentMetrics {
		if m, ok := measured(h, &h.Status.CurrentMetrics[i]); ok {
			seen = append(seen, m)
		}
	}
	slices.SortStableFunc(seen, func(a, b measurement) int { return cmp.Compare(b.load, a.load) })
	var parts []string
	for _, m := range seen {
		parts = append(parts, m.text)
	}
	for _, c := range h.Status.Conditions {
		if c.Type == autoscalingv2.ScalingLimited && c.Status == corev1.ConditionTrue {
			parts = append(parts, "limited: "+c.Reason+" ("+c.Message+")")
		}
	}
	if c := scalingActive(h); c != nil && c.Status == corev1.ConditionFalse && c.Reason != v1alpha1.ReasonScalingDisabled {
		parts = append(parts, "not every metric can be read: "+c.Message)
	}
	if len(parts) == 0 {
		parts = append(parts, "the HPA keeps the replicas within its bounds")
	}
	return fmt.Sprintf("%s (minReplicas %d, maxReplicas %d)", strings.Join(parts, "; "), minReplicas(h), h.Spec.MaxReplicas)
}

func minReplicas(h *autoscalingv2.HorizontalPodAutoscaler) int32 {
	if h.Spec.MinReplicas == nil {
		return 1
	}
	return *h.Spec.MinReplicas
}

// measurement is one metric against its target.
type measurement struct {
	text string
	load float64 // value divided by target: the HPA follows the highest
}

// measured matches what an HPA measured with the target in its spec. ok is false
// for a metric that could not be read.
func measured(h *autoscalingv2.HorizontalPodAutoscaler, status *autoscalingv2.MetricStatus) (m measurement, ok bool) {
	name, current := reading(status)
	for i := range h.Spec.Metrics {
		wanted, target := wish(&h.Spec.Metrics[i])
		if wanted != name || name == "" || h.Spec.Metrics[i].Type != status.Type {
			continue
		}
		return compare(name, current, target)
	}
	return measurement{}, false
}

func reading(s *autoscalingv2.MetricStatus) (name string, current autoscalingv2.MetricValueStatus) {
	switch {
	case s.External != nil:
		return s.External.Metric.Name, s.External.Current
	case s.Resource != nil:
		return string(s.Resource.Name), s.Resource.Current
	case s.ContainerResource != nil:
		return string(s.ContainerResource.Name) + " of container " + s.ContainerResource.Container, s.ContainerResource.Current
	}
	return "", autoscalingv2.MetricValueStatus{}
}

func wish(s *autoscalingv2.MetricSpec) (name string, target autoscalingv2.MetricTarget) {
	switch {
	case s.External != nil:
		return s.External.Metric.Name, s.External.Target
	case s.Resource != nil:
		return string(s.Resource.Name), s.Resource.Target
	case s.ContainerResource != nil:
		return string(s.ContainerResource.Name) + " of container " + s.ContainerResource.Container, s.ContainerResource.Target
	}
	return "", autoscalingv2.MetricTarget{}
}

// compare describes a value beside its target, in the unit of the target.
func compare(name string, current autoscalingv2.MetricValueStatus, target autoscalingv2.MetricTarget) (measurement, bool) {
	switch {
	case target.AverageUtilization != nil && current.AverageUtilization != nil:
		return measurement{
			text: fmt.Sprintf("%s averages %d%% of the requests, its target is %d%%", name, *current.AverageUtilization, *target.AverageUtilization),
			load: float64(*current.AverageUtilization) / max(1, float64(*target.AverageUtilization)),
		}, true
	case target.AverageValue != nil && current.AverageValue != nil:
		return measurement{
			text: fmt.Sprintf("%s averages %s per replica, its target is %s", name, decimal(current.AverageValue), decimal(target.AverageValue)),
			load: ratio(current.AverageValue, target.AverageValue),
		}, true
	case target.Value != nil && current.Value != nil:
		return measurement{
			text: fmt.Sprintf("%s is %s, its target is %s", name, decimal(current.Value), decimal(target.Value)),
			load: ratio(current.Value, target.Value),
		}, true
	}
	return measurement{}, false
}

func ratio(current, target *resource.Quantity) float64 {
	if target.IsZero() {
		return 0
	}
	return current.AsApproximateFloat64() / target.AsApproximateFloat64()
}

// decimal writes a quantity as people do: 9.4 rather than 9400m. Large amounts of
// memory keep their suffix.
func decimal(q *resource.Quantity) string {
	if q.Format == resource.BinarySI {
		return q.String()
	}
	return fmt.Sprintf("%.6g", q.AsApproximateFloat64())
}
