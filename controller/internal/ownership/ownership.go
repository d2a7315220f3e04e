// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package ownership finds out who else scales a ScaledObject's target: another
// ScaledObject, or an HPA that is not ours. Two autoscalers on one workload fight
// without end, so the reconciler and the admission webhook both refuse it.
package ownership

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// Check looks for others that scale the ScaledObject's target or claim the name
// of its HPA, and returns them as violations. A ScaledObject for which counts is
// false is passed over, together with its HPA; the ScaledObject itself always is.
// A paused object that holds no count is in nobody's way. The reader's cache must have
// been given the fields of Index.
func Check(ctx context.Context, reader client.Reader, so *v1alpha1.ScaledObject, counts func(other *v1alpha1.ScaledObject) bool) (v1alpha1.Violations, error) {
	target, err := so.Spec.ScaleTargetRef.GroupVersionKind()
	if err != nil {
		return nil, nil //nolint:nilerr // validation reports it
	}
	if pause, _ := so.Pause(); pause.Paused && pause.Replicas == nil {
		return nil, nil
	}
	others, err := Rivals(ctx, reader, so)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(others, func(a, b *v1alpha1.ScaledObject) int { return cmp.Compare(a.Name, b.Name) })
	var found v1alpha1.Violations
	for _, other := range others {
		if counts(other) {
			found = append(found, rival(so, other, target)...)
		}
	}
	var hpas autoscalingv2.HorizontalPodAutoscalerList
	err = reader.List(ctx, &hpas, client.InNamespace(so.Namespace),
		client.MatchingFields{byTarget: targetKey(target.GroupKind(), so.Spec.ScaleTargetRef.Name)}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("cannot list HorizontalPodAutoscalers: %w", err)
	}
	for i := range hpas.Items {
		if h := &hpas.Items[i]; !slices.ContainsFunc(others, func(other *v1alpha1.ScaledObject) bool { return metav1.IsControlledBy(h, other) }) {
			found = append(found, foreign(so, h)...)
		}
	}
	return found, nil
}

// Older says that a was there before b; names decide between objects of one
// second.
func Older(a, b client.Object) bool {
	at, bt := a.GetCreationTimestamp(), b.GetCreationTimestamp()
	if at.Equal(&bt) {
		return a.GetName() < b.GetName()
	}
	return at.Before(&bt)
}

var (
	targetPath  = v1alpha1.Path{"spec", "scaleTargetRef"}
	hpaNamePath = v1alpha1.Path{"spec", "advanced", "horizontalPodAutoscalerConfig", "name"}
)

func rival(so, other *v1alpha1.ScaledObject, target schema.GroupVersionKind) v1alpha1.Violations {
	if slices.Equal(TargetOf(so), TargetOf(other)) {
		return violation(v1alpha1.ReasonOtherScaledObject, targetPath,
			"names %s %s, which ScaledObject %s/%s already scales; delete one of the two", target.Kind, so.Spec.ScaleTargetRef.Name, other.Namespace, other.Name)
	}
	return violation(v1alpha1.ReasonOtherScaledObjectHPA, hpaNamePath,
		"stands for HorizontalPodAutoscaler %s, which belongs to ScaledObject %s/%s; choose another name", so.HPAName(), other.Namespace, other.Name)
}

// foreign looks at an HPA of the target. One that is ours, or that its owner or
// the ScaledObject releases by annotation, is no conflict.
func foreign(so *v1alpha1.ScaledObject, hpa *autoscalingv2.HorizontalPodAutoscaler) v1alpha1.Violations {
	owner := metav1.GetControllerOf(hpa)
	ours := owner != nil && owner.Kind == v1alpha1.KindScaledObject && owner.Name == so.Name
	taken := so.TransfersHPAOwnership() && hpa.Name == so.HPAName()
	if ours || taken || hpa.Annotations[v1alpha1.AnnotationValidateHPAOwnership] == "false" {
		return nil
	}
	by := ""
	if owner != nil {
		by = fmt.Sprintf(" of %s %s", owner.Kind, owner.Name)
	}
	reason := v1alpha1.ReasonOtherHPA
	if so.TransfersHPAOwnership() && so.HPAName() == v1alpha1.HPANamePrefix+so.Name {
		reason = v1alpha1.ReasonTransferWithoutHPAName // it was to be taken over, but not said which
	}
	return violation(reason, targetPath,
		"names %s %s, which HorizontalPodAutoscaler %s/%s%s already scales; delete that one, or take it over with the annotation %s: \"true\" and %s: %s",
		hpa.Spec.ScaleTargetRef.Kind, hpa.Spec.ScaleTargetRef.Name, hpa.Namespace, hpa.Name, by, v1alpha1.AnnotationTransferHPAOwnership, hpaNamePath, hpa.Name)
}

func violation(reason v1alpha1.Reason, path v1alpha1.Path, format string, args ...any) v1alpha1.Violations {
	return v1alpha1.Violations{{Path: path, Severity: v1alpha1.Unworkable, Reason: reason, Message: fmt.Sprintf(format, args...)}}
}
