// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// TestTroubleIsToldUntilThereIsANewPlan: while an object's new spec cannot be taken up,
// it is scaled by its old one, and what becomes of it does not make the new one Ready.
func TestTroubleIsToldUntilThereIsANewPlan(t *testing.T) {
	w := newWorld(t)
	o, id := one(t, w, nil)
	err := w.ScaledObjects.Update(t.Context(), o, func(status *v1alpha1.ScaledObjectStatus, now metav1.Time) {
		status.ObservedGeneration = 2
		status.Conditions.Set(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, "etcd is away", now)
	})
	if err != nil {
		t.Fatal(err)
	}
	w.source.set(7, nil)
	w.ask(t, id)
	w.look(t, id)
	got := w.status(o)
	if !got.Conditions.IsTrue(v1alpha1.ConditionActive) || !got.Conditions.IsFalse(v1alpha1.ConditionReady) || got.ObservedGeneration != 2 {
		t.Errorf("the status is %+v", got)
	}
	next := o.DeepCopy()
	next.Generation = 2
	w.ScaleObject(w.plan(next))
	w.look(t, id)
	if got := w.status(o); !got.Conditions.IsTrue(v1alpha1.ConditionReady) || got.ObservedGeneration != 2 {
		t.Errorf("by its new spec it says %+v", got)
	}
}

// TestTroubleOfAJobIsToldUntilThereIsANewPlan: likewise for ScaledJobs.
func TestTroubleOfAJobIsToldUntilThereIsANewPlan(t *testing.T) {
	w := newWorld(t)
	o, id := w.job(t, "a")
	w.ask(t, id)
	w.look(t, id)
	err := w.ScaledJobs.Update(t.Context(), o, func(status *v1alpha1.ScaledJobStatus, now metav1.Time) {
		status.Conditions.Set(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledJobCheckFailed, "etcd is away", now)
	})
	if err != nil {
		t.Fatal(err)
	}
	w.source.set(7, nil)
	w.ask(t, id)
	w.look(t, id)
	if got := w.ScaledJobs.Read(o); !got.Conditions.IsTrue(v1alpha1.ConditionActive) || !got.Conditions.IsFalse(v1alpha1.ConditionReady) {
		t.Errorf("the status is %+v", got)
	}
}
