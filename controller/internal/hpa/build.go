// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package hpa builds the HorizontalPodAutoscaler of a ScaledObject, which scales
// the target between max(1, minReplicaCount) and maxReplicaCount by the metrics
// that the metrics adapters serve. In come the object, its resolved target and
// its metrics; out goes the HPA as it should be, or what is to change in the one
// that exists. reconcile reads and writes it; nothing is read or written here.
package hpa

import (
	"errors"
	"maps"
	"slices"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// Input is everything that an HPA is built from.
type Input struct {
	// Object is the ScaledObject; it is not changed.
	Object *v1alpha1.ScaledObject
	// Target is the resolved type of spec.scaleTargetRef.
	Target schema.GroupVersionKind
	// Metrics are those of all triggers, in their order.
	Metrics []Metric
	// Version is the controller's, for the label app.kubernetes.io/version.
	Version string
}

// Build returns the HPA. It fails when there is no metric at all, when two metrics
// have one name, and when a target is none that an HPA accepts; errors name the
// metric.
func Build(in Input) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	o := in.Object
	metrics, err := metricSpecs(in)
	if err != nil {
		return nil, err
	}
	pause, err := o.Pause()
	if err != nil {
		return nil, err
	}
	return &autoscalingv2.HorizontalPodAutoscaler{
		TypeMeta: metav1.TypeMeta{APIVersion: autoscalingv2.SchemeGroupVersion.String(), Kind: "HorizontalPodAutoscaler"},
		ObjectMeta: metav1.ObjectMeta{
			Name:            o.HPAName(),
			Namespace:       o.Namespace,
			Labels:          labels(in),
			Annotations:     annotations(o),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(o, v1alpha1.GroupVersion.WithKind(v1alpha1.KindScaledObject))},
		},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{
				APIVersion: in.Target.GroupVersion().String(), Kind: in.Target.Kind, Name: o.Spec.ScaleTargetRef.Name,
			},
			MinReplicas: new(o.HPAMinReplicas()),
			MaxReplicas: o.MaxReplicas(),
			Metrics:     metrics,
			Behavior:    behavior(o.HPABehavior(), pause),
		},
	}, nil
}

// labels are the usual four and those of the ScaledObject, which win.
func labels(in Input) map[string]string {
	out := v1alpha1.UsualLabels(in.Object.HPAName(), in.Object.Name, in.Version)
	maps.Copy(out, in.Object.LabelsForHPA())
	return out
}

// annotations are those of the ScaledObject, but for what kubectl apply noted
// about it: on the HPA that would describe another object. Two more note which
// labels and annotations are copies.
func annotations(o *v1alpha1.ScaledObject) map[string]string {
	out := map[string]string{}
	maps.Copy(out, o.Annotations)
	delete(out, corev1.LastAppliedConfigAnnotation)
	note(out, v1alpha1.AnnotationCopiedAnnotations, out)
	note(out, v1alpha1.AnnotationCopiedLabels, o.LabelsForHPA())
	return out
}

// note lists what was copied under a key. Those of KEDA's own are not listed: they
// are ours on any HPA.
func note(annotations map[string]string, key string, copied map[string]string) {
	var names []string
	for name := range copied {
		if !isSteering(name) {
			names = append(names, name)
		}
	}
	delete(annotations, key)
	if len(names) > 0 {
		slices.Sort(names)
		annotations[key] = strings.Join(names, ",")
	}
}

// isSteering says that a label or annotation is one of KEDA's for ScaledObjects.
// Those that users put on the HPA itself have another prefix.
func isSteering(name string) bool {
	return strings.HasPrefix(name, "autoscaling.keda.sh/") || strings.HasPrefix(name, "scaledobject.keda.sh/")
}

// behavior is the configured behavior with the paused directions disabled. The
// result shares nothing with the object.
func behavior(configured *autoscalingv2.HorizontalPodAutoscalerBehavior, pause v1alpha1.Pause) *autoscalingv2.HorizontalPodAutoscalerBehavior {
	out := configured.DeepCopy()
	if out == nil && (pause.ScaleIn || pause.ScaleOut) {
		out = &autoscalingv2.HorizontalPodAutoscalerBehavior{}
	}
	if pause.ScaleIn {
		out.ScaleDown = disabled(out.ScaleDown)
	}
	if pause.ScaleOut {
		out.ScaleUp = disabled(out.ScaleUp)
	}
	return out
}

func disabled(rules *autoscalingv2.HPAScalingRules) *autoscalingv2.HPAScalingRules {
	if rules == nil {
		rules = &autoscalingv2.HPAScalingRules{}
	}
	rules.SelectPolicy = new(autoscalingv2.DisabledPolicySelect)
	return rules
}

var errNoMetrics = errors.New("the triggers yield no metric, and an HPA needs one: add a trigger")
