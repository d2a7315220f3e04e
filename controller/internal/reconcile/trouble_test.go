// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// troubled is a bench whose object is active, and whose API server cannot read its
// target any more.
func troubled(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, web(func(o *v1alpha1.ScaledObject) {
		o.Status.Conditions.Set(v1alpha1.ConditionActive, metav1.ConditionTrue, v1alpha1.ReasonScalerActive, "", metav1.Now())
	}))
	b.reconcile()
	b.told.take()
	b.refuse["get scale"] = apierrors.NewServiceUnavailable("busy")
	return b
}

func (b *bench) fails() {
	b.Helper()
	if _, err := b.Reconcile(b.Context(), ctrl.Request{NamespacedName: webKey}); err == nil {
		b.Error("trouble is forgotten")
	}
}

// TestTroubleSaysNothingAboutActivity: an object that is still scaled is still active.
//
// Differs: Scaling
// KEDA: Whatever fails while an object is reconciled turns its Active condition Unknown, also a request that the API server could not answer.
// Here: The condition stays as it is while the API server is in trouble, because scaling goes on; Ready is False and names the trouble.
// Why: Alerts and waits that look at Active go by the triggers, not by the API server.
// Old: not available
func TestTroubleSaysNothingAboutActivity(t *testing.T) {
	b := troubled(t)
	b.fails()
	conditions := b.object().Status.Conditions
	if ready := conditions.Get(v1alpha1.ConditionReady); ready.Reason != v1alpha1.ReasonScaledObjectCheckFailed || !strings.Contains(ready.Message, "busy") {
		t.Errorf("it says %+v", ready)
	}
	if !conditions.IsTrue(v1alpha1.ConditionActive) {
		t.Errorf("it says %+v", conditions.Get(v1alpha1.ConditionActive))
	}
	if told := b.told.take(); strings.Contains(told, v1alpha1.EventScalersStopped) {
		t.Errorf("told was %q", told)
	}
}
