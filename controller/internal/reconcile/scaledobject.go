// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package reconcile turns declared objects into plans: it checks a ScaledObject
// or ScaledJob, resolves its target, authentications and triggers, keeps the HPA,
// and hands the plan to the autoscaling engine. It is the only writer of specs,
// finalizers and HPAs. Watches lead from whatever a plan was made of back to the
// object.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/actuate"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/autoscale"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/modifiers"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/ownership"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/workload"
)

// Dependencies are shared by the reconcilers.
type Dependencies struct {
	// Client reads from the cache and writes to the API server; Live reads there.
	Client client.Client
	Live   client.Reader
	// Auth resolves authentications; Env is what triggers are bound with.
	Auth       *auth.Resolver
	Env        scaler.Env
	Engine     *autoscale.Engine
	Workloads  *workload.Reader
	Actuator   *actuate.Actuator
	References *References
	Metrics    *observe.Metrics
	// Version is put on the labels of HPAs.
	Version string
}

// ScaledObjects reconciles ScaledObjects.
type ScaledObjects struct {
	Dependencies
	Status *report.ScaledObjects
}

// Reconcile brings one ScaledObject's HPA and plan up to date.
func (r *ScaledObjects) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	id := identify(v1alpha1.KindScaledObject, req)
	var so v1alpha1.ScaledObject
	if err := r.Client.Get(ctx, req.NamespacedName, &so); err != nil {
		if client.IgnoreNotFound(err) == nil {
			r.forget(id)
			r.Status.Forget(req.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !so.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, r.finalize(ctx, &so, id)
	}
	r.Metrics.Registered(id, triggerTypes(so.Spec.Triggers))
	pause, _ := so.Pause() // holds whatever else is wrong with the object
	r.Metrics.Paused(id, pause.Paused)
	found := found{pause: pause}
	lastActive := r.Engine.LastActive(id)
	if pause.Paused && r.Engine.Stop(id) { // also while the rest of pausing fails
		r.Status.Event(&so, stopped(isPaused))
	}
	err := r.claim(ctx, &so)
	r.Status.Wrote(&so, err)
	if err == nil {
		r.References.Begin(id)
		found, err = r.observe(ctx, &so)
		r.References.Set(id, found.references)
	}
	if err == nil {
		err = r.apply(ctx, &so, &found)
	}
	if err != nil && overtaken(ctx, err) {
		return ctrl.Result{RequeueAfter: overtakenRetry}, nil
	}
	found.lastActive = lastActive
	return r.conclude(ctx, &so, id, found, err)
}

func identify(kind string, req ctrl.Request) sample.Object {
	return sample.Object{Kind: kind, Namespace: req.Namespace, Name: req.Name}
}

// forget drops an object that is gone or going, and says whether it was scaled.
func (d *Dependencies) forget(id sample.Object) (stopped bool) {
	stopped = d.Engine.Stop(id)
	d.References.Set(id, nil)
	d.Metrics.Forget(id)
	return stopped
}

// claim adds the finalizer and the label by which the HPA selects the metrics, in
// one request. Finalizers of others that were added meanwhile are not lost: the
// request fails then, and is made again.
func (r *ScaledObjects) claim(ctx context.Context, so *v1alpha1.ScaledObject) error {
	before := so.DeepCopy()
	changed := controllerutil.AddFinalizer(so, v1alpha1.Finalizer)
	if so.Labels[v1alpha1.LabelScaledObjectName] != so.Name && len(so.Name) <= validation.DNS1123LabelMaxLength {
		if so.Labels == nil {
			so.Labels = map[string]string{}
		}
		so.Labels[v1alpha1.LabelScaledObjectName] = so.Name
		changed = true
	}
	if !changed {
		return nil
	}
	if err := r.Client.Patch(ctx, so, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("cannot add the finalizer and label: %w", err)
	}
	return nil
}

// found is what observing a ScaledObject came to.
type found struct {
	plan       *autoscale.ScaledObjectPlan
	pause      v1alpha1.Pause
	violations error // of the spec; what pausing needs was right all the same
	references []auth.Reference
	warnings   v1alpha1.Violations
	replicas   int32   // of the target
	hpa        *string // its name, empty where there is none; nil where it is as it was
	kind       v1alpha1.GroupVersionKindResource
	began      bool               // scaling, which it did not before in this process
	decided    *v1alpha1.Decision // what a pause made of the replicas
	lastActive time.Time          // as long as it was scaled
}

// observe reads and checks everything that a plan is made of. A pause needs no more
// than the target: whoever pauses an object may do so because its triggers are
// broken.
func (r *ScaledObjects) observe(ctx context.Context, so *v1alpha1.ScaledObject) (found, error) {
	var out found
	violations, warnings := v1alpha1.ValidateScaledObject(so).Split(v1alpha1.Unworkable)
	out.violations, out.warnings = violations.Err(), warnings
	out.pause, _ = so.Pause() // a count that cannot be read is among the violations, and the object is paused all the same
	if so.Spec.ScaleTargetRef == nil || !out.pause.Paused && out.violations != nil {
		return out, out.violations
	}
	target, scale, err := r.Workloads.Resolve(ctx, so.Namespace, so.Spec.ScaleTargetRef)
	out.references = []auth.Reference{targetReference(target)}
	if err != nil {
		return out, err
	}
	out.replicas = scale.Spec.Replicas
	out.kind = v1alpha1.GroupVersionKindResource{Group: target.GVK.Group, Version: target.GVK.Version, Kind: target.GVK.Kind, Resource: target.Resource}
	if err := r.conflicts(ctx, so, &out); err != nil {
		return out, err
	}
	out.plan = &autoscale.ScaledObjectPlan{Object: so, Target: target}
	if out.pause.Paused {
		return out, nil
	}
	return out, r.plan(ctx, so, &out)
}

// conflicts fails where somebody else scales the target; our HPA gives way then: two
// of them would fight.
func (r *ScaledObjects) conflicts(ctx context.Context, so *v1alpha1.ScaledObject, f *found) error {
	conflicts, err := ownership.Check(ctx, r.Client, so, func(other *v1alpha1.ScaledObject) bool { return ownership.Older(other, so) })
	if err != nil || len(conflicts) == 0 {
		return err
	}
	return errors.Join(conflicts, r.removeHPA(ctx, so, f))
}

// plan resolves the triggers.
func (r *ScaledObjects) plan(ctx context.Context, so *v1alpha1.ScaledObject, f *found) error {
	target := f.plan.Target
	resolved, err := r.resolver().resolve(ctx, triggerRequest{
		namespace: so.Namespace, name: so.Name, triggers: so.Spec.Triggers,
		workload: auth.Workload{
			Name: target.String(), Namespace: so.Namespace, Container: so.Spec.ScaleTargetRef.EnvSourceContainerName,
			Template: func() (*corev1.PodTemplateSpec, error) { return r.Workloads.PodTemplate(ctx, target) },
		},
		targetOptional: so.Modifiers() != nil,
	})
	f.references = append(f.references, resolved.references...)
	if err != nil {
		return err
	}
	f.plan.Triggers = resolved.triggers
	if m := so.Modifiers(); m != nil {
		f.plan.Modifiers, err = modifiers.Compile(m, v1alpha1.FormulaNames(so.Spec.Triggers))
	}
	return err
}

func (d *Dependencies) resolver() *triggerResolver {
	return &triggerResolver{auth: d.Auth, env: d.Env}
}

// targetReference lets a change of the target lead back to the object: one that
// is missing may appear, and triggers may read its environment.
func targetReference(target workload.Ref) auth.Reference {
	return auth.Reference{Kind: target.GVK.Kind, Namespace: target.Namespace, Name: target.Name}
}

// apply performs a plan: a paused object has no HPA and is not polled, any other
// has both.
func (r *ScaledObjects) apply(ctx context.Context, so *v1alpha1.ScaledObject, f *found) error {
	if f.pause.Paused {
		return errors.Join(r.pause(ctx, so, f), f.violations)
	}
	if err := r.ensureHPA(ctx, so, f); err != nil {
		return err
	}
	f.began = r.Engine.ScaleObject(f.plan)
	return nil
}

// pause removes the HPA, which would go on scaling, and holds the target at the count
// that the annotation asks for.
func (r *ScaledObjects) pause(ctx context.Context, so *v1alpha1.ScaledObject, f *found) error {
	if err := r.removeHPA(ctx, so, f); err != nil {
		return err
	}
	if f.pause.Replicas == nil || *f.pause.Replicas == f.replicas {
		return nil
	}
	if err := r.Actuator.Scale(ctx, f.plan.Target, f.replicas, *f.pause.Replicas); err != nil {
		return err
	}
	f.decided = pauseDecision(f.replicas, *f.pause.Replicas)
	return nil
}

// conclude reports the outcome and says when to try again.
func (r *ScaledObjects) conclude(ctx context.Context, so *v1alpha1.ScaledObject, id sample.Object, f found, failure error) (ctrl.Result, error) {
	if r.hold(id, failure) {
		r.Status.Event(so, stopped("the object cannot be scaled as it is"))
	}
	r.tell(so, &f, failure)
	err := r.Status.Update(ctx, so, func(status *v1alpha1.ScaledObjectStatus, now metav1.Time) {
		describe(status, so, &f)
		concludeScaledObject(&status.Conditions, f.pause, failure, now)
		if failure != nil || f.pause.Paused {
			status.ObservedGeneration = so.Generation
			if !f.lastActive.IsZero() { // from which the cooldown counts when scaling goes on
				status.LastActiveTime = new(metav1.NewTime(f.lastActive).Rfc3339Copy())
			}
		}
	})
	result, err := retry(ctx, failure, err)
	if result.RequeueAfter > 0 && f.kind.Kind == "" && workload.IsMissing(failure) {
		result.RequeueAfter = missingRetry(time.Since(r.Status.Read(so).Conditions.Get(v1alpha1.ConditionReady).LastTransitionTime.Time))
	}
	return result, err
}

// tell makes the events of a spec that is new, and of polling that begins.
func (r *ScaledObjects) tell(so *v1alpha1.ScaledObject, f *found, failure error) {
	before := r.Status.Read(so)
	changed := r.Status.First(so) && so.Generation != before.ObservedGeneration
	if changed {
		for _, w := range f.warnings {
			r.Status.Event(so, advice(w))
		}
	}
	rested := before.HpaName == "" || before.Conditions.Get(v1alpha1.ConditionReady).Reason == v1alpha1.ReasonScaledObjectCheckFailed
	if failure == nil && !f.pause.Paused && (changed || f.began && rested) {
		r.Status.Event(so, report.Normal(v1alpha1.EventScalersStarted, polling(so.Spec.Triggers, so.PollInterval())))
	}
}

// missingRetry is how soon a target is looked for again that was not there for some
// time: of the kinds of others no watch tells, and they often come a moment later.
func missingRetry(missing time.Duration) time.Duration {
	return min(max(missing/4, 2*time.Second), mistakeRetry)
}

// hold stops the scaling of an object that cannot be scaled as it is: its replicas
// stay as they are. Trouble with the API server is no reason to stop.
func (d *Dependencies) hold(id sample.Object, failure error) (stopped bool) {
	if failure == nil {
		return false
	}
	d.Metrics.Failed(id)
	return !transient(failure) && d.Engine.Stop(id)
}
