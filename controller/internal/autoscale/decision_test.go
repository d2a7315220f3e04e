// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// TestDecisionsAreReportedWithTheChange: the count, the conditions and the reason
// go out in one patch, and only when the count changes.
func TestDecisionsAreReportedWithTheChange(t *testing.T) {
	w := newWorld(t)
	o, id := one(t, w, nil)
	if got := w.status(o).LastDecision; got != nil {
		t.Errorf("an object that was never scaled has the decision %+v", got)
	}
	w.source.set(7, nil)
	w.ask(t, id)
	before := len(w.api.written())
	w.look(t, id)
	want := &v1alpha1.Decision{
		Time: metav1.NewTime(start), From: 0, To: 1, By: v1alpha1.DecidedByController,
		Why: "s0-redis-web is 7, above its activation value 0 (minReplicaCount 0, maxReplicaCount 100)",
	}
	if diff := cmp.Diff(want, w.status(o).LastDecision); diff != "" {
		t.Errorf("the decision (-want +got):\n%s", diff)
	}
	if got := w.api.written()[before:]; len(got) != 2 {
		t.Errorf("an activation wrote %q, want the scale and one patch of the status", got)
	}

	w.api.replicas = 4 // by the HPA
	w.source.set(9, nil)
	w.ask(t, id)
	before = len(w.api.written())
	w.look(t, id)
	if got := w.api.written()[before:]; len(got) > 0 {
		t.Errorf("another value wrote %q", got)
	}

	w.source.set(0, nil)
	w.ask(t, id)
	w.look(t, id)
	w.clock.Step(11 * time.Second)
	w.look(t, id)
	want = &v1alpha1.Decision{
		Time: metav1.NewTime(start.Add(11 * time.Second)), From: 4, To: 0, By: v1alpha1.DecidedByController,
		Why: "no trigger was active since 2026-01-02T03:04:05Z, and the cooldown of 10s is over (minReplicaCount 0, maxReplicaCount 100)",
	}
	if diff := cmp.Diff(want, w.status(o).LastDecision); diff != "" {
		t.Errorf("the decision (-want +got):\n%s", diff)
	}
}

// TestJobsAreExplained: a ScaledJob says why it created Jobs.
func TestJobsAreExplained(t *testing.T) {
	w := newWorld(t)
	w.source.set(3, nil)
	o, id := w.job(t, "a")
	w.ask(t, id)
	w.look(t, id)
	got := w.ScaledJobs.Read(o).LastDecision
	if got == nil || got.From != 0 || got.To != 3 || !strings.Contains(got.Why, "a queue of 3") {
		t.Errorf("the decision is %+v", got)
	}
}

// TestRefusedWritesAreToldOnce: a count that cannot be written is tried again and
// again, and told once for each reason.
func TestRefusedWritesAreToldOnce(t *testing.T) {
	w := newWorld(t)
	_, id := one(t, w, nil)
	w.source.set(7, nil)
	w.ask(t, id)
	told := func(want int) {
		t.Helper()
		for range 3 {
			if _, err := w.subject(id).evaluate(context.Background()); err == nil {
				t.Error("a write that failed is no error")
			}
		}
		if got := strings.Count(strings.Join(w.events.told, "\n"), v1alpha1.EventScaleTargetActivationFailed); got != want {
			t.Errorf("there are %d events, want %d: %q", got, want, w.events.told)
		}
	}
	w.api.scaleErr = apierrors.NewInternalError(errors.New("etcd is away"))
	told(1)
	w.api.scaleErr = apierrors.NewInternalError(errors.New("a webhook is away"))
	told(2)
	w.api.scaleErr = nil
	w.look(t, id)
	w.api.scaleErr = apierrors.NewInternalError(errors.New("a webhook is away"))
	told(3)
}
