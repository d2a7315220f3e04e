// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
)

// authentications keeps the status of TriggerAuthentications and
// ClusterTriggerAuthentications: who uses them. Unlike in KEDA they carry no
// finalizer, because nothing has to be undone when one goes; a finalizer that KEDA
// left is taken off.
type authentications struct {
	client  client.Client
	events  events.EventRecorder
	metrics *observe.Metrics
	kind    string
	new     func() client.Object
	status  func(client.Object) *v1alpha1.TriggerAuthenticationStatus

	partial bool                               // other controllers may know of further users
	started *atomic.Pointer[time.Time]         // when this process began to lead: what is older was announced before
	seen    map[types.NamespacedName]announced // one worker uses it
	listed  map[types.NamespacedName]bool      // those whose users this process has written
}

// announced is what was last told of an authentication.
type announced struct {
	uid        types.UID
	generation int64
}

// SetupAuthentications registers the reconcilers of both kinds with a manager.
// partial says that the controller does not see all objects of the cluster: then it
// does not take users away that another one has written.
func SetupAuthentications(mgr ctrl.Manager, recorder events.EventRecorder, metrics *observe.Metrics, partial bool) error {
	var started atomic.Pointer[time.Time]
	started.Store(new(time.Now()))
	if err := mgr.Add(manager.RunnableFunc(func(context.Context) error {
		started.Store(new(time.Now()))
		return nil
	})); err != nil {
		return err
	}
	for _, a := range []*authentications{
		{kind: v1alpha1.KindTriggerAuthentication, new: func() client.Object { return &v1alpha1.TriggerAuthentication{} }, status: func(o client.Object) *v1alpha1.TriggerAuthenticationStatus {
			return &o.(*v1alpha1.TriggerAuthentication).Status //nolint:forcetypeassert // of new
		}},
		{kind: v1alpha1.KindClusterTriggerAuthentication, new: func() client.Object { return &v1alpha1.ClusterTriggerAuthentication{} }, status: func(o client.Object) *v1alpha1.TriggerAuthenticationStatus {
			return &o.(*v1alpha1.ClusterTriggerAuthentication).Status //nolint:forcetypeassert // of new
		}},
	} {
		a.client, a.events, a.metrics = mgr.GetClient(), recorder, metrics
		a.partial, a.started = partial, &started
		a.seen, a.listed = map[types.NamespacedName]announced{}, map[types.NamespacedName]bool{}
		err := builder.ControllerManagedBy(mgr).Named(strings.ToLower(a.kind)).
			For(a.new(), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
			Watches(&v1alpha1.ScaledObject{}, a.used(), builder.WithPredicates(referencesChanged())).
			Watches(&v1alpha1.ScaledJob{}, a.used(), builder.WithPredicates(referencesChanged())).
			Complete(a)
		if err != nil {
			return err
		}
	}
	return nil
}

// Reconcile brings one authentication's list of users up to date.
func (a *authentications) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	object := a.new()
	if err := a.client.Get(ctx, req.NamespacedName, object); err != nil {
		if client.IgnoreNotFound(err) == nil {
			a.bury(req.NamespacedName)
			delete(a.listed, req.NamespacedName)
			a.metrics.Registered(identify(a.kind, req), nil)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !object.GetDeletionTimestamp().IsZero() {
		_, err := releaseFinalizer(ctx, a.client, object)
		return ctrl.Result{}, err
	}
	a.metrics.Registered(identify(a.kind, req), []string{})
	a.announce(object, req.NamespacedName)
	users, err := a.users(ctx, req)
	if err != nil {
		return ctrl.Result{}, err
	}
	status := a.status(object)
	if *status == users || a.foreign(req.NamespacedName, users) {
		return ctrl.Result{}, nil
	}
	before, _ := object.DeepCopyObject().(client.Object)
	*status = users
	if err := a.client.Status().Patch(ctx, object, client.MergeFrom(before)); client.IgnoreNotFound(err) != nil {
		return ctrl.Result{}, fmt.Errorf("cannot write the status: %w", err)
	}
	return ctrl.Result{}, nil
}

// foreign says that the users in a status may be those that another controller
// knows: this one knows of none, and never did.
func (a *authentications) foreign(key types.NamespacedName, users v1alpha1.TriggerAuthenticationStatus) bool {
	if users != (v1alpha1.TriggerAuthenticationStatus{}) {
		a.listed[key] = true
	}
	return a.partial && !a.listed[key]
}

// announce makes an event of a new authentication and of a changed one.
func (a *authentications) announce(object client.Object, key types.NamespacedName) {
	if before, known := a.seen[key]; known && before.uid != object.GetUID() {
		a.bury(key) // this is another one of the same name
	}
	before, known := a.seen[key]
	a.seen[key] = announced{object.GetUID(), object.GetGeneration()}
	switch {
	case known && before.generation != object.GetGeneration():
		report.Tell(a.events, object, report.Normal(a.kind+"Updated", a.kind+" was changed"))
	case !known && !object.GetCreationTimestamp().Time.Before(a.started.Load().Truncate(time.Second)): // Kubernetes keeps whole seconds
		report.Tell(a.events, object, report.Normal(a.kind+"Added", a.kind+" was created"))
	}
}

// bury makes an event of an authentication that is gone. The event outlives it,
// and says no more than its name.
func (a *authentications) bury(key types.NamespacedName) {
	if _, known := a.seen[key]; !known {
		return
	}
	delete(a.seen, key)
	gone := a.new()
	gone.SetNamespace(key.Namespace)
	gone.SetName(key.Name)
	report.Tell(a.events, gone, report.Normal(a.kind+"Deleted", a.kind+" was deleted"))
}

// users lists the objects whose triggers refer to an authentication.
func (a *authentications) users(ctx context.Context, req ctrl.Request) (v1alpha1.TriggerAuthenticationStatus, error) {
	var status v1alpha1.TriggerAuthenticationStatus
	var sos v1alpha1.ScaledObjectList
	var sjs v1alpha1.ScaledJobList
	for _, list := range []client.ObjectList{&sos, &sjs} {
		if err := a.client.List(ctx, list, client.InNamespace(req.Namespace), client.UnsafeDisableDeepCopy); err != nil {
			return status, fmt.Errorf("cannot list who uses it: %w", err)
		}
	}
	var objects, jobs []string
	for i := range sos.Items {
		if a.refers(sos.Items[i].Spec.Triggers, req.Name) {
			objects = append(objects, sos.Items[i].Name)
		}
	}
	for i := range sjs.Items {
		if a.refers(sjs.Items[i].Spec.Triggers, req.Name) {
			jobs = append(jobs, sjs.Items[i].Name)
		}
	}
	slices.Sort(objects)
	slices.Sort(jobs)
	status.ScaledObjectNamesStr, status.ScaledJobNamesStr = strings.Join(slices.Compact(objects), ","), strings.Join(slices.Compact(jobs), ",")
	return status, nil
}

func (a *authentications) refers(triggers []v1alpha1.ScaleTrigger, name string) bool {
	return slices.ContainsFunc(triggers, func(t v1alpha1.ScaleTrigger) bool {
		return t.AuthenticationRef != nil && t.AuthenticationRef.KindOrDefault() == a.kind && t.AuthenticationRef.Name == name
	})
}

// used leads from an object to the authentications that its triggers refer to.
func (a *authentications) used() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		var requests []reconcile.Request
		for _, t := range triggersOf(o) {
			if t.AuthenticationRef == nil || t.AuthenticationRef.KindOrDefault() != a.kind {
				continue
			}
			key := client.ObjectKey{Name: t.AuthenticationRef.Name}
			if a.kind == v1alpha1.KindTriggerAuthentication {
				key.Namespace = o.GetNamespace()
			}
			requests = append(requests, reconcile.Request{NamespacedName: key})
		}
		return requests
	})
}

func triggersOf(o client.Object) []v1alpha1.ScaleTrigger {
	switch object := o.(type) {
	case *v1alpha1.ScaledObject:
		return object.Spec.Triggers
	case *v1alpha1.ScaledJob:
		return object.Spec.Triggers
	}
	return nil
}

// referencesChanged lets through the changes of a spec. The map function runs on
// the old and the new object, so the authentication that is no longer used hears
// of it too.
func referencesChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration()
	}}
}
