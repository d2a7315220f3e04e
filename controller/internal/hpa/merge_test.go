// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package hpa_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/hpa"
)

func build(t testing.TB, in hpa.Input) *autoscalingv2.HorizontalPodAutoscaler {
	t.Helper()
	built, err := hpa.Build(in)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// stored is an HPA as it comes back from the API server some time after it was
// created: read from JSON, with defaults, a status, and what others added.
func stored(t testing.TB, created *autoscalingv2.HorizontalPodAutoscaler) *autoscalingv2.HorizontalPodAutoscaler {
	t.Helper()
	body, err := json.Marshal(created)
	if err != nil {
		t.Fatal(err)
	}
	out := &autoscalingv2.HorizontalPodAutoscaler{}
	if err := json.Unmarshal(body, out); err != nil {
		t.Fatal(err)
	}
	out.TypeMeta = metav1.TypeMeta{} // as typed clients leave it
	out.ResourceVersion, out.UID, out.Generation = "42", "0c5b", 3
	out.Labels["added.by/someone"] = "x"
	out.Annotations = map[string]string{v1alpha1.AnnotationValidateHPAOwnership: "false"}
	for k, v := range created.Annotations {
		out.Annotations[k] = v
	}
	out.Status = autoscalingv2.HorizontalPodAutoscalerStatus{CurrentReplicas: 3, DesiredReplicas: 4}
	if b := out.Spec.Behavior; b != nil {
		defaults(b)
	}
	return out
}

// defaults is what the API server of Kubernetes 1.34 fills into a behavior.
func defaults(b *autoscalingv2.HorizontalPodAutoscalerBehavior) {
	up := &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: new(int32(0)), Policies: []autoscalingv2.HPAScalingPolicy{
		{Type: autoscalingv2.PodsScalingPolicy, Value: 4, PeriodSeconds: 15}, {Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: 15},
	}}
	down := &autoscalingv2.HPAScalingRules{Policies: []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: 15}}}
	for _, side := range []struct {
		rules    **autoscalingv2.HPAScalingRules
		defaults *autoscalingv2.HPAScalingRules
	}{{&b.ScaleUp, up}, {&b.ScaleDown, down}} {
		side.defaults.SelectPolicy = new(autoscalingv2.MaxChangePolicySelect)
		if given := *side.rules; given != nil {
			if given.SelectPolicy != nil {
				side.defaults.SelectPolicy = given.SelectPolicy
			}
			if given.StabilizationWindowSeconds != nil {
				side.defaults.StabilizationWindowSeconds = given.StabilizationWindowSeconds
			}
			if given.Policies != nil {
				side.defaults.Policies = given.Policies
			}
		}
		*side.rules = side.defaults
	}
}

func TestUnchangedNeedsNoUpdate(t *testing.T) {
	for name, in := range map[string]hpa.Input{
		"a queue":         input(),
		"a behavior":      input(advanced(slowDown)),
		"paused scale-in": input(annotated(v1alpha1.AnnotationPausedScaleIn, "true")),
		"every metric": input(metrics(queue, requests, cpu, memory, container,
			hpa.Metric{Name: "s5-large", Target: 1234567.5, Type: averageValue})),
	} {
		t.Run(name, func(t *testing.T) {
			desired := build(t, in)
			existing := stored(t, desired)
			before := existing.DeepCopy()
			if hpa.NeedsUpdate(existing, desired) {
				t.Errorf("an update would change nothing of ours (-existing +update):\n%s", cmp.Diff(existing, hpa.Apply(existing, desired)))
			}
			if diff := cmp.Diff(before, existing); diff != "" {
				t.Errorf("the existing HPA, which the cache owns, was changed:\n%s", diff)
			}
		})
	}
}

func TestChangesNeedOneUpdate(t *testing.T) {
	none := func(*hpa.Input) {}
	labelled := func(in *hpa.Input) { in.Object.Labels["team"] = "shop" }
	for name, c := range map[string]struct{ before, after func(*hpa.Input) }{
		"maxReplicaCount": {none, func(in *hpa.Input) { in.Object.Spec.MaxReplicaCount = new(int32(7)) }},
		"minReplicaCount": {none, func(in *hpa.Input) { in.Object.Spec.MinReplicaCount = new(int32(2)) }},
		"scaleTargetRef":  {none, func(in *hpa.Input) { in.Object.Spec.ScaleTargetRef.Name = "other" }},
		"a target": {none, func(in *hpa.Input) {
			in.Metrics = []hpa.Metric{{Name: queue.Name, Target: 6, Integer: true, Type: averageValue}}
		}},
		"a metric more": {none, metrics(queue, requests)},
		"a metric less": {metrics(queue, requests), none},
		"a metric type": {none, func(in *hpa.Input) {
			in.Metrics = []hpa.Metric{{Name: queue.Name, Target: 5, Integer: true, Type: value}}
		}},
		"a new label":   {none, labelled},
		"an annotation": {none, annotated("team", "shop")},
		"a behavior":    {none, advanced(slowDown)},
		"no behavior":   {advanced(slowDown), none},
		"a behavior's field goes back to its default": {advanced(slowDown), advanced(v1alpha1.AdvancedConfig{
			HorizontalPodAutoscalerConfig: &v1alpha1.HorizontalPodAutoscalerConfig{Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{
				ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: new(int32(60))},
			}},
		})},
		"a label that is gone":               {labelled, none},
		"a label that is excluded":           {labelled, func(in *hpa.Input) { labelled(in); annotated(v1alpha1.AnnotationHPAExcludedLabels, "team")(in) }},
		"an annotation that is gone":         {annotated("team", "shop"), none},
		"scale-in paused":                    {none, annotated(v1alpha1.AnnotationPausedScaleIn, "true")},
		"scale-out goes on":                  {annotated(v1alpha1.AnnotationPausedScaleOut, "true"), annotated("x", "y")},
		"the version of the controller":      {none, func(in *hpa.Input) { in.Version = "1.0.1" }},
		"a ScaledObject that was made again": {none, func(in *hpa.Input) { in.Object.UID = "new" }},
	} {
		t.Run(name, func(t *testing.T) {
			existing, desired := stored(t, build(t, input(c.before))), build(t, input(c.after))
			if !hpa.NeedsUpdate(existing, desired) {
				t.Fatal("no update is needed")
			}
			updated := hpa.Apply(existing, desired)
			if hpa.NeedsUpdate(updated, desired) {
				t.Error("one update is not enough")
			}
			if updated.Labels["added.by/someone"] != "x" || updated.Annotations[v1alpha1.AnnotationValidateHPAOwnership] != "false" {
				t.Errorf("what others added is gone: labels %v, annotations %v", updated.Labels, updated.Annotations)
			}
			for key := range updated.Labels {
				if _, wanted := desired.Labels[key]; !wanted && key != "added.by/someone" {
					t.Errorf("label %s stays behind", key)
				}
			}
			for key := range updated.Annotations {
				if _, wanted := desired.Annotations[key]; !wanted && key != v1alpha1.AnnotationValidateHPAOwnership {
					t.Errorf("annotation %s stays behind", key)
				}
			}
			if updated.ResourceVersion != "42" || updated.Status.CurrentReplicas != 3 {
				t.Error("resourceVersion or status is not that of the existing HPA")
			}
			if n := len(updated.OwnerReferences); n != 1 || updated.OwnerReferences[0].UID != desired.OwnerReferences[0].UID {
				t.Errorf("owners are %v, want only the ScaledObject", updated.OwnerReferences)
			}
		})
	}
}

// TestAdoption: an HPA that exists on its own becomes the ScaledObject's.
func TestAdoption(t *testing.T) {
	other := metav1.OwnerReference{APIVersion: "example.com/v1", Kind: "App", Name: "shop", UID: "1", Controller: new(true)}
	existing := &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: "orders", OwnerReferences: []metav1.OwnerReference{other}},
		Spec:       autoscalingv2.HorizontalPodAutoscalerSpec{MaxReplicas: 3},
	}
	desired := build(t, input())
	updated := hpa.Apply(existing, desired)
	if !metav1.IsControlledBy(updated, input().Object) || len(updated.OwnerReferences) != 2 {
		t.Errorf("owners are %v, want the one there was and the ScaledObject", updated.OwnerReferences)
	}
	if hpa.NeedsUpdate(updated, desired) {
		t.Error("one update is not enough")
	}
}
