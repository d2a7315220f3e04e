// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	eventingv1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/eventing"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

// CloudEventSources reports, for CloudEventSources and ClusterCloudEventSources,
// whether what happens reaches their sinks. Delivery itself is the Hub's, which
// reads the sources of every event. Unlike in KEDA they carry no finalizer,
// because nothing has to be undone when one goes; one that KEDA left is taken off.
type CloudEventSources struct {
	Client  client.Client
	Hub     *eventing.Hub
	Metrics *observe.Metrics
	// Check says why nothing could be delivered to a source.
	Check func(context.Context, *eventing.Source) error
}

// checkRetry is how soon a source is looked at again whose authentication lacks
// something. Delivery reads it anew anyway; this is for the condition.
const checkRetry = 10 * time.Second

// Setup registers a reconciler for each kind with a manager.
func (r *CloudEventSources) Setup(mgr ctrl.Manager) error {
	for _, k := range []*cloudEventSources{
		{kind: eventingv1alpha1.KindCloudEventSource, new: func() client.Object { return &eventingv1alpha1.CloudEventSource{} }},
		{kind: eventingv1alpha1.KindClusterCloudEventSource, new: func() client.Object { return &eventingv1alpha1.ClusterCloudEventSource{} }},
	} {
		k.CloudEventSources, k.reported = r, map[types.NamespacedName]reported{}
		err := builder.ControllerManagedBy(mgr).Named(strings.ToLower(k.kind)).
			For(k.new(), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
			WatchesRawSource(source.Channel(r.Hub.Changed(k.kind), &handler.EnqueueRequestForObject{})).
			Complete(k)
		if err != nil {
			return err
		}
	}
	return nil
}

// cloudEventSources reconciles one of the kinds.
type cloudEventSources struct {
	*CloudEventSources
	kind string
	new  func() client.Object

	reported map[types.NamespacedName]reported // one worker uses it
}

// reported is what was last written to a status. The cache may lag behind it.
type reported struct {
	uid        types.UID
	generation int64
	conditions v1alpha1.Conditions
	at         time.Time
}

// Reconcile brings one source's condition up to date.
func (r *cloudEventSources) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	object := r.new()
	key := eventing.Key{Kind: r.kind, NamespacedName: req.NamespacedName}
	id := sample.Object{Kind: r.kind, Namespace: req.Namespace, Name: req.Name}
	if err := r.Client.Get(ctx, req.NamespacedName, object); err != nil {
		if client.IgnoreNotFound(err) == nil {
			r.Hub.Forget(key)
			r.Metrics.Registered(id, nil)
			delete(r.reported, req.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !object.GetDeletionTimestamp().IsZero() {
		_, err := releaseFinalizer(ctx, r.Client, object)
		return ctrl.Result{}, err
	}
	s := eventing.SourceOf(object)
	r.Hub.Track(s)
	r.Metrics.Registered(id, []string{})
	failure, again := r.Hub.Failure(s), time.Duration(0)
	if err := r.Check(ctx, s); err != nil {
		failure, again = err, checkRetry
	}
	wait, err := r.report(ctx, object, s, failure)
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: cmp.Or(again, wait)}, nil
}

// report writes the condition if it says anything new. Messages of sinks name
// ports and the like, so one of which only the message differs is written once a
// minute: wait says in how long.
func (r *cloudEventSources) report(ctx context.Context, object client.Object, s *eventing.Source, failure error) (wait time.Duration, err error) {
	name, now := client.ObjectKeyFromObject(object), metav1.Now()
	last, ok := r.reported[name]
	if !ok || last.uid != object.GetUID() {
		last = reported{conditions: statusOf(object).Conditions}
	}
	next := slices.Clone(last.conditions)
	status, reason, message := metav1.ConditionTrue, eventingv1alpha1.ReasonCloudEventSourceActive, "events are delivered to "+s.Sink()
	if failure != nil {
		status, reason, message = metav1.ConditionFalse, eventingv1alpha1.ReasonCloudEventSourceFailed, failure.Error()
	}
	before := last.conditions.Get(v1alpha1.ConditionActive)
	if !next.Set(v1alpha1.ConditionActive, status, reason, message, now) {
		return 0, nil
	}
	if rest := mistakeRetry - now.Sub(last.at); before.Status == status && last.generation == s.Generation && rest > 0 {
		return rest, nil
	}
	if err := r.patch(ctx, name, last.conditions, next); err != nil {
		return 0, err
	}
	r.reported[name] = reported{uid: object.GetUID(), generation: s.Generation, conditions: next, at: now.Time}
	return 0, nil
}

// patch sends the difference between two lists of conditions.
func (r *cloudEventSources) patch(ctx context.Context, name types.NamespacedName, before, after v1alpha1.Conditions) error {
	was, is, target := r.new(), r.new(), r.new()
	statusOf(was).Conditions, statusOf(is).Conditions = before, after
	target.SetNamespace(name.Namespace)
	target.SetName(name.Name)
	if err := report.PatchStatus(ctx, r.Client, target, was, is); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("cannot write the status: %w", err)
	}
	return nil
}

// statusOf returns the status of either kind.
func statusOf(object client.Object) *eventingv1alpha1.CloudEventSourceStatus {
	switch o := object.(type) {
	case *eventingv1alpha1.CloudEventSource:
		return &o.Status
	case *eventingv1alpha1.ClusterCloudEventSource:
		return &o.Status
	}
	return &eventingv1alpha1.CloudEventSourceStatus{}
}
