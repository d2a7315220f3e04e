// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package report tells users what happened: it is the only writer of the status
// of ScaledObjects and ScaledJobs, and turns what changed in a status into
// events. Reconcilers and the autoscaling engine both hand it functions that
// change the fields they know; one status patch is sent, and only when something
// differs.
package report

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// Writer writes the status of one kind of object, T, whose status is S.
type Writer[T client.Object, S any] struct {
	// Ready, if anybody asks, is told at each look at an object whether its
	// condition Ready is True. Set it before the first look.
	Ready func(object types.NamespacedName, ready bool)

	client client.Client
	events events.EventRecorder
	clock  clock.PassiveClock
	kind   kind[T, S]

	mu      sync.Mutex
	written map[types.NamespacedName]*entry[S]
}

// entry is the status of one object as it was last written. The cache may lag
// behind it; it needs no re-reading, because Repair undoes what others write.
type entry[S any] struct {
	uid types.UID

	mu      sync.Mutex
	status  S
	version string // the resource version of the object that had it first
	// refusals are told once; empty when the last write went through.
	statusRefused, objectRefused string
	announced                    int64 // the last generation that First was asked about
}

// kind says how the objects of one kind are handled.
type kind[T client.Object, S any] struct {
	name       string
	new        func() T
	status     func(T) *S
	copy       func(*S) S
	conditions func(*S) *v1alpha1.Conditions
	events     func(before, after *S) []Event
	refused    string // reason of the event that tells of a refused write
}

// ScaledObjects writes the status of ScaledObjects.
type ScaledObjects = Writer[*v1alpha1.ScaledObject, v1alpha1.ScaledObjectStatus]

// ScaledJobs writes the status of ScaledJobs.
type ScaledJobs = Writer[*v1alpha1.ScaledJob, v1alpha1.ScaledJobStatus]

// NewScaledObjects returns a writer of ScaledObject status.
func NewScaledObjects(c client.Client, recorder events.EventRecorder, clk clock.PassiveClock) *ScaledObjects {
	return &ScaledObjects{client: c, events: recorder, clock: clk, written: map[types.NamespacedName]*entry[v1alpha1.ScaledObjectStatus]{}, kind: kind[*v1alpha1.ScaledObject, v1alpha1.ScaledObjectStatus]{
		name:       v1alpha1.KindScaledObject,
		new:        func() *v1alpha1.ScaledObject { return &v1alpha1.ScaledObject{} },
		status:     func(o *v1alpha1.ScaledObject) *v1alpha1.ScaledObjectStatus { return &o.Status },
		copy:       func(s *v1alpha1.ScaledObjectStatus) v1alpha1.ScaledObjectStatus { return *s.DeepCopy() },
		conditions: func(s *v1alpha1.ScaledObjectStatus) *v1alpha1.Conditions { return &s.Conditions },
		events:     scaledObjectEvents,
		refused:    v1alpha1.EventScaledObjectUpdateFailed,
	}}
}

// NewScaledJobs returns a writer of ScaledJob status.
func NewScaledJobs(c client.Client, recorder events.EventRecorder, clk clock.PassiveClock) *ScaledJobs {
	return &ScaledJobs{client: c, events: recorder, clock: clk, written: map[types.NamespacedName]*entry[v1alpha1.ScaledJobStatus]{}, kind: kind[*v1alpha1.ScaledJob, v1alpha1.ScaledJobStatus]{
		name:       v1alpha1.KindScaledJob,
		new:        func() *v1alpha1.ScaledJob { return &v1alpha1.ScaledJob{} },
		status:     func(o *v1alpha1.ScaledJob) *v1alpha1.ScaledJobStatus { return &o.Status },
		copy:       func(s *v1alpha1.ScaledJobStatus) v1alpha1.ScaledJobStatus { return *s.DeepCopy() },
		conditions: func(s *v1alpha1.ScaledJobStatus) *v1alpha1.Conditions { return &s.Conditions },
		events:     scaledJobEvents,
		refused:    v1alpha1.EventScaledJobUpdateFailed,
	}}
}

// Kind is the kind of the objects.
func (w *Writer[T, S]) Kind() string { return w.kind.name }

// New returns an empty object of the kind.
func (w *Writer[T, S]) New() T { return w.kind.new() }

// Update changes an object's status. obj is the object as the caller knows it;
// its status counts only the first time that the writer sees the object. change
// receives the status as last written and the present time for conditions. The
// error of an object that is gone is nil.
func (w *Writer[T, S]) Update(ctx context.Context, obj T, change func(status *S, now metav1.Time)) error {
	e := w.entry(obj)
	e.mu.Lock()
	defer e.mu.Unlock()
	now := metav1.NewTime(w.clock.Now()).Rfc3339Copy()
	after := w.kind.copy(&e.status)
	w.kind.conditions(&after).Initialize(w.kind.name, now)
	change(&after, now)
	if equality.Semantic.DeepEqual(e.status, after) {
		w.tellReady(obj, &after)
		return nil
	}
	version, err := w.patch(ctx, obj, &e.status, &after)
	if apierrors.IsNotFound(err) {
		w.Forget(client.ObjectKeyFromObject(obj))
		return nil
	}
	if err != nil {
		err = fmt.Errorf("cannot write the status of %s %s/%s: %w", w.kind.name, obj.GetNamespace(), obj.GetName(), err)
		w.tellRefusal(obj, &e.statusRefused, err, refused(err) || apierrors.IsInvalid(err))
		return err
	}
	e.statusRefused = ""
	for _, event := range w.kind.events(&e.status, &after) {
		w.Event(obj, event)
	}
	e.status, e.version = after, version
	w.tellReady(obj, &after)
	return nil
}

func (w *Writer[T, S]) tellReady(obj T, status *S) {
	if w.Ready != nil {
		w.Ready(client.ObjectKeyFromObject(obj), w.kind.conditions(status).IsTrue(v1alpha1.ConditionReady))
	}
}

// Repair writes the status of obj, which comes from a cache, once more where somebody
// else changed it after the last write: another controller that still ran, or a
// person. Nothing is told of it. What the cache has yet to hear of is left alone.
func (w *Writer[T, S]) Repair(ctx context.Context, obj T) error {
	e := w.entry(obj)
	e.mu.Lock()
	defer e.mu.Unlock()
	order, err := resourceversion.CompareResourceVersion(obj.GetResourceVersion(), e.version)
	if err != nil || order < 0 || equality.Semantic.DeepEqual(*w.kind.status(obj), e.status) {
		return err
	}
	version, err := w.patch(ctx, obj, w.kind.status(obj), &e.status)
	if err != nil {
		return client.IgnoreNotFound(err)
	}
	e.version = version
	return nil
}

// Read returns a copy of the status as last written.
func (w *Writer[T, S]) Read(obj T) S {
	e := w.entry(obj)
	e.mu.Lock()
	defer e.mu.Unlock()
	return w.kind.copy(&e.status)
}

// First says that the object's generation was not asked about before by this
// process. What is told once for each generation asks first: the status names the
// generation only once its triggers were asked.
func (w *Writer[T, S]) First(obj T) bool {
	e := w.entry(obj)
	e.mu.Lock()
	defer e.mu.Unlock()
	first := e.announced != obj.GetGeneration()
	e.announced = obj.GetGeneration()
	return first
}

// Wrote tells of what came of a write of the object itself, its label or its
// finalizer: an error that no retry can cure makes an event, once until a write
// goes through.
func (w *Writer[T, S]) Wrote(obj T, err error) {
	e := w.entry(obj)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		e.objectRefused = ""
		return
	}
	w.tellRefusal(obj, &e.objectRefused, err, refused(err))
}

func (w *Writer[T, S]) tellRefusal(obj T, told *string, err error, final bool) {
	if !final || *told == err.Error() {
		return
	}
	*told = err.Error()
	w.Event(obj, Warning(w.kind.refused, *told))
}

// refused says that the API server will say no to a write however often it is
// asked: missing rights, or an admission webhook.
func refused(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) || apierrors.IsBadRequest(err)
}

// Event records an event about the object.
func (w *Writer[T, S]) Event(obj T, e Event) { Tell(w.events, obj, e) }

// Forget drops what is known about an object that is gone.
func (w *Writer[T, S]) Forget(key types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.written, key)
}

func (w *Writer[T, S]) entry(obj T) *entry[S] {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := client.ObjectKeyFromObject(obj)
	e, ok := w.written[key]
	if !ok || e.uid != obj.GetUID() {
		e = &entry[S]{uid: obj.GetUID(), status: w.kind.copy(w.kind.status(obj)), version: obj.GetResourceVersion()}
		w.written[key] = e
	}
	return e
}

// patch writes the difference between two statuses, and returns the version of the
// object that it made.
func (w *Writer[T, S]) patch(ctx context.Context, obj T, before, after *S) (version string, err error) {
	old, changed, target := w.kind.new(), w.kind.new(), w.kind.new()
	*w.kind.status(old), *w.kind.status(changed) = *before, *after
	target.SetNamespace(obj.GetNamespace())
	target.SetName(obj.GetName())
	err = PatchStatus(ctx, w.client, target, old, changed)
	return target.GetResourceVersion(), err
}

// PatchStatus sends the difference between before and after, which differ in their
// status, as a change of the status of target. The answer overwrites target, which
// must share nothing with the two: its slices and maps are used again.
func PatchStatus(ctx context.Context, c client.Client, target, before, after client.Object) error {
	data, err := client.MergeFrom(before).Data(after)
	if err != nil {
		return fmt.Errorf("cannot compare statuses: %w", err)
	}
	return c.Status().Patch(ctx, target, client.RawPatch(types.MergePatchType, data))
}
