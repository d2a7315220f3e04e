// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
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

// askLater asks the sources a moment after all that was done before: what began to
// be read at the same time is not acted on.
func (w *world) askLater(t *testing.T, id sample.Object) {
	t.Helper()
	w.clock.Step(time.Millisecond)
	w.ask(t, id)
}

func (w *world) createdJobs(t *testing.T, want int) {
	t.Helper()
	distinct := slices.Clone(w.api.created)
	slices.Sort(distinct)
	if got := len(slices.Compact(distinct)); got != want {
		t.Errorf("%d Jobs were created, want %d", got, want)
	}
}

// TestOneSampleIsActedOnOnce although its Jobs finish before the next one.
func TestOneSampleIsActedOnOnce(t *testing.T) {
	w := newWorld(t)
	w.source.set(3, nil)
	_, id := w.job(t, "a")
	w.askLater(t, id)
	w.look(t, id)
	w.createdJobs(t, 3)
	w.clock.Step(2 * time.Minute) // what was created is not waited for any more, and is gone
	w.look(t, id)
	w.createdJobs(t, 3)
	w.askLater(t, id)
	w.look(t, id)
	w.createdJobs(t, 6)
}

// TestOldNewsOfAnotherQueue is not acted on again when one queue has news.
func TestOldNewsOfAnotherQueue(t *testing.T) {
	w := newWorld(t)
	w.source.set(2, nil)
	_, id := w.job(t, "a", "b")
	w.askLater(t, id)
	w.look(t, id)
	w.createdJobs(t, 4)
	w.clock.Step(2 * time.Minute)
	s, _ := w.subject(id).(*scaledJob)
	s.counted[1].seq-- // as if b had news
	w.look(t, id)
	w.createdJobs(t, 4)
	if !s.woken {
		t.Error("the other queue was not asked")
	}
	w.askLater(t, id)
	w.look(t, id)
	w.createdJobs(t, 8)
	if s.woken {
		t.Error("acting on news leaves nothing to ask for")
	}
}

// TestJobsThatCannotBeListed are not no Jobs. The sample is spent: what it counted
// may be taken by the time that the Jobs can be listed.
//
// Differs: Jobs
// KEDA: Counts zero running Jobs when the list of Jobs fails, and starts as many as the queue asks for once more.
// Here: A list that fails ends the decision; the queue is asked anew as soon as the Jobs can be listed.
// Why: A hiccup of the API server must not start Jobs for which there is no work.
// Old: not available
func TestJobsThatCannotBeListed(t *testing.T) {
	w := newWorld(t)
	w.source.set(3, nil)
	_, id := w.job(t, "a")
	w.askLater(t, id)
	w.api.readErr = errors.New("etcd is away")
	if _, err := w.subject(id).evaluate(context.Background()); err == nil {
		t.Error("a list that failed is no error")
	}
	w.createdJobs(t, 0)
	w.api.readErr = nil
	w.look(t, id)
	w.createdJobs(t, 0)
	if s, _ := w.subject(id).(*scaledJob); !s.woken {
		t.Error("the queue is not asked anew")
	}
	w.askLater(t, id)
	w.look(t, id)
	w.createdJobs(t, 3)
}

// TestLostAnswers: a Job whose creation got no answer keeps its place, and its name
// for the next attempt; one that was refused only the latter.
func TestLostAnswers(t *testing.T) {
	for name, cause := range map[string]error{
		"no answer": errors.New("connection reset"),
		"refused":   apierrors.NewForbidden(schema.GroupResource{}, "", errors.New("quota")),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.source.set(3, nil)
			_, id := w.job(t, "a")
			w.askLater(t, id)
			w.api.createErr = cause
			if _, err := w.subject(id).evaluate(context.Background()); err == nil {
				t.Error("a Job that was not created is no error")
			}
			w.createdJobs(t, 1)
			w.api.createErr = nil
			w.askLater(t, id)
			w.look(t, id)
			w.createdJobs(t, 3)
			if n := len(w.api.created); n != 4 {
				t.Errorf("%d requests, want one for each Job and the first one once more", n)
			}
		})
	}
}

// TestRolloutDeletesOnce although the cache goes on showing what was deleted.
func TestRolloutDeletesOnce(t *testing.T) {
	w := newWorld(t)
	w.source.set(2, nil)
	o, id := w.job(t, "a")
	w.askLater(t, id)
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

// TestLatenessOfJobs: an evaluation is as late as its samples were asked late and
// waited for it; those that were there before the object asked say nothing.
//
// Covers: metric keda_internal_scale_loop_latency_seconds
func TestLatenessOfJobs(t *testing.T) {
	w := newWorld(t)
	registry := prometheus.NewRegistry()
	w.Metrics = observe.New(registry, "", "")
	late := func(want string) {
		t.Helper()
		if want != "" {
			want = "# HELP keda_internal_scale_loop_latency_seconds How late the latest evaluation was after its sources were to be asked.\n" +
				"# TYPE keda_internal_scale_loop_latency_seconds gauge\n" +
				"keda_internal_scale_loop_latency_seconds{namespace=\"default\",resource=\"work\",type=\"scaledjob\"} " + want + "\n"
		}
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "keda_internal_scale_loop_latency_seconds"); err != nil {
			t.Error(err)
		}
	}
	other := object("a", nil)
	w.ScaleObject(w.plan(other))
	w.ask(t, scaledObjectID(other))
	w.clock.Step(10 * time.Second)
	_, id := w.job(t, "a")
	w.look(t, id)
	late("")
	w.askLater(t, id)
	w.clock.Step(2 * time.Second)
	w.look(t, id)
	late("2")
}
