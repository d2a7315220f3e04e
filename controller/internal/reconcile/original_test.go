// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"errors"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// TestOriginalCountFollowsTheTarget: whenever and however an object moves to another
// target, the count that deletion restores is that target's own.
//
// Covers: field ScaledObject.status.scaleTargetName; field ScaledObject.status.originalReplicaCount
func TestOriginalCountFollowsTheTarget(t *testing.T) {
	move := func(o *v1alpha1.ScaledObject) { o.Spec.ScaleTargetRef = &v1alpha1.ScaleTarget{Name: "large"} }
	for name, to := range map[string]func(*bench){
		"at once": func(b *bench) { b.change(move) },
		"while paused": func(b *bench) {
			b.change(func(o *v1alpha1.ScaledObject) { o.Annotations = map[string]string{v1alpha1.AnnotationPaused: "true"} })
			b.reconcile()
			b.change(move)
		},
		"together with the HPA": func(b *bench) {
			b.change(func(o *v1alpha1.ScaledObject) {
				move(o)
				o.Spec.Advanced.HorizontalPodAutoscalerConfig = &v1alpha1.HorizontalPodAutoscalerConfig{Name: "other"}
			})
		},
		"while the status cannot be written": func(b *bench) {
			b.change(move)
			b.refuse["patch status"] = apierrors.NewInternalError(errors.New("etcd is away"))
			if _, err := b.Reconcile(b.Context(), ctrl.Request{NamespacedName: webKey}); err == nil {
				b.Error("a status that cannot be written is no error")
			}
			delete(b.refuse, "patch status")
		},
		"of another kind": func(b *bench) {
			b.change(func(o *v1alpha1.ScaledObject) {
				o.Spec.ScaleTargetRef = &v1alpha1.ScaleTarget{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "web"}
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, web(func(o *v1alpha1.ScaledObject) {
				o.Spec.Advanced = &v1alpha1.AdvancedConfig{RestoreToOriginalReplicaCount: true}
			}))
			b.reconcile()
			b.replicas = 7
			to(b)
			b.reconcile()
			b.reconcile()
			if got := b.object().Status.OriginalReplicaCount; got == nil || *got != 7 {
				t.Errorf("status.originalReplicaCount is %v, want 7", got)
			}
			if got := b.object().Status.ScaleTargetName; got != b.object().Spec.ScaleTargetRef.Name {
				t.Errorf("status.scaleTargetName is %q", got)
			}
		})
	}
}

// TestDeletionRestoresNoCountOfAnotherTarget: a target that the object never scaled
// keeps what it has.
func TestDeletionRestoresNoCountOfAnotherTarget(t *testing.T) {
	b := deleted(t)
	so := b.object()
	so.Spec.ScaleTargetRef.Name = "never-seen"
	if err := b.server.Update(t.Context(), so); err != nil {
		t.Fatal(err)
	}
	b.refuse["patch scale"] = errors.New("it was scaled")
	b.reconcile()
	if told := b.told.take(); strings.Contains(told, "not restored") {
		t.Errorf("told was %q", told)
	}
}

// TestDeletionRestoresNothingThatAnotherScales: an object that never came to scale its
// target, because another one does, leaves it alone when it goes.
func TestDeletionRestoresNothingThatAnotherScales(t *testing.T) {
	b := newBench(t, web(func(o *v1alpha1.ScaledObject) {
		o.CreationTimestamp = metav1.Now()
		o.Spec.Advanced = &v1alpha1.AdvancedConfig{RestoreToOriginalReplicaCount: true}
	}), web(func(o *v1alpha1.ScaledObject) { o.Name, o.UID = "older", "2" }))
	b.reconcile()
	if got := b.object().Status; got.OriginalReplicaCount != nil || !got.Conditions.IsFalse(v1alpha1.ConditionReady) {
		t.Errorf("the status is %+v", got)
	}
	b.replicas = 7
	if err := b.server.Delete(t.Context(), b.object()); err != nil {
		t.Fatal(err)
	}
	b.refuse["patch scale"] = errors.New("it was scaled")
	b.reconcile()
	if told := b.told.take(); strings.Contains(told, "not restored") {
		t.Errorf("told was %q", told)
	}
}
