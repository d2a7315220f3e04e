// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package workload reads scale targets: anything in a namespace that has a
// /scale subresource. It resolves a ScaledObject's scaleTargetRef to a resource,
// reads the replica count and the pod template, and counts ready pods. It reads
// only; writing is actuate's.
package workload

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// Ref is a resolved scale target.
type Ref struct {
	// Namespace and Name are the target's.
	Namespace, Name string
	// GVK and Resource are its type.
	GVK      schema.GroupVersionKind
	Resource string
}

// String names the target as users know it: "Deployment default/consumer".
func (r Ref) String() string { return r.GVK.Kind + " " + r.Namespace + "/" + r.Name }

// Reader reads scale targets.
type Reader struct {
	// Cache answers from informers; it is used for the kinds whose replica
	// count the controller's cache keeps, and for pods.
	Cache client.Reader
	// Live asks the API server.
	Live client.Client
}

// Resolve finds the resource behind a scaleTargetRef and checks that the target
// exists and can be scaled. It returns the target and its current scale.
func (r *Reader) Resolve(ctx context.Context, namespace string, target *v1alpha1.ScaleTarget) (Ref, *autoscalingv1.Scale, error) {
	gvk, err := target.GroupVersionKind()
	if err != nil {
		return Ref{}, nil, err
	}
	ref := Ref{Namespace: namespace, Name: target.Name, GVK: gvk}
	mapping, err := r.Live.RESTMapper().RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return ref, nil, fmt.Errorf("the cluster does not know the kind of spec.scaleTargetRef, %s in %s: install what defines it, or correct the reference: %w", gvk.Kind, gvk.GroupVersion(), err)
	}
	ref.Resource = mapping.Resource.Resource
	scale, err := r.scale(ctx, ref)
	switch {
	case apierrors.IsNotFound(err):
		return ref, nil, r.missing(ctx, ref, err)
	case apierrors.IsForbidden(err):
		return ref, nil, fmt.Errorf("the controller may not scale %s: name %s.%s among the kinds that it may scale when installing it: %w", ref, ref.Resource, gvk.Group, err)
	case err != nil:
		return ref, nil, fmt.Errorf("cannot read the scale of %s: %w", ref, err)
	}
	return ref, scale, nil
}

// missing says why a target has no scale: it does not exist, or its kind cannot be
// scaled.
func (r *Reader) missing(ctx context.Context, ref Ref, err error) error {
	target := &metav1.PartialObjectMetadata{}
	target.SetGroupVersionKind(ref.GVK)
	if r.Live.Get(ctx, client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}, target) == nil {
		return fmt.Errorf("%s has no /scale subresource and cannot be scaled: name a workload that has one in spec.scaleTargetRef, for example a Deployment: %w", ref, err)
	}
	return fmt.Errorf("%s does not exist: create it, or correct spec.scaleTargetRef: %w", ref, err)
}

// Replicas is the target's current spec.replicas.
func (r *Reader) Replicas(ctx context.Context, ref Ref) (int32, error) {
	key := client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}
	switch ref.GVK {
	case appsv1.SchemeGroupVersion.WithKind("Deployment"):
		var d appsv1.Deployment
		if err := r.Cache.Get(ctx, key, &d); err != nil {
			return 0, fmt.Errorf("cannot read the replicas of %s: %w", ref, err)
		}
		return replicas(d.Spec.Replicas), nil
	case appsv1.SchemeGroupVersion.WithKind("StatefulSet"):
		var s appsv1.StatefulSet
		if err := r.Cache.Get(ctx, key, &s); err != nil {
			return 0, fmt.Errorf("cannot read the replicas of %s: %w", ref, err)
		}
		return replicas(s.Spec.Replicas), nil
	}
	scale, err := r.scale(ctx, ref)
	if err != nil {
		return 0, fmt.Errorf("cannot read the replicas of %s: %w", ref, err)
	}
	return scale.Spec.Replicas, nil
}

// replicas applies the API's default of 1.
func replicas(n *int32) int32 {
	if n == nil {
		return 1
	}
	return *n
}

func (r *Reader) scale(ctx context.Context, ref Ref) (*autoscalingv1.Scale, error) {
	// The target may be of any kind, so the client works on untyped objects.
	raw := &unstructured.Unstructured{}
	raw.SetGroupVersionKind(autoscalingv1.SchemeGroupVersion.WithKind("Scale"))
	if err := r.Live.SubResource("scale").Get(ctx, object(ref), raw); err != nil {
		return nil, err
	}
	scale := &autoscalingv1.Scale{}
	return scale, runtime.DefaultUnstructuredConverter.FromUnstructured(raw.Object, scale)
}

// object is an empty object of the target's type, for calls that need only its
// name and kind.
func object(ref Ref) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(ref.GVK)
	u.SetNamespace(ref.Namespace)
	u.SetName(ref.Name)
	return u
}

// PodTemplate is the target's spec.template, where it has one: parameters and
// identities may come from its containers and its service account. A target
// without a pod template gives nil.
func (r *Reader) PodTemplate(ctx context.Context, ref Ref) (*corev1.PodTemplateSpec, error) {
	u := object(ref)
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(u), u); err != nil {
		return nil, fmt.Errorf("cannot read the pod template of %s: %w", ref, err)
	}
	raw, found, err := unstructured.NestedMap(u.Object, "spec", "template")
	if err != nil || !found {
		return nil, nil //nolint:nilerr // a spec.template that is no object is no pod template
	}
	template := &corev1.PodTemplateSpec{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, template); err != nil {
		return nil, fmt.Errorf("spec.template of %s is not a pod template: %w", ref, err)
	}
	return template, nil
}

// ReadyPods counts the target's ready pods, by the selector of its scale.
func (r *Reader) ReadyPods(ctx context.Context, ref Ref) (int32, error) {
	scale, err := r.scale(ctx, ref)
	if err != nil {
		return 0, fmt.Errorf("cannot read the scale of %s: %w", ref, err)
	}
	selector, err := labels.Parse(scale.Status.Selector)
	if err != nil {
		return 0, fmt.Errorf("selector of %s: %w", ref, err)
	}
	var pods corev1.PodList
	if err := r.Cache.List(ctx, &pods, client.InNamespace(ref.Namespace), client.MatchingLabelsSelector{Selector: selector}); err != nil {
		return 0, fmt.Errorf("cannot list the pods of %s: %w", ref, err)
	}
	var ready int32
	for i := range pods.Items {
		if PodReady(&pods.Items[i]) {
			ready++
		}
	}
	return ready, nil
}

// PodReady says whether a pod's Ready condition is true.
func PodReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// IsMissing says that an error means that the target or its kind does not exist.
func IsMissing(err error) bool {
	return apierrors.IsNotFound(err) || meta.IsNoMatchError(err)
}
