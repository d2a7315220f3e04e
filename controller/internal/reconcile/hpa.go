// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"fmt"
	"reflect"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/autoscale"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/hpa"
)

// ensureHPA creates the HPA or brings it up to date in one request, and deletes
// one that had another name before.
func (r *ScaledObjects) ensureHPA(ctx context.Context, so *v1alpha1.ScaledObject, f *found) error {
	desired, err := hpa.Build(hpa.Input{Object: so, Target: f.plan.Target.GVK, Metrics: hpaMetrics(f.plan.Triggers), Version: r.Version})
	if err != nil {
		return misconfigured(err)
	}
	if err := r.deleteHPAs(ctx, so, desired.Name); err != nil {
		return err
	}
	var existing autoscalingv2.HorizontalPodAutoscaler
	err = r.Client.Get(ctx, client.ObjectKeyFromObject(desired), &existing)
	switch {
	case apierrors.IsNotFound(err):
		return r.createHPA(ctx, desired)
	case err != nil:
		return fmt.Errorf("cannot read HorizontalPodAutoscaler %s/%s: %w", desired.Namespace, desired.Name, err)
	}
	if !metav1.IsControlledBy(&existing, so) && !so.TransfersHPAOwnership() && metav1.GetControllerOf(&existing) != nil {
		return misconfigured(fmt.Errorf("HorizontalPodAutoscaler %s/%s belongs to %s %s: choose another spec.advanced.horizontalPodAutoscalerConfig.name",
			existing.Namespace, existing.Name, metav1.GetControllerOf(&existing).Kind, metav1.GetControllerOf(&existing).Name))
	}
	f.hpa = &existing
	if !hpa.NeedsUpdate(&existing, desired) {
		return nil
	}
	if err := r.Client.Update(ctx, hpa.Apply(&existing, desired)); err != nil {
		return fmt.Errorf("cannot update HorizontalPodAutoscaler %s/%s: %w", desired.Namespace, desired.Name, err)
	}
	return nil
}

// createHPA tolerates an HPA that the cache does not show yet: its event brings
// the object back.
func (r *ScaledObjects) createHPA(ctx context.Context, desired *autoscalingv2.HorizontalPodAutoscaler) error {
	if err := r.Client.Create(ctx, desired); err != nil {
		return fmt.Errorf("cannot create HorizontalPodAutoscaler %s/%s: %w", desired.Namespace, desired.Name, err)
	}
	return nil
}

// deleteHPAs deletes the HPAs of a ScaledObject but for the one to keep; an empty
// name keeps none.
func (r *ScaledObjects) deleteHPAs(ctx context.Context, so *v1alpha1.ScaledObject, keep string) error {
	var hpas autoscalingv2.HorizontalPodAutoscalerList
	if err := r.Client.List(ctx, &hpas, client.InNamespace(so.Namespace)); err != nil {
		return fmt.Errorf("cannot list HorizontalPodAutoscalers: %w", err)
	}
	for i := range hpas.Items {
		h := &hpas.Items[i]
		if h.Name == keep || !metav1.IsControlledBy(h, so) {
			continue
		}
		if err := r.Client.Delete(ctx, h); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("cannot delete HorizontalPodAutoscaler %s/%s: %w", h.Namespace, h.Name, err)
		}
	}
	return nil
}

// hpaMetrics are the metrics of all triggers, as the HPA wants them.
func hpaMetrics(triggers []autoscale.Trigger) []hpa.Metric {
	var metrics []hpa.Metric
	for i := range triggers {
		t := &triggers[i]
		if t.Resource != nil {
			metrics = append(metrics, hpa.Metric{Type: t.MetricType, Resource: t.Resource})
		}
		for _, m := range t.Metrics {
			metrics = append(metrics, hpa.Metric{Name: m.FullName, Target: m.Target, Integer: m.Integer, Type: t.MetricType})
		}
	}
	return metrics
}

// hpaCondition mirrors the HPA's own ScalingActive: whether it can read its
// metrics. ok is false while the HPA has not said anything.
func hpaCondition(h *autoscalingv2.HorizontalPodAutoscaler) (status metav1.ConditionStatus, reason, message string, ok bool) {
	if h == nil {
		return "", "", "", false
	}
	c := scalingActive(h)
	switch {
	case c == nil:
		return "", "", "", false
	case c.Status == corev1.ConditionTrue:
		return metav1.ConditionTrue, v1alpha1.ReasonHPAActive, "the HPA reads its metrics", true
	case c.Reason == v1alpha1.ReasonScalingDisabled:
		return metav1.ConditionTrue, v1alpha1.ReasonScalingDisabled, "the target is scaled to zero", true
	case c.Reason == "":
		return metav1.ConditionFalse, v1alpha1.ReasonHPAMetricsUnavailable, c.Message, true
	default:
		return metav1.ConditionFalse, c.Reason, c.Message, true
	}
}

func scalingActive(h *autoscalingv2.HorizontalPodAutoscaler) *autoscalingv2.HorizontalPodAutoscalerCondition {
	for i := range h.Status.Conditions {
		if c := &h.Status.Conditions[i]; c.Type == autoscalingv2.ScalingActive {
			return c
		}
	}
	return nil
}

// scalingActiveChanged says whether an HPA's view of its metrics changed.
func scalingActiveChanged(a, b *autoscalingv2.HorizontalPodAutoscaler) bool {
	statusA, reasonA, _, okA := hpaCondition(a)
	statusB, reasonB, _, okB := hpaCondition(b)
	return okA != okB || statusA != statusB || reasonA != reasonB
}

func specChanged(a, b *autoscalingv2.HorizontalPodAutoscaler) bool {
	return !reflect.DeepEqual(a.Spec, b.Spec)
}
