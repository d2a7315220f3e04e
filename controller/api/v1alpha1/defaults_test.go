// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func ptr[T any](value T) *T { return &value }

func TestAddToScheme(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{KindScaledObject, KindScaledJob, KindTriggerAuthentication, KindClusterTriggerAuthentication} {
		for _, name := range []string{kind, kind + "List"} {
			if !scheme.Recognizes(GroupVersion.WithKind(name)) {
				t.Errorf("%s is not registered", name)
			}
		}
	}
}

// resolved is what the accessors of a ScaledObject give.
type resolved struct {
	Poll, Cooldown, Initial time.Duration
	Min, HPAMin, Max        int32
	Idle                    *int32
	HPA                     string
	Restore, Modifiers      bool
}

func TestScaledObjectDefaults(t *testing.T) {
	tests := []struct {
		name string
		spec ScaledObjectSpec
		want resolved
	}{
		{"unset", ScaledObjectSpec{},
			resolved{Poll: 30 * time.Second, Cooldown: 300 * time.Second, HPAMin: 1, Max: 100, HPA: "keda-hpa-consumer"}},
		{"empty modifiers are none", ScaledObjectSpec{Advanced: &AdvancedConfig{ScalingModifiers: &ScalingModifiers{}}},
			resolved{Poll: 30 * time.Second, Cooldown: 300 * time.Second, HPAMin: 1, Max: 100, HPA: "keda-hpa-consumer"}},
		{"set", ScaledObjectSpec{
			PollingInterval: ptr[int32](5), CooldownPeriod: ptr[int32](0), InitialCooldownPeriod: ptr[int32](7),
			MinReplicaCount: ptr[int32](2), MaxReplicaCount: ptr[int32](3), IdleReplicaCount: ptr[int32](0),
			Advanced: &AdvancedConfig{
				HorizontalPodAutoscalerConfig: &HorizontalPodAutoscalerConfig{Name: "mine"}, RestoreToOriginalReplicaCount: true,
				ScalingModifiers: &ScalingModifiers{Formula: "a"},
			}},
			resolved{Poll: 5 * time.Second, Initial: 7 * time.Second, Min: 2, HPAMin: 2, Max: 3, Idle: ptr[int32](0), HPA: "mine", Restore: true, Modifiers: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := &ScaledObject{ObjectMeta: metav1.ObjectMeta{Name: "consumer"}, Spec: tt.spec}
			got := resolved{o.PollInterval(), o.Cooldown(), o.InitialCooldown(), o.MinReplicas(), o.HPAMinReplicas(), o.MaxReplicas(),
				o.IdleReplicas(), o.HPAName(), o.RestoresOriginalReplicas(), o.Modifiers() != nil}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestScaleTargetGroupVersionKind(t *testing.T) {
	tests := []struct {
		target ScaleTarget
		want   schema.GroupVersionKind
	}{
		{ScaleTarget{}, schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}},
		{ScaleTarget{Kind: "StatefulSet"}, schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "StatefulSet"}},
		{ScaleTarget{APIVersion: "argoproj.io/v1alpha1", Kind: "Rollout"}, schema.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "Rollout"}},
		{ScaleTarget{APIVersion: "v1", Kind: "ReplicationController"}, schema.GroupVersionKind{Version: "v1", Kind: "ReplicationController"}},
	}
	for _, tt := range tests {
		got, err := tt.target.GroupVersionKind()
		if err != nil || got != tt.want {
			t.Errorf("%+v: %v, %v, want %v", tt.target, got, err, tt.want)
		}
	}
	if _, err := (&ScaleTarget{APIVersion: "a/b/c"}).GroupVersionKind(); err == nil || !strings.Contains(err.Error(), "spec.scaleTargetRef.apiVersion") {
		t.Errorf("a/b/c: %v, want an error that names the field", err)
	}
	if got := (GroupVersionKindResource{Group: "apps", Version: "v1", Kind: "Deployment"}).KindString(); got != "apps/v1.Deployment" {
		t.Errorf("KindString = %s", got)
	}
	if got := (GroupVersionKindResource{Version: "v1", Kind: "ReplicationController"}).KindString(); got != "v1.ReplicationController" {
		t.Errorf("KindString = %s", got)
	}
}

func TestTriggerSummaries(t *testing.T) {
	triggers := []ScaleTrigger{
		{Type: "redis", AuthenticationRef: &AuthenticationRef{Name: "a"}}, {Type: "cpu"}, {Type: "redis", AuthenticationRef: &AuthenticationRef{Name: "b"}},
		{Type: "cron", AuthenticationRef: &AuthenticationRef{Name: "a", Kind: KindClusterTriggerAuthentication}},
	}
	if got := TriggersTypes(triggers); got != "redis,cpu,cron" {
		t.Errorf("TriggersTypes = %q", got)
	}
	if got := AuthenticationsTypes(triggers); got != "a,b" {
		t.Errorf("AuthenticationsTypes = %q", got)
	}
	if OnlyResourceTriggers(triggers) || OnlyResourceTriggers(nil) || !OnlyResourceTriggers(triggers[1:2]) {
		t.Error("only a list of cpu and memory is resource only")
	}
	if triggers[0].AuthenticationRef.KindOrDefault() != KindTriggerAuthentication || triggers[3].AuthenticationRef.KindOrDefault() != KindClusterTriggerAuthentication {
		t.Error("KindOrDefault")
	}
}

func TestPause(t *testing.T) {
	tests := []struct {
		name        string
		annotations map[string]string
		want        Pause
		fails       bool
	}{
		{name: "none"},
		{"true", map[string]string{AnnotationPaused: "true"}, Pause{Paused: true}, false},
		{"false", map[string]string{AnnotationPaused: "false"}, Pause{}, false},
		{"not a boolean counts as true", map[string]string{AnnotationPaused: "yes"}, Pause{Paused: true}, false},
		{"empty counts as true", map[string]string{AnnotationPaused: ""}, Pause{Paused: true}, false},
		{"replicas win over paused false", map[string]string{AnnotationPaused: "false", AnnotationPausedReplicas: "0"}, Pause{Paused: true, Replicas: ptr[int32](0)}, false},
		{"replicas that are no number still pause", map[string]string{AnnotationPausedReplicas: "many"}, Pause{Paused: true}, true},
		{"negative replicas", map[string]string{AnnotationPausedReplicas: "-1"}, Pause{Paused: true}, true},
		{"replicas beyond int32", map[string]string{AnnotationPausedReplicas: "2147483648"}, Pause{Paused: true}, true},
		{"scale in", map[string]string{AnnotationPausedScaleIn: "true"}, Pause{ScaleIn: true}, false},
		{"scale out, no boolean", map[string]string{AnnotationPausedScaleOut: "x", AnnotationPausedScaleIn: "false"}, Pause{ScaleOut: true}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := &ScaledObject{ObjectMeta: metav1.ObjectMeta{Annotations: tt.annotations}}
			got, err := o.Pause()
			if diff := cmp.Diff(tt.want, got); diff != "" || (err != nil) != tt.fails {
				t.Errorf("error %v, (-want +got):\n%s", err, diff)
			}
			if got.Any() != (tt.want != Pause{}) {
				t.Errorf("Any = %t", got.Any())
			}
		})
	}
}

func TestAnnotationsAndLabels(t *testing.T) {
	o := &ScaledObject{ObjectMeta: metav1.ObjectMeta{
		Labels:      map[string]string{"a": "1", "b": "2", "c": "3"},
		Annotations: map[string]string{AnnotationHPAExcludedLabels: "a, c", AnnotationForceActivation: "true", AnnotationTransferHPAOwnership: "true"},
	}}
	if diff := cmp.Diff(map[string]string{"b": "2"}, o.LabelsForHPA()); diff != "" {
		t.Errorf("LabelsForHPA (-want +got):\n%s", diff)
	}
	if len(o.Labels) != 3 {
		t.Error("LabelsForHPA changed the object")
	}
	if !o.ForcesActivation() || !o.TransfersHPAOwnership() || (&ScaledObject{}).ForcesActivation() || (&ScaledObject{}).TransfersHPAOwnership() {
		t.Error("annotations are not read")
	}
	j := &ScaledJob{ObjectMeta: metav1.ObjectMeta{Labels: o.Labels, Annotations: map[string]string{AnnotationJobExcludedLabels: "b", AnnotationPaused: ""}}}
	if diff := cmp.Diff(map[string]string{"a": "1", "c": "3"}, j.LabelsForJobs()); diff != "" || !j.Paused() {
		t.Errorf("paused %t, LabelsForJobs (-want +got):\n%s", j.Paused(), diff)
	}
}

func TestScaledJobDefaults(t *testing.T) {
	var unset ScaledJob
	if unset.PollInterval() != 30*time.Second || unset.MinReplicas() != 0 || unset.MaxReplicas() != 100 ||
		unset.SuccessfulHistory() != 100 || unset.FailedHistory() != 100 || unset.RolloutStrategy() != RolloutImmediate ||
		unset.RolloutPropagation() != metav1.DeletePropagationBackground {
		t.Error("wrong defaults")
	}
	capped := ScaledJob{Spec: ScaledJobSpec{MinReplicaCount: ptr[int32](9), MaxReplicaCount: ptr[int32](4)}}
	if capped.MinReplicas() != 4 {
		t.Errorf("MinReplicas = %d, want the maximum, 4", capped.MinReplicas())
	}
	rollouts := []struct {
		deprecated RolloutStrategy
		rollout    *Rollout
		want       RolloutStrategy
	}{
		{"", &Rollout{Strategy: "gradual"}, RolloutGradual},
		{"gradual", &Rollout{Strategy: "immediate"}, RolloutGradual},
		{"immediate", &Rollout{Strategy: "gradual"}, RolloutImmediate},
		{"default", nil, RolloutImmediate},
	}
	for _, tt := range rollouts {
		j := ScaledJob{Spec: ScaledJobSpec{RolloutStrategy: tt.deprecated, Rollout: tt.rollout}}
		if got := j.RolloutStrategy(); got != tt.want {
			t.Errorf("%q and %+v: %s, want %s", tt.deprecated, tt.rollout, got, tt.want)
		}
	}
}

func TestScaledJobScaling(t *testing.T) {
	tests := []struct {
		name string
		spec *ScalingStrategy
		want JobScaling
	}{
		{"unset", nil, JobScaling{Strategy: StrategyDefault, Calculation: CalculationMax}},
		{"unknown words", &ScalingStrategy{Strategy: "fast", MultipleScalersCalculation: "median"}, JobScaling{Strategy: StrategyDefault, Calculation: CalculationMax}},
		{"custom", &ScalingStrategy{Strategy: StrategyCustom, CustomScalingQueueLengthDeduction: ptr[int32](1), CustomScalingRunningJobPercentage: "0.5"},
			JobScaling{Strategy: StrategyCustom, Deduction: 1, RunningPercentage: 0.5, Calculation: CalculationMax}},
		{"custom without a number", &ScalingStrategy{Strategy: StrategyCustom, CustomScalingRunningJobPercentage: "half"},
			JobScaling{Strategy: StrategyDefault, Calculation: CalculationMax}},
		{"eager sum", &ScalingStrategy{Strategy: StrategyEager, MultipleScalersCalculation: CalculationSum},
			JobScaling{Strategy: StrategyEager, Calculation: CalculationSum}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := &ScaledJob{Spec: ScaledJobSpec{ScalingStrategy: tt.spec}}
			if diff := cmp.Diff(tt.want, j.Scaling()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
