// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
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
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !sj.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, r.finalize(ctx, &sj, id)
	}
	if err := r.claim(ctx, &sj); err != nil {
		return ctrl.Result{}, err
	}
	violations, warnings := v1alpha1.ValidateScaledJob(&sj).Split(v1alpha1.Unworkable)
	var plan *autoscale.ScaledJobPlan
	failure := violations.Err()
	if failure != nil {
		failure = misconfigured(failure)
	} else {
		plan, failure = r.plan(ctx, &sj, id)
	}
	return r.conclude(ctx, &sj, id, plan, warnings, failure)
}

func (r *ScaledJobs) claim(ctx context.Context, sj *v1alpha1.ScaledJob) error {
	before := sj.DeepCopy()
	if !controllerutil.AddFinalizer(sj, v1alpha1.Finalizer) {
		return nil
	}
	if err := r.Client.Patch(ctx, sj, client.MergeFrom(before)); err != nil {
		return fmt.Errorf("cannot add the finalizer: %w", client.IgnoreNotFound(err))
	}
	return nil
}

// plan resolves the triggers. Environment variables come from the Job's own pod
// template.
func (r *ScaledJobs) plan(ctx context.Context, sj *v1alpha1.ScaledJob, id sample.Object) (*autoscale.ScaledJobPlan, error) {
	resolved, err := r.resolver().resolve(ctx, triggerRequest{
		namespace: sj.Namespace, name: sj.Name, triggers: sj.Spec.Triggers,
		workload: "ScaledJob " + sj.Namespace + "/" + sj.Name, container: sj.Spec.EnvSourceContainerName,
		template: func(context.Context) (*corev1.PodTemplateSpec, error) { return &sj.Spec.JobTargetRef.Template, nil },
	})
	r.References.Set(id, resolved.references)
	if err != nil {
		return nil, err
	}
	return &autoscale.ScaledJobPlan{Object: sj, Triggers: resolved.triggers}, nil
}

func (r *ScaledJobs) finalize(ctx context.Context, sj *v1alpha1.ScaledJob, id sample.Object) error {
	if !controllerutil.ContainsFinalizer(sj, v1alpha1.Finalizer) {
		return nil
	}
	r.Engine.Stop(id)
	if err := releaseFinalizer(ctx, r.Client, sj); err != nil {
		return err
	}
	r.Status.Event(sj, report.Normal(v1alpha1.EventScaledJobDeleted, "The ScaledJob was deleted"))
	r.Status.Forget(sj.UID)
	r.forget(id)
	return nil
}

// conclude starts or stops scaling and reports. Jobs that run go on in any case.
func (r *ScaledJobs) conclude(ctx context.Context, sj *v1alpha1.ScaledJob, id sample.Object, plan *autoscale.ScaledJobPlan, warnings v1alpha1.Violations, failure error) (ctrl.Result, error) {
	switch {
	case failure != nil:
		r.Engine.Stop(id)
		r.Metrics.Failed(id)
	case sj.Paused():
		r.Engine.Stop(id)
	default:
		r.Engine.ScaleJob(plan)
	}
	if sj.Generation != r.Status.Read(sj).ObservedGeneration {
		for _, w := range warnings {
			r.Status.Event(sj, report.Warning(v1alpha1.EventScalerInfo, w.Error()))
		}
	}
	err := r.Status.Update(ctx, sj, func(status *v1alpha1.ScaledJobStatus, now metav1.Time) {
		status.ObservedGeneration = sj.Generation
		status.TriggersTypes = new(v1alpha1.TriggersTypes(sj.Spec.Triggers))
		status.AuthenticationsTypes = new(v1alpha1.AuthenticationsTypes(sj.Spec.Triggers))
		if plan != nil {
			status.ExternalMetricNames, _ = metricNames(plan.Triggers)
		}
		concludeScaledJob(&status.Conditions, sj.Paused(), failure, now)
	})
	return retry(ctx, failure, err)
}

func concludeScaledJob(c *v1alpha1.Conditions, paused bool, failure error, now metav1.Time) {
	if failure != nil {
		c.Set(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledJobCheckFailed, failure.Error(), now)
		c.Set(v1alpha1.ConditionActive, metav1.ConditionUnknown, v1alpha1.ReasonUnknownState, "the object cannot be scaled as it is", now)
		return
	}
	switch {
	case paused:
		c.Set(v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledJobPaused, "no Jobs are created while the object is paused", now)
		c.Set(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonScaledJobReady, "the object is paused", now)
		c.Set(v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerNotActive, "the object is paused", now)
	case c.IsTrue(v1alpha1.ConditionPaused):
		c.Set(v1alpha1.ConditionPaused, metav1.ConditionFalse, v1alpha1.ReasonScaledJobUnpaused, "Jobs are created again", now)
	}
	if c.Get(v1alpha1.ConditionReady).Reason == v1alpha1.ReasonScaledJobCheckFailed {
		c.Set(v1alpha1.ConditionReady, metav1.ConditionUnknown, "", "the triggers are being read", now)
	}
}
