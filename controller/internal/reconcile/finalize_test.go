// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/actuate"
)

// deleted is an object that is to get its original count of 1 back, and is deleted
// while its target has 3.
func deleted(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, web(func(o *v1alpha1.ScaledObject) {
		o.Spec.Advanced = &v1alpha1.AdvancedConfig{RestoreToOriginalReplicaCount: true}
		o.Status.OriginalReplicaCount = new(int32(1))
	}))
	b.reconcile()
	if err := b.server.Delete(t.Context(), b.object()); err != nil {
		t.Fatal(err)
	}
	b.told.take()
	return b
}

// TestDeletionDoesNotWaitForACountThatIsRefused: the event tells that the original
// count could not be restored, and the object goes.
func TestDeletionDoesNotWaitForACountThatIsRefused(t *testing.T) {
	b := deleted(t)
	b.refuse["patch scale"] = apierrors.NewForbidden(schema.GroupResource{Group: "apps", Resource: "deployments/scale"}, "web", errors.New("a policy is against it"))
	b.reconcile()
	if err := b.server.Get(t.Context(), webKey, &v1alpha1.ScaledObject{}); !apierrors.IsNotFound(err) {
		t.Errorf("the object is still there: %v", err)
	}
	if told := b.told.take(); strings.Count(told, v1alpha1.EventScaledObjectDeleted) != 1 || !strings.Contains(told, "a policy is against it") {
		t.Errorf("told was %q", told)
	}
}

// TestDeletionDoesNotWaitForEver: an API server that has nobody any more to answer for
// the target's kind, such as a conversion webhook that was uninstalled, does not keep
// the object.
func TestDeletionDoesNotWaitForEver(t *testing.T) {
	b := newBench(t, web(func(o *v1alpha1.ScaledObject) {
		o.Spec.Advanced = &v1alpha1.AdvancedConfig{RestoreToOriginalReplicaCount: true}
		o.Status.OriginalReplicaCount = new(int32(1))
		o.DeletionTimestamp = new(metav1.NewTime(time.Now().Add(-restorePatience)))
	}))
	b.refuse["patch scale"] = apierrors.NewInternalError(errors.New("conversion webhook failed: no service"))
	b.reconcile()
	if err := b.server.Get(t.Context(), webKey, &v1alpha1.ScaledObject{}); !apierrors.IsNotFound(err) {
		t.Errorf("the object is still there: %v", err)
	}
	if told := b.told.take(); !strings.Contains(told, "conversion webhook failed") {
		t.Errorf("told was %q", told)
	}
}

// TestDeletionRestoresOnceTheAPIServerAnswers: what a retry can cure is retried.
func TestDeletionRestoresOnceTheAPIServerAnswers(t *testing.T) {
	for _, trouble := range []error{apierrors.NewServiceUnavailable("busy"), actuate.ErrMoved} {
		b := deleted(t)
		b.refuse["patch scale"] = trouble
		if _, err := b.Reconcile(t.Context(), ctrl.Request{NamespacedName: webKey}); err == nil {
			t.Errorf("%v is forgotten", trouble)
		}
		b.object() // is there
		delete(b.refuse, "patch scale")
		b.reconcile()
		if err := b.server.Get(t.Context(), webKey, &v1alpha1.ScaledObject{}); !apierrors.IsNotFound(err) {
			t.Errorf("the object is still there: %v", err)
		}
		if told := b.told.take(); !strings.HasSuffix(told, "The ScaledObject was deleted") {
			t.Errorf("told was %q", told)
		}
	}
}

// TestOrphanedHPAStays: whoever deletes an object and asks to keep its dependents
// keeps its HPA, also when the cache has yet to hear that it has no owner any more.
func TestOrphanedHPAStays(t *testing.T) {
	for _, meanwhile := range []bool{false, true} {
		b := newBench(t, web(nil))
		b.reconcile()
		var h autoscalingv2.HorizontalPodAutoscaler
		if err := b.server.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "keda-hpa-web"}, &h); err != nil {
			t.Fatal(err)
		}
		if meanwhile { // the garbage collector has done its work
			b.kept = h.DeepCopy()
			h.OwnerReferences = nil
			if err := b.server.Update(t.Context(), &h); err != nil {
				t.Fatal(err)
			}
		} else {
			b.change(func(o *v1alpha1.ScaledObject) { o.Finalizers = append(o.Finalizers, metav1.FinalizerOrphanDependents) })
		}
		if err := b.server.Delete(t.Context(), b.object()); err != nil {
			t.Fatal(err)
		}
		_, _ = b.Reconcile(t.Context(), ctrl.Request{NamespacedName: webKey}) // may be overtaken
		b.kept = nil
		b.reconcile()
		if got := b.hpas(); len(got) != 1 {
			t.Errorf("the HPAs are %v", got)
		}
		var so v1alpha1.ScaledObject
		if err := b.server.Get(t.Context(), webKey, &so); client.IgnoreNotFound(err) != nil || slices.Contains(so.Finalizers, v1alpha1.Finalizer) {
			t.Errorf("the object has not been let go: %v, error %v", so.Finalizers, err)
		}
	}
}
