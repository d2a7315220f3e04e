// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package ownership

import (
	"context"
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// The fields by which the cache finds who scales what. Without them each check
// would look at every object of a namespace, and a thousand of them a million
// times.
const (
	// byTarget is the scale target of ScaledObjects and HPAs.
	byTarget = "scaleTarget"
	// byHPAName is the name of a ScaledObject's HPA.
	byHPAName = "hpaName"
	// byOwner is the name of the ScaledObject that controls an HPA.
	byOwner = "scaledObject"
)

// Index adds the fields to a cache, before it starts.
func Index(ctx context.Context, indexer client.FieldIndexer) error {
	for _, field := range []struct {
		object client.Object
		name   string
		value  func(client.Object) []string
	}{
		{&v1alpha1.ScaledObject{}, byTarget, TargetOf},
		{&v1alpha1.ScaledObject{}, byHPAName, hpaNameOf},
		{&autoscalingv2.HorizontalPodAutoscaler{}, byTarget, TargetOf},
		{&autoscalingv2.HorizontalPodAutoscaler{}, byOwner, ownerOf},
	} {
		if err := indexer.IndexField(ctx, field.object, field.name, field.value); err != nil {
			return fmt.Errorf("index of %T by %s: %w", field.object, field.name, err)
		}
	}
	return nil
}

// TargetOf names what a ScaledObject or an HPA scales, in a form that is equal for
// equal targets: versions of an API do not matter. What names no valid target has
// none.
func TargetOf(object client.Object) []string {
	switch o := object.(type) {
	case *v1alpha1.ScaledObject:
		if o.Spec.ScaleTargetRef == nil {
			return nil
		}
		if gvk, err := o.Spec.ScaleTargetRef.GroupVersionKind(); err == nil {
			return []string{targetKey(gvk.GroupKind(), o.Spec.ScaleTargetRef.Name)}
		}
	case *autoscalingv2.HorizontalPodAutoscaler:
		ref := o.Spec.ScaleTargetRef
		if gv, err := schema.ParseGroupVersion(ref.APIVersion); err == nil {
			return []string{targetKey(gv.WithKind(ref.Kind).GroupKind(), ref.Name)}
		}
	}
	return nil
}

func targetKey(kind schema.GroupKind, name string) string { return kind.String() + "/" + name }

func hpaNameOf(object client.Object) []string {
	if o, ok := object.(*v1alpha1.ScaledObject); ok {
		return []string{o.HPAName()}
	}
	return nil
}

func ownerOf(object client.Object) []string {
	owner := metav1.GetControllerOf(object)
	if owner == nil || owner.Kind != v1alpha1.KindScaledObject {
		return nil
	}
	return []string{owner.Name}
}

// HPAs lists the HPAs that a ScaledObject controls. They must not be changed.
func HPAs(ctx context.Context, reader client.Reader, so *v1alpha1.ScaledObject) ([]*autoscalingv2.HorizontalPodAutoscaler, error) {
	var list autoscalingv2.HorizontalPodAutoscalerList
	err := reader.List(ctx, &list, client.InNamespace(so.Namespace), client.MatchingFields{byOwner: so.Name}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("cannot list HorizontalPodAutoscalers: %w", err)
	}
	var owned []*autoscalingv2.HorizontalPodAutoscaler
	for i := range list.Items {
		if metav1.IsControlledBy(&list.Items[i], so) {
			owned = append(owned, &list.Items[i])
		}
	}
	return owned, nil
}

// Rivals lists the other ScaledObjects of the namespace that scale the same
// target as a ScaledObject or an HPA, or, of a ScaledObject, that claim the same
// HPA. They must not be changed.
func Rivals(ctx context.Context, reader client.Reader, object client.Object) ([]*v1alpha1.ScaledObject, error) {
	var rivals []*v1alpha1.ScaledObject
	seen := map[string]bool{}
	if o, ok := object.(*v1alpha1.ScaledObject); ok {
		seen[o.Name] = true
	}
	for field, values := range map[string][]string{byTarget: TargetOf(object), byHPAName: hpaNameOf(object)} {
		for _, value := range values {
			var list v1alpha1.ScaledObjectList
			err := reader.List(ctx, &list, client.InNamespace(object.GetNamespace()), client.MatchingFields{field: value}, client.UnsafeDisableDeepCopy)
			if err != nil {
				return nil, fmt.Errorf("cannot list ScaledObjects: %w", err)
			}
			for i := range list.Items {
				if o := &list.Items[i]; !seen[o.Name] {
					seen[o.Name] = true
					rivals = append(rivals, o)
				}
			}
		}
	}
	return rivals, nil
}
