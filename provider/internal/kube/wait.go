// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// Polling begins quickly, because a controller is usually done in a fraction of
// a second, and slows down.
const (
	firstPause = 25 * time.Millisecond
	lastPause  = time.Second
)

// kindPatience bounds how long a create waits for custom resources that are
// being installed by the same apply.
const kindPatience = 20 * time.Second

// Poll calls done, at first often, until it reports true, with or without an
// error, fails, or the context ends, whose error it then returns. Failures that
// pass are waited out, because an object that was not waited for is replaced by the
// next apply; the last one is returned if it did not pass in time.
func Poll(ctx context.Context, done func() (bool, error)) error {
	for pause := firstPause; ; pause = min(lastPause, pause*3/2) {
		ok, err := done()
		if ok || err != nil && !passing(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return cmp.Or(err, ctx.Err())
		case <-time.After(pause):
		}
	}
}

// Absent returns the object that stands in the way of a new one of its name, nil
// when there is none. One that is being deleted is waited for, and custom
// resources that the cluster does not know yet get some time to appear. A cluster
// that does not answer is not waited for: nothing has been done there yet.
func (c *Client) Absent(ctx context.Context, ref Ref) (*unstructured.Unstructured, error) {
	var found *unstructured.Unstructured
	start := time.Now()
	err := Poll(ctx, func() (bool, error) {
		object, err := c.Get(ctx, ref)
		if errors.Is(err, ErrNoKind) && time.Since(start) < kindPatience {
			return false, nil
		}
		found = object
		return err != nil || object == nil || object.GetDeletionTimestamp() == nil, err
	})
	if err != nil && ctx.Err() != nil && found != nil {
		return nil, &StuckError{Ref: ref, Finalizers: found.GetFinalizers(), Err: err}
	}
	return found, err
}

// Condition is the Ready condition of an object, empty when it has none.
type Condition struct {
	Status, Reason, Message string
}

// NotReadyError means that an object did not become Ready in time.
type NotReadyError struct {
	// Last is the condition seen last, Events what the cluster warned about.
	Last   Condition
	Events []string
	Err    error
}

func (e *NotReadyError) Error() string {
	var b strings.Builder
	if e.Last.Status == "" || (e.Last.Status == "Unknown" && e.Last.Reason == "") {
		b.WriteString("no controller has reported on the object. Is KEDA running? ")
	} else {
		fmt.Fprintf(&b, "Ready is %s, %s: %s. ", e.Last.Status, orNone(e.Last.Reason), strings.TrimSuffix(orNone(e.Last.Message), "."))
	}
	for _, event := range e.Events {
		b.WriteString("\n  " + event)
	}
	return strings.TrimSpace(b.String())
}

func (e *NotReadyError) Unwrap() error { return e.Err }

func orNone(text string) string {
	if text == "" {
		return "none given"
	}
	return text
}

// WaitReady waits until the Ready condition of an object that was just applied
// is True for its generation. It gives up early when the controller keeps giving
// the same reason against it.
func (c *Client) WaitReady(ctx context.Context, ref Ref, applied *unstructured.Unstructured) error {
	start, w := time.Now(), watcher{generation: applied.GetGeneration(), since: time.Now()}
	err := Poll(ctx, func() (bool, error) {
		object, err := c.Get(ctx, ref)
		if err != nil {
			return false, err
		}
		if object == nil {
			return false, fmt.Errorf("%s was deleted while waiting for it", ref)
		}
		return w.see(object, time.Since(start), time.Now())
	})
	if err == nil || passing(err) || ctx.Err() == nil && !errors.Is(err, errRefused) {
		return err
	}
	return &NotReadyError{Last: w.last, Events: c.Warnings(ctx, ref, applied.GetUID()), Err: err}
}

// settling is how long the condition of a controller that does not say which
// generation it means is not believed after a change: it may be the old one.
const settling = 2 * time.Second

// refusal is how long a controller must give the same reason against an object
// before it is believed to stay with it. What the object refers to may still be
// on its way in the same apply.
const refusal = 30 * time.Second

var errRefused = errors.New("the controller keeps refusing the object")

// watcher follows the Ready condition.
type watcher struct {
	generation int64
	last       Condition
	since      time.Time
}

// see reports whether the object is Ready, and fails once it is refused.
func (w *watcher) see(object *unstructured.Unstructured, waited time.Duration, now time.Time) (bool, error) {
	ready, observed, stated := readiness(object)
	if ready != w.last {
		w.last, w.since = ready, now
	}
	current := observed >= w.generation
	if !stated {
		current = w.generation == 1 || waited >= settling
	}
	switch {
	case current && ready.Status == "True":
		return true, nil
	case current && ready.Status == "False" && now.Sub(w.since) >= refusal:
		return false, errRefused
	}
	return false, nil
}

// readiness reads the Ready condition, and the generation that it speaks of if
// the controller states one.
func readiness(object *unstructured.Unstructured) (ready Condition, observed int64, stated bool) {
	observed, stated, _ = unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, item := range conditions {
		members, _ := item.(map[string]any)
		if members["type"] == "Ready" {
			ready.Status, _ = members["status"].(string)
			ready.Reason, _ = members["reason"].(string)
			ready.Message, _ = members["message"].(string)
		}
	}
	return ready, observed, stated
}

// StuckError means that an object was deleted, but did not go in time.
type StuckError struct {
	Ref Ref
	// Finalizers hold it; More is how many other objects did not go either.
	Finalizers []string
	More       int
	Err        error
}

func (e *StuckError) Error() string {
	text := e.Ref.String()
	if e.More > 0 {
		text += fmt.Sprintf(" (and %d more)", e.More)
	}
	return fmt.Sprintf("%s is marked for deletion but still there, held by the finalizers %s: %v", text, orNone(strings.Join(e.Finalizers, ", ")), e.Err)
}

func (e *StuckError) Unwrap() error { return e.Err }

// WaitGone waits until the object is gone and tells what holds it when it does
// not go. Another object of its name, as others may make, is not waited for; an
// empty UID means any.
func (c *Client) WaitGone(ctx context.Context, ref Ref, uid types.UID) error {
	var finalizers []string
	err := Poll(ctx, func() (bool, error) {
		object, err := c.Get(ctx, ref)
		if errors.Is(err, ErrNoKind) || (object == nil && err == nil) {
			return true, nil
		}
		if object != nil && uid != "" && object.GetUID() != uid {
			return true, nil
		}
		if object != nil {
			finalizers = object.GetFinalizers()
		}
		return false, err
	})
	if err == nil || ctx.Err() == nil {
		return err
	}
	return &StuckError{Ref: ref, Finalizers: finalizers, Err: err}
}
