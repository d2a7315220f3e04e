// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

// job starts to scale a ScaledJob with the given lists, one Job for each element.
func (w *world) job(t *testing.T, lists ...string) (*v1alpha1.ScaledJob, sample.Object) {
	t.Helper()
	o := &v1alpha1.ScaledJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "work", UID: "work", Generation: 1},
		Spec: v1alpha1.ScaledJobSpec{
			JobTargetRef:    &batchv1.JobSpec{},
			MaxReplicaCount: new(int32(10)),
			ScalingStrategy: &v1alpha1.ScalingStrategy{MultipleScalersCalculation: v1alpha1.CalculationSum},
		},
	}
	plan := &ScaledJobPlan{Object: o}
	for i, list := range lists {
		trigger := w.trigger(list, i)
		trigger.Metrics[0].Target = 1
		plan.Triggers = append(plan.Triggers, trigger)
	}
	w.ScaleJob(plan)
	return o, scaledJobID(o)
}

// cached makes the cache show the Jobs that were created.
func (w *world) cached(o *v1alpha1.ScaledJob) {
	w.api.mu.Lock()
	defer w.api.mu.Unlock()
	w.api.jobs = nil
	for _, name := range w.api.created {
		w.api.jobs = append(w.api.jobs, batchv1.Job{ObjectMeta: metav1.ObjectMeta{
			Name: name, Annotations: map[string]string{v1alpha1.AnnotationJobGeneration: "1"},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(o, v1alpha1.GroupVersion.WithKind("ScaledJob"))},
		}})
	}
}

func (w *world) createdJobs(t *testing.T, want int) {
	t.Helper()
	if got := len(w.api.created); got != want {
		t.Errorf("%d Jobs were created, want %d", got, want)
	}
}

// TestOneSampleIsActedOnOnce although its Jobs finish before the next one.
func TestOneSampleIsActedOnOnce(t *testing.T) {
	w := newWorld(t)
	w.source.set(3, nil)
	_, id := w.job(t, "a")
	w.ask(t, id)
	w.look(t, id)
	w.createdJobs(t, 3)
	w.clock.Step(2 * time.Minute) // what was created is not waited for any more, and is gone
	w.look(t, id)
	w.createdJobs(t, 3)
	w.ask(t, id)
	w.look(t, id)
	w.createdJobs(t, 6)
}

// TestOldNewsOfAnotherQueue is not acted on again when one queue has news.
func TestOldNewsOfAnotherQueue(t *testing.T) {
	w := newWorld(t)
	w.source.set(2, nil)
	_, id := w.job(t, "a", "b")
	w.ask(t, id)
	w.look(t, id)
	w.createdJobs(t, 4)
	w.clock.Step(2 * time.Minute)
	s, _ := w.subject(id).(*scaledJob)
	s.acted[0].seq-- // as if a had been asked once more than b
	w.look(t, id)
	w.createdJobs(t, 4)
	if !s.woken {
		t.Error("the other queue was not asked")
	}
	w.ask(t, id)
	w.look(t, id)
	w.createdJobs(t, 8)
	if s.woken {
		t.Error("acting on news leaves nothing to ask for")
	}
}

// TestJobsThatCannotBeListed are not no Jobs.
func TestJobsThatCannotBeListed(t *testing.T) {
	w := newWorld(t)
	w.source.set(3, nil)
	_, id := w.job(t, "a")
	w.ask(t, id)
	w.api.readErr = errors.New("etcd is away")
	if _, err := w.subject(id).evaluate(context.Background()); err == nil {
		t.Error("a list that failed is no error")
	}
	w.createdJobs(t, 0)
	w.api.readErr = nil
	w.look(t, id)
	w.createdJobs(t, 3)
}

// TestLostAnswers: a Job whose creation got no answer keeps its place; one that
// was refused does not.
func TestLostAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		next int // creations by the next sample
	}{
		"no answer": {errors.New("connection reset"), 2},
		"refused":   {apierrors.NewForbidden(schema.GroupResource{}, "", errors.New("quota")), 3},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.source.set(3, nil)
			_, id := w.job(t, "a")
			w.ask(t, id)
			w.api.createErr = c.err
			if _, err := w.subject(id).evaluate(context.Background()); err == nil {
				t.Error("a Job that was not created is no error")
			}
			w.createdJobs(t, 1)
			w.api.createErr = nil
			w.ask(t, id)
			w.look(t, id)
			w.createdJobs(t, 1+c.next)
		})
	}
}

// TestRolloutDeletesOnce although the cache goes on showing what was deleted.
func TestRolloutDeletesOnce(t *testing.T) {
	w := newWorld(t)
	w.source.set(2, nil)
	o, id := w.job(t, "a")
	w.ask(t, id)
	w.look(t, id)
	w.cached(o)
	next := o.DeepCopy()
	next.Generation = 2
	trigger := w.trigger("a", 0)
	w.ScaleJob(&ScaledJobPlan{Object: next, Triggers: []Trigger{trigger}})
	for range 3 {
		w.look(t, id)
	}
	if fmt.Sprint(w.api.deleted) != fmt.Sprint(w.api.created) {
		t.Errorf("of %v were deleted %v", w.api.created, w.api.deleted)
	}
	if got := len(w.events.told); got != 5 { // created, active, ready, and one rollout of two events
		t.Errorf("%d events: %q", got, w.events.told)
	}
}

func TestRefused(t *testing.T) {
	jobs := schema.GroupResource{Group: "batch", Resource: "jobs"}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"forbidden":      {apierrors.NewForbidden(jobs, "x", errors.New("quota")), true},
		"invalid":        {apierrors.NewInvalid(schema.GroupKind{}, "x", nil), true},
		"too many":       {apierrors.NewTooManyRequests("later", 1), true},
		"already exists": {apierrors.NewAlreadyExists(jobs, "x"), false},
		"internal":       {apierrors.NewInternalError(errors.New("etcd")), false},
		"server timeout": {apierrors.NewServerTimeout(jobs, "create", 1), false},
		"timeout":        {apierrors.NewTimeoutError("slow", 1), false},
		"connection":     {errors.New("reset"), false},
		"nothing":        {nil, false},
	} {
		if got := refused(fmt.Errorf("cannot create: %w", c.err)); got != c.want {
			t.Errorf("%s: refused is %v", name, got)
		}
	}
}
