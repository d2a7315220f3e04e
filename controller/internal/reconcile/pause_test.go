// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// TestPausedObjectThatCannotBeClaimed: an object is paused as long as it says so,
// also while its label cannot be written.
func TestPausedObjectThatCannotBeClaimed(t *testing.T) {
	b := newBench(t, web(func(o *v1alpha1.ScaledObject) {
		o.Annotations = map[string]string{v1alpha1.AnnotationPausedReplicas: "3"}
	}))
	b.reconcile()
	b.told.take()
	b.change(func(o *v1alpha1.ScaledObject) { o.Labels = nil })
	b.refuse["patch ScaledObject"] = apierrors.NewForbidden(schema.GroupResource{}, "web", errors.New("a policy is against it"))
	b.reconcile()
	status := b.object().Status
	if !status.Conditions.IsTrue(v1alpha1.ConditionPaused) || !status.Conditions.IsFalse(v1alpha1.ConditionReady) || status.PausedReplicaCount == nil || status.HpaName != "" {
		t.Errorf("the status is %+v, told was %q", status, b.told.take())
	}
}

// TestCooldownCountsFromThePause: an object that was active until it was paused, or could
// no longer be scaled, has its whole cooldown before it when scaling goes on.
func TestCooldownCountsFromThePause(t *testing.T) {
	for name, stop := range map[string]func(*v1alpha1.ScaledObject){
		"paused": func(o *v1alpha1.ScaledObject) { o.Annotations = map[string]string{v1alpha1.AnnotationPaused: "true"} },
		"broken": func(o *v1alpha1.ScaledObject) { o.Spec.Triggers = nil },
	} {
		began := time.Now().Truncate(time.Second)
		b := newBench(t, web(func(o *v1alpha1.ScaledObject) {
			o.Status.LastActiveTime = new(metav1.NewTime(began.Add(-time.Minute)))
			o.Status.Conditions.Set(v1alpha1.ConditionActive, metav1.ConditionTrue, v1alpha1.ReasonScalerActive, "", metav1.NewTime(began))
		}))
		b.reconcile() // it counts as active until now
		b.change(stop)
		b.reconcile()
		if got := b.object().Status.LastActiveTime; got.Time.Before(began) {
			t.Errorf("%s: last active at %s, want %s or later", name, got, began)
		}
	}
}

// TestNoLongerPausedButBroken: the metric follows the annotation, also of an object
// that cannot be scaled as it is.
func TestNoLongerPausedButBroken(t *testing.T) {
	b := newBench(t, web(func(o *v1alpha1.ScaledObject) {
		o.Annotations = map[string]string{v1alpha1.AnnotationPaused: "true"}
	}))
	for _, want := range []int{1, 0} {
		b.reconcile()
		text := fmt.Sprintf("# HELP keda_scaled_object_paused 1 while the ScaledObject is paused, else 0.\n# TYPE keda_scaled_object_paused gauge\nkeda_scaled_object_paused{namespace=\"default\",scaledObject=\"web\"} %d\n", want)
		if err := testutil.GatherAndCompare(b.registry, strings.NewReader(text), "keda_scaled_object_paused"); err != nil {
			t.Error(err)
		}
		b.change(func(o *v1alpha1.ScaledObject) { o.Annotations, o.Spec.Triggers = nil, nil })
	}
}

// TestPausedBesideAnotherHPA: whoever pauses an object may put an HPA of his own in
// its place, and is told of it only when both would scale.
func TestPausedBesideAnotherHPA(t *testing.T) {
	b := newBench(t, web(func(o *v1alpha1.ScaledObject) {
		o.Annotations = map[string]string{v1alpha1.AnnotationPaused: "true"}
	}), &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "by-hand"},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"},
		},
	})
	for _, step := range []struct {
		annotation, value string
		ready             bool
	}{{v1alpha1.AnnotationPaused, "true", true}, {v1alpha1.AnnotationPausedReplicas, "3", false}, {v1alpha1.AnnotationPaused, "true", true}, {v1alpha1.AnnotationPaused, "false", false}} {
		b.change(func(o *v1alpha1.ScaledObject) { o.Annotations = map[string]string{step.annotation: step.value} })
		b.reconcile()
		if ready := b.object().Status.Conditions.Get(v1alpha1.ConditionReady); (ready.Status == metav1.ConditionTrue) != step.ready {
			t.Errorf("with %s: %s it says %+v", step.annotation, step.value, ready)
		}
	}
}

// TestPauseDuringTrouble: an object that says that it is paused is not scaled, also
// while its target cannot be read.
func TestPauseDuringTrouble(t *testing.T) {
	b := troubled(t)
	b.change(func(o *v1alpha1.ScaledObject) { o.Annotations = map[string]string{v1alpha1.AnnotationPaused: "true"} })
	b.fails()
	b.fails()
	if told := b.told.take(); strings.Count(told, v1alpha1.EventScalersStopped+": Stopped looking at the triggers: the object is paused") != 1 {
		t.Errorf("told was %q", told)
	}
	if !b.object().Status.Conditions.IsTrue(v1alpha1.ConditionPaused) || b.object().Status.Conditions.IsTrue(v1alpha1.ConditionActive) {
		t.Errorf("it says %+v", b.object().Status.Conditions)
	}
	delete(b.refuse, "get scale")
	b.reconcile()
	if got := b.hpas(); len(got) > 0 {
		t.Errorf("the HPAs are %v", got)
	}
}
