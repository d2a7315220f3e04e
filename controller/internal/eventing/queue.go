// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package eventing

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
)

const (
	// queued is how many events wait for one source; the oldest gives way.
	queued = 1024
	// attempts is how often an event is offered to a sink before it is given up.
	attempts = 5
	// firstPause is the pause after the first attempt; each further one is twice as
	// long, so that a sink has 15 s to restart in.
	firstPause = time.Second
)

// queue holds the events for one source, oldest first. The Hub's mutex guards it.
// It has a goroutine only while it has events.
type queue struct {
	key    Key
	events []Event
	cancel context.CancelFunc // of the goroutine, nil while there is none

	failure error
	failed  version // of the source that failure is about
	series  map[series]bool
}

// queue returns the queue of a source. The caller holds mu.
func (h *Hub) queue(key Key) *queue {
	q, ok := h.queues[key]
	if !ok {
		q = &queue{key: key, series: map[series]bool{}}
		h.queues[key] = q
	}
	return q
}

// enqueue adds an event for a source. The caller holds mu.
func (h *Hub) enqueue(s *Source, e Event) {
	q := h.queue(s.Key)
	if len(q.events) == queued {
		h.Metrics.emitted(q, q.events[0].Namespace, s, stateFailed)
		q.events = q.events[1:]
	}
	q.events = append(q.events, e)
	h.Metrics.queued(h.queues, s.Key.Namespace)
	h.start(q)
}

// start delivers what is queued, if nobody does. The caller holds mu.
func (h *Hub) start(q *queue) {
	if h.ctx == nil || q.cancel != nil || len(q.events) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(h.ctx)
	q.cancel = cancel
	go h.drain(ctx, q)
}

func (q *queue) stop() {
	q.events = nil
	if q.cancel != nil {
		q.cancel()
	}
}

// drain delivers one event after the other until there is none.
func (h *Hub) drain(ctx context.Context, q *queue) {
	for {
		e, ok := h.next(q)
		if !ok {
			return
		}
		s, err := h.attempt(ctx, q.key, &e)
		for errors.Is(err, errGone) {
			if h.bury(ctx, q) {
				return
			}
			s, err = h.attempt(ctx, q.key, &e)
		}
		if ctx.Err() != nil {
			return
		}
		h.conclude(ctx, q, s, &e, err)
	}
}

// bury forgets the queue of a source that is gone. It does not if another was made
// under its name meanwhile: what is queued is for that one.
func (h *Hub) bury(ctx context.Context, q *queue) (gone bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, err := h.read(ctx, q.key); !errors.Is(err, errGone) {
		return false
	}
	if h.queues[q.key] == q {
		h.forget(q)
	}
	return true
}

// next takes the oldest event off the queue; ok is false when there is none, and
// the caller's work is over.
func (h *Hub) next(q *queue) (e Event, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(q.events) == 0 {
		q.cancel()
		q.cancel, q.events = nil, nil
		return e, false
	}
	e, q.events = q.events[0], q.events[1:]
	h.Metrics.queued(h.queues, q.key.Namespace)
	return e, true
}

// attempt offers an event to its sink until it is taken. The source is read for
// each attempt, so that a correction counts at once. A nil source means that it
// could not be read.
func (h *Hub) attempt(ctx context.Context, key Key, e *Event) (*Source, error) {
	pause := firstPause
	for n := 1; ; n++ {
		s, err := h.read(ctx, key)
		if err == nil {
			err = h.Sender.Send(ctx, s, e)
		}
		if err == nil || n == attempts || errors.Is(err, errGone) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return s, ctx.Err()
		case <-h.Clock.After(pause):
		}
		pause *= 2
	}
}

// conclude counts a delivery, and notes what the source's condition depends on.
func (h *Hub) conclude(ctx context.Context, q *queue, s *Source, e *Event, err error) {
	state := stateEmitted
	if err != nil {
		state = stateFailed
		err = fmt.Errorf("an event was given up after %d attempts: %w", attempts, err)
		h.Log.Error(err, "an event is lost", "source", q.key.NamespacedName, "kind", q.key.Kind, "type", e.Type, "namespace", e.Namespace, "name", e.Name)
	}
	if s == nil {
		return
	}
	h.mu.Lock()
	if h.queues[q.key] != q {
		h.mu.Unlock()
		return
	}
	h.Metrics.emitted(q, e.Namespace, s, state)
	changed := (q.failure == nil) != (err == nil) || err != nil && (q.failure.Error() != err.Error() || q.failed != s.version())
	q.failure, q.failed = err, s.version()
	h.mu.Unlock()
	if changed {
		h.tell(ctx, q.key)
	}
}

// tell wakes the reconciler of a source.
func (h *Hub) tell(ctx context.Context, key Key) {
	meta := metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}
	var object client.Object = &v1alpha1.CloudEventSource{ObjectMeta: meta}
	if key.Kind == v1alpha1.KindClusterCloudEventSource {
		object = &v1alpha1.ClusterCloudEventSource{ObjectMeta: meta}
	}
	select {
	case h.changed[key.Kind] <- event.GenericEvent{Object: object}:
	case <-ctx.Done():
	}
}
