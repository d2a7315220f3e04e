// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/autoscale"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/hpa"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/ownership"
)

// ensureHPA creates the HPA or brings it up to date in one request, and deletes
// one that had another name before.
func (r *ScaledObjects) ensureHPA(ctx context.Context, so *v1alpha1.ScaledObject, f *found) error {
	desired, err := hpa.Build(hpa.Input{Object: so, Target: f.plan.Target.GVK, Metrics: hpaMetrics(f.plan.Triggers), Version: r.Version})
	if err != nil {
		return err
	}
	if err := r.deleteHPAs(ctx, so, desired.Name); err != nil {
		return err
	}
	existing, err := r.currentHPA(ctx, desired)
	if err != nil {
		return fmt.Errorf("cannot read HorizontalPodAutoscaler %s/%s: %w", desired.Namespace, desired.Name, err)
	}
	f.hpa = new("") // any other was deleted
	if existing == nil {
		if err := r.Client.Create(ctx, desired); err != nil {
			return fmt.Errorf("cannot create HorizontalPodAutoscaler %s/%s: %w", desired.Namespace, desired.Name, err)
		}
		f.hpa = new(desired.Name)
		return nil
	}
	if err := mayAdopt(so, existing); err != nil {
		return err
	}
	f.hpa = new(desired.Name)
	if !existing.DeletionTimestamp.IsZero() || !hpa.NeedsUpdate(existing, desired) {
		return nil // one that is being deleted is made anew when it is gone
	}
	err = r.Client.Update(ctx, hpa.Apply(existing, desired))
	if apierrors.IsNotFound(err) {
		err = r.Client.Create(ctx, desired) // the cache has yet to hear that it is gone
	}
	if err != nil {
		return fmt.Errorf("cannot update HorizontalPodAutoscaler %s/%s: %w", desired.Namespace, desired.Name, err)
	}
	return nil
}

// currentHPA reads the HPA of that name, nil when there is none. One that was just
// created is not in the cache yet, so its absence there is looked into.
func (r *ScaledObjects) currentHPA(ctx context.Context, desired *autoscalingv2.HorizontalPodAutoscaler) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	for _, reader := range []client.Reader{r.Client, r.Live} {
		var existing autoscalingv2.HorizontalPodAutoscaler
		err := reader.Get(ctx, client.ObjectKeyFromObject(desired), &existing)
		if err == nil || !apierrors.IsNotFound(err) {
			return &existing, err
		}
	}
	return nil, nil
}

// mayAdopt refuses an HPA that the ScaledObject did not make and was not told to
// take over.
func mayAdopt(so *v1alpha1.ScaledObject, existing *autoscalingv2.HorizontalPodAutoscaler) error {
	owner := metav1.GetControllerOf(existing)
	switch {
	case so.TransfersHPAOwnership(), existing.Annotations[v1alpha1.AnnotationValidateHPAOwnership] == "false":
		return nil
	case owner == nil:
		return fmt.Errorf("HorizontalPodAutoscaler %s/%s exists and was not made for this ScaledObject: delete it, take it over with the annotation %s, or choose another spec.advanced.horizontalPodAutoscalerConfig.name",
			existing.Namespace, existing.Name, v1alpha1.AnnotationTransferHPAOwnership)
	case owner.Kind == v1alpha1.KindScaledObject && owner.Name == so.Name:
		return nil // ours, or of an object of this name that is gone
	}
	return fmt.Errorf("HorizontalPodAutoscaler %s/%s belongs to %s %s: choose another spec.advanced.horizontalPodAutoscalerConfig.name",
		existing.Namespace, existing.Name, owner.Kind, owner.Name)
}

// deleteHPAs deletes the HPAs of a ScaledObject but for the one to keep; an empty
// name keeps none. One that is not as the cache shows it may be somebody else's by
// now, and is a conflict.
func (r *ScaledObjects) deleteHPAs(ctx context.Context, so *v1alpha1.ScaledObject, keep string) error {
	owned, err := ownership.HPAs(ctx, r.Client, so)
	if err != nil {
		return err
	}
	for _, h := range owned {
		if h.Name == keep || !h.DeletionTimestamp.IsZero() {
			continue
		}
		unchanged := client.Preconditions{UID: &h.UID, ResourceVersion: &h.ResourceVersion}
		if err := r.Client.Delete(ctx, h.DeepCopy(), unchanged); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("cannot delete HorizontalPodAutoscaler %s/%s: %w", h.Namespace, h.Name, err)
		}
	}
	return nil
}

// removeHPA deletes the HPAs of a ScaledObject that is to have none.
func (r *ScaledObjects) removeHPA(ctx context.Context, so *v1alpha1.ScaledObject, f *found) error {
	if err := r.deleteHPAs(ctx, so, ""); err != nil {
		return err
	}
	f.hpa = new("")
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
