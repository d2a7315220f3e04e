// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"errors"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"

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
