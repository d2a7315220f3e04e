// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

// TestReferencesAgainstModel: whatever objects refer to, in whatever order they
// come and go, a change leads to those that refer to it now.
func TestReferencesAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		references := NewReferences()
		model := map[sample.Object][]auth.Reference{}
		object := rapid.Custom(func(t *rapid.T) sample.Object {
			return sample.Object{Kind: rapid.SampledFrom([]string{"ScaledObject", "ScaledJob"}).Draw(t, "kind"), Name: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name")}
		})
		ref := rapid.Custom(func(t *rapid.T) auth.Reference {
			return auth.Reference{Kind: "Secret", Name: rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "ref")}
		})
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				o, refs := object.Draw(t, "object"), rapid.SliceOfN(ref, 0, 3).Draw(t, "refs")
				references.Set(o, refs)
				model[o] = refs
			},
			"": func(t *rapid.T) {
				r, kind := ref.Draw(t, "changed"), "ScaledObject"
				for o, refs := range model {
					if got := slices.Contains(references.Users(r, kind), o); got != (o.Kind == kind && slices.Contains(refs, r)) {
						t.Fatalf("%v uses %v: %v", o, refs, got)
					}
				}
			},
		})
	})
}

func TestPredicates(t *testing.T) {
	so := func(change func(*v1alpha1.ScaledObject)) client.Object {
		o := &v1alpha1.ScaledObject{ObjectMeta: metav1.ObjectMeta{Generation: 1}, Spec: v1alpha1.ScaledObjectSpec{ScaleTargetRef: &v1alpha1.ScaleTarget{Name: "web"}}}
		change(o)
		return o
	}
	unchanged := so(func(*v1alpha1.ScaledObject) {})
	hpa := func(change func(*autoscalingv2.HorizontalPodAutoscaler)) client.Object {
		h := &autoscalingv2.HorizontalPodAutoscaler{}
		change(h)
		return h
	}
	active := func(status corev1.ConditionStatus, reason string) client.Object {
		return hpa(func(h *autoscalingv2.HorizontalPodAutoscaler) {
			h.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{{Type: autoscalingv2.ScalingActive, Status: status, Reason: reason}}
		})
	}
	template := func(hash string) client.Object {
		return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{TemplateHash: hash}}}
	}
	taken := active(corev1.ConditionTrue, "ValidMetricFound")
	taken.SetOwnerReferences([]metav1.OwnerReference{{Kind: v1alpha1.KindScaledObject, Name: "web", UID: "1", Controller: new(true)}})
	none := hpa(func(*autoscalingv2.HorizontalPodAutoscaler) {})
	for name, c := range map[string]struct {
		passes   interface{ Update(event.UpdateEvent) bool }
		old, new client.Object
		want     bool
	}{
		"a status":             {declared(), unchanged, so(func(o *v1alpha1.ScaledObject) { o.Status.HpaName = "x" }), false},
		"a spec":               {declared(), unchanged, so(func(o *v1alpha1.ScaledObject) { o.Generation = 2 }), true},
		"an annotation":        {declared(), unchanged, so(func(o *v1alpha1.ScaledObject) { o.Annotations = map[string]string{"a": "b"} }), true},
		"a deletion":           {declared(), unchanged, so(func(o *v1alpha1.ScaledObject) { o.DeletionTimestamp = new(metav1.Now()) }), true},
		"another target":       {retargeted(), unchanged, so(func(o *v1alpha1.ScaledObject) { o.Spec.ScaleTargetRef.Name = "api" }), true},
		"the same target":      {retargeted(), unchanged, so(func(o *v1alpha1.ScaledObject) { o.Status.HpaName = "x" }), false},
		"an HPA's status":      {(&ScaledObjects{}).hpaChanged(), none, active(corev1.ConditionTrue, "ValidMetricFound"), false},
		"an HPA's spec":        {(&ScaledObjects{}).hpaChanged(), none, hpa(func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MaxReplicas = 9 }), true},
		"an HPA's label":       {(&ScaledObjects{}).hpaChanged(), none, hpa(func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Labels = map[string]string{"a": "b"} }), true},
		"an HPA's first word":  {hpaSaysSomethingNew(), none, active(corev1.ConditionTrue, "ValidMetricFound"), true},
		"an HPA's change":      {hpaSaysSomethingNew(), active(corev1.ConditionTrue, "ValidMetricFound"), active(corev1.ConditionFalse, "FailedGetExternalMetric"), true},
		"an HPA's way to zero": {hpaSaysSomethingNew(), active(corev1.ConditionTrue, "ValidMetricFound"), active(corev1.ConditionFalse, "ScalingDisabled"), true},
		"an HPA's new owner":   {hpaSaysSomethingNew(), active(corev1.ConditionTrue, "ValidMetricFound"), taken, true},
		"an HPA's same words":  {hpaSaysSomethingNew(), active(corev1.ConditionTrue, "ValidMetricFound"), active(corev1.ConditionTrue, "ValidMetricFound"), false},
		"a pod template":       {templateChanged(), template("a"), template("b"), true},
		"a replica count":      {templateChanged(), template("a"), template("a"), false},
	} {
		if got := c.passes.Update(event.UpdateEvent{ObjectOld: c.old, ObjectNew: c.new}); got != c.want {
			t.Errorf("%s passes: %v", name, got)
		}
	}
}

func TestHPACondition(t *testing.T) {
	for name, c := range map[string]struct {
		said *autoscalingv2.HorizontalPodAutoscalerCondition
		want string
	}{
		"nothing":       {nil, ""},
		"active":        {&autoscalingv2.HorizontalPodAutoscalerCondition{Status: corev1.ConditionTrue, Reason: "ValidMetricFound"}, "True HPAActive"},
		"at zero":       {&autoscalingv2.HorizontalPodAutoscalerCondition{Status: corev1.ConditionFalse, Reason: "ScalingDisabled"}, "True ScalingDisabled"},
		"its own words": {&autoscalingv2.HorizontalPodAutoscalerCondition{Status: corev1.ConditionFalse, Reason: "FailedGetExternalMetric"}, "False FailedGetExternalMetric"},
		"no words":      {&autoscalingv2.HorizontalPodAutoscalerCondition{Status: corev1.ConditionFalse}, "False HPAMetricsUnavailable"},
	} {
		h := &autoscalingv2.HorizontalPodAutoscaler{}
		if c.said != nil {
			c.said.Type = autoscalingv2.ScalingActive
			h.Status.Conditions = append(h.Status.Conditions, *c.said)
		}
		status, reason, _, ok := hpaCondition(h)
		got := string(status) + " " + reason
		if ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestMayAdopt(t *testing.T) {
	so := &v1alpha1.ScaledObject{ObjectMeta: metav1.ObjectMeta{Name: "web", UID: "2"}}
	owned := func(kind, name string) *autoscalingv2.HorizontalPodAutoscaler {
		return &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{{Kind: kind, Name: name, UID: "1", Controller: new(true)}}}}
	}
	released := owned("Tenant", "a")
	released.Annotations = map[string]string{v1alpha1.AnnotationValidateHPAOwnership: "false"}
	for name, c := range map[string]struct {
		hpa  *autoscalingv2.HorizontalPodAutoscaler
		want bool
	}{
		"ours":            {owned("ScaledObject", "web"), true},
		"of another":      {owned("ScaledObject", "api"), false},
		"of another kind": {owned("Tenant", "web"), false},
		"of nobody":       {&autoscalingv2.HorizontalPodAutoscaler{}, false},
		"released":        {released, true},
	} {
		if err := mayAdopt(so, c.hpa); (err == nil) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	so.Annotations = map[string]string{v1alpha1.AnnotationTransferHPAOwnership: "true"}
	if err := mayAdopt(so, owned("Tenant", "a")); err != nil {
		t.Errorf("an object that is to take an HPA over may not: %v", err)
	}
}

func TestEnvironmentNames(t *testing.T) {
	got := environmentNames(map[string]string{"passwordFromEnv": "PASS", "hostFromEnv": " HOST ", "portFromEnv": "", "userFromEnv": "HOST", "listName": "x"})
	if !slices.Equal(got, []string{"HOST", "PASS"}) {
		t.Errorf("names %q", got)
	}
}
