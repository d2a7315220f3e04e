// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/ownership"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

// Setup registers the reconciler with a manager.
func (r *ScaledObjects) Setup(mgr ctrl.Manager, workers int) error {
	b := builder.ControllerManagedBy(mgr).Named("scaledobject").
		WithOptions(controller.Options{MaxConcurrentReconciles: workers, RateLimiter: backoff()}).
		For(&v1alpha1.ScaledObject{}, builder.WithPredicates(declared())).
		Owns(&autoscalingv2.HorizontalPodAutoscaler{}, builder.WithPredicates(r.hpaChanged())).
		Watches(&v1alpha1.ScaledObject{}, handler.EnqueueRequestsFromMapFunc(r.rivals), builder.WithPredicates(retargeted())).
		Watches(&autoscalingv2.HorizontalPodAutoscaler{}, handler.EnqueueRequestsFromMapFunc(r.rivals), builder.WithPredicates(retargeted())).
		Watches(&appsv1.Deployment{}, r.users(v1alpha1.KindScaledObject, "Deployment"), builder.WithPredicates(templateChanged())).
		Watches(&appsv1.StatefulSet{}, r.users(v1alpha1.KindScaledObject, "StatefulSet"), builder.WithPredicates(templateChanged()))
	if err := r.watchSources(b, v1alpha1.KindScaledObject).Complete(r); err != nil {
		return err
	}
	return setupRepair(mgr, r.Status)
}

// Setup registers the reconciler with a manager.
func (r *ScaledJobs) Setup(mgr ctrl.Manager, workers int) error {
	b := builder.ControllerManagedBy(mgr).Named("scaledjob").
		WithOptions(controller.Options{MaxConcurrentReconciles: workers, RateLimiter: backoff()}).
		For(&v1alpha1.ScaledJob{}, builder.WithPredicates(declared())).
		Watches(&batchv1.Job{}, handler.Funcs{}) // keeps the cache of Jobs that the engine reads
	if err := r.watchSources(b, v1alpha1.KindScaledJob).Complete(r); err != nil {
		return err
	}
	return setupRepair(mgr, r.Status)
}

// watchSources leads from a change of what authentications are made of to the
// objects that use it. Of Secrets and ConfigMaps only the metadata is watched:
// their contents stay with the API server until they are needed. What cannot be
// watched is read again in time by auth.Stores, which says so.
func (d *Dependencies) watchSources(b *builder.Builder, kind string) *builder.Builder {
	return b.
		WatchesRawSource(source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
			d.References.Listen(kind, func(user sample.Object) { queue.Add(request(user)) })
			return nil
		})).
		WatchesMetadata(&corev1.Secret{}, d.users(kind, "Secret")).
		WatchesMetadata(&corev1.ConfigMap{}, d.users(kind, "ConfigMap")).
		Watches(&v1alpha1.TriggerAuthentication{}, d.users(kind, v1alpha1.KindTriggerAuthentication), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.ClusterTriggerAuthentication{}, d.users(kind, v1alpha1.KindClusterTriggerAuthentication), builder.WithPredicates(predicate.GenerationChangedPredicate{}))
}

// users enqueues the objects of one kind that refer to a changed object of another.
func (d *Dependencies) users(kind, referred string) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		var requests []reconcile.Request
		for _, user := range d.References.Users(auth.Reference{Kind: referred, Namespace: o.GetNamespace(), Name: o.GetName()}, kind) {
			requests = append(requests, request(user))
		}
		return requests
	})
}

func request(user sample.Object) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: user.Namespace, Name: user.Name}}
}

// rivals enqueues the ScaledObjects that scale the same target as a changed
// ScaledObject or HPA: it may have kept them from it, and does so no longer, or
// does so from now on. Of an HPA, its owner knows already.
func (r *ScaledObjects) rivals(ctx context.Context, changed client.Object) []reconcile.Request {
	others, err := ownership.Rivals(ctx, r.Client, changed)
	if err != nil {
		return nil // the periodic look at mistakes will notice
	}
	owner := metav1.GetControllerOf(changed)
	var requests []reconcile.Request
	for _, o := range others {
		if owner == nil || owner.UID != o.UID {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(o)})
		}
	}
	return requests
}

// declared lets through what users change: the spec, annotations and labels, and
// deletion. Status is ours.
func declared() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		a, b := e.ObjectOld, e.ObjectNew
		return a.GetGeneration() != b.GetGeneration() ||
			!maps.Equal(a.GetAnnotations(), b.GetAnnotations()) ||
			!maps.Equal(a.GetLabels(), b.GetLabels()) ||
			a.GetDeletionTimestamp().IsZero() != b.GetDeletionTimestamp().IsZero()
	}}
}

// retargeted lets through what may begin or end a conflict about a target. The
// map function runs on the old and on the new object.
func retargeted() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return !slices.Equal(ownership.TargetOf(e.ObjectOld), ownership.TargetOf(e.ObjectNew)) ||
			e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() ||
			!maps.Equal(e.ObjectOld.GetAnnotations(), e.ObjectNew.GetAnnotations())
	}}
}

// hpaChanged lets through what others did to our HPA, and one that should not be
// there.
func (r *ScaledObjects) hpaChanged() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return r.unwanted(e.Object) },
		UpdateFunc: func(e event.UpdateEvent) bool {
			a, ok1 := e.ObjectOld.(*autoscalingv2.HorizontalPodAutoscaler)
			b, ok2 := e.ObjectNew.(*autoscalingv2.HorizontalPodAutoscaler)
			return ok1 && ok2 && (declared().Update(e) || !equality.Semantic.DeepEqual(a.Spec, b.Spec))
		},
	}
}

// unwanted says that an HPA comes into the cache after its owner was paused, or gave
// its HPA another name: whoever deleted the owner's HPAs then did not see it.
func (r *ScaledObjects) unwanted(hpa client.Object) bool {
	owner := metav1.GetControllerOf(hpa)
	var so v1alpha1.ScaledObject
	if owner == nil || r.Client.Get(context.Background(), client.ObjectKey{Namespace: hpa.GetNamespace(), Name: owner.Name}, &so) != nil {
		return false
	}
	pause, _ := so.Pause()
	return pause.Paused || so.HPAName() != hpa.GetName()
}

// templateChanged lets through what a trigger may read of a workload: its
// appearance, and its pod template.
func templateChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return templateHash(e.ObjectOld) != templateHash(e.ObjectNew)
	}}
}

// templateHash is the annotation in which the cache keeps a hash of a workload's
// pod template; the template itself is not kept.
func templateHash(o client.Object) string { return o.GetAnnotations()[TemplateHash] }

// TemplateHash is set by the cache's transform, on cached objects only.
const TemplateHash = "keda.sh/template-hash"
