// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/autoscale"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

// ScaledJobs reconciles ScaledJobs.
type ScaledJobs struct {
	Dependencies
	Status *report.ScaledJobs
}

// Reconcile brings one ScaledJob's plan up to date. Its Jobs are the engine's.
func (r *ScaledJobs) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	id := identify(v1alpha1.KindScaledJob, req)
	var sj v1alpha1.ScaledJob
	if err := r.Client.Get(ctx, req.NamespacedName, &sj); err != nil {
		if client.IgnoreNotFound(err) == nil {
			r.forget(id)
			r.Status.Forget(req.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !sj.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, r.finalize(ctx, &sj, id)
	}
	r.Metrics.Registered(id, triggerTypes(sj.Spec.Triggers))
	violations, warnings := v1alpha1.ValidateScaledJob(&sj).Split(v1alpha1.Unworkable)
	var plan *autoscale.ScaledJobPlan
	claimed := r.claim(ctx, &sj)
	r.Status.Wrote(&sj, claimed)
	failure := errors.Join(claimed, violations.Err())
	if failure == nil {
		plan, failure = r.plan(ctx, &sj, id)
	}
	if failure != nil && overtaken(ctx, failure) {
		return ctrl.Result{RequeueAfter: overtakenRetry}, nil
	}
	return r.conclude(ctx, &sj, id, plan, warnings, failure)
}

func (r *ScaledJobs) claim(ctx context.Context, sj *v1alpha1.ScaledJob) error {
	before := sj.DeepCopy()
	if !controllerutil.AddFinalizer(sj, v1alpha1.Finalizer) {
		return nil
	}
	if err := r.Client.Patch(ctx, sj, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("cannot add the finalizer: %w", err)
	}
	return nil
}

// plan resolves the triggers, which a paused object does not need. Environment
// variables come from the Job's own pod template.
func (r *ScaledJobs) plan(ctx context.Context, sj *v1alpha1.ScaledJob, id sample.Object) (*autoscale.ScaledJobPlan, error) {
	if sj.Paused() {
		r.References.Set(id, nil)
		return &autoscale.ScaledJobPlan{Object: sj}, nil
	}
	r.References.Begin(id)
	resolved, err := r.resolver().resolve(ctx, triggerRequest{
		namespace: sj.Namespace, name: sj.Name, triggers: sj.Spec.Triggers,
		workload: auth.Workload{
			Name: "ScaledJob " + sj.Namespace + "/" + sj.Name, Namespace: sj.Namespace, Container: sj.Spec.EnvSourceContainerName,
			Template: func() (*corev1.PodTemplateSpec, error) { return &sj.Spec.JobTargetRef.Template, nil },
		},
	})
	r.References.Set(id, resolved.references)
	if err != nil {
		return nil, err
	}
	return &autoscale.ScaledJobPlan{Object: sj, Triggers: resolved.triggers}, nil
}

func (r *ScaledJobs) finalize(ctx context.Context, sj *v1alpha1.ScaledJob, id sample.Object) error {
	if r.forget(id) {
		r.Status.Event(sj, stopped("the object is being deleted"))
	}
	if !controllerutil.ContainsFinalizer(sj, v1alpha1.Finalizer) {
		return nil
	}
	if released, err := releaseFinalizer(ctx, r.Client, sj); !released {
		r.Status.Wrote(sj, err)
		return err
	}
	r.Status.Event(sj, report.Normal(v1alpha1.EventScaledJobDeleted, "The ScaledJob was deleted"))
	r.Status.Forget(client.ObjectKeyFromObject(sj))
	return nil
}

// conclude starts or stops scaling and reports. Jobs that run go on in any case.
func (r *ScaledJobs) conclude(ctx context.Context, sj *v1alpha1.ScaledJob, id sample.Object, plan *autoscale.ScaledJobPlan, warnings v1alpha1.Violations, failure error) (ctrl.Result, error) {
	began := false
	if sj.Paused() && r.Engine.Stop(id) { // also while the rest fails
		r.Status.Event(sj, stopped(isPaused))
	}
	if r.hold(id, failure) {
		r.Status.Event(sj, stopped("the object cannot be scaled as it is"))
	}
	if failure == nil && !sj.Paused() {
		began = r.Engine.ScaleJob(plan)
	}
	r.tell(sj, began, warnings, failure)
	err := r.Status.Update(ctx, sj, func(status *v1alpha1.ScaledJobStatus, now metav1.Time) {
		if failure != nil || sj.Paused() {
			status.ObservedGeneration = sj.Generation
		}
		status.TriggersTypes = new(v1alpha1.TriggersTypes(sj.Spec.Triggers))
		status.AuthenticationsTypes = new(v1alpha1.AuthenticationsTypes(sj.Spec.Triggers))
		if plan != nil && !sj.Paused() {
			status.ExternalMetricNames, _ = metricNames(plan.Triggers)
		}
		concludeScaledJob(&status.Conditions, sj.Paused(), failure, now)
	})
	return retry(ctx, failure, err)
}

// tell makes the events of a new spec, and of triggers that are looked at again.
func (r *ScaledJobs) tell(sj *v1alpha1.ScaledJob, began bool, warnings v1alpha1.Violations, failure error) {
	before := r.Status.Read(sj)
	changed := r.Status.First(sj) && sj.Generation != before.ObservedGeneration
	if changed {
		for _, w := range warnings {
			r.Status.Event(sj, advice(w))
		}
	}
	rested := before.Conditions.IsTrue(v1alpha1.ConditionPaused) || before.Conditions.Get(v1alpha1.ConditionReady).Reason == v1alpha1.ReasonScaledJobCheckFailed
	if failure == nil && !sj.Paused() && (changed || began && rested) {
		r.Status.Event(sj, report.Normal(v1alpha1.EventScalersStarted, polling(sj.Spec.Triggers, sj.PollInterval())))
	}
}
