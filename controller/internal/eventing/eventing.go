// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package eventing delivers what happens to ScaledObjects, ScaledJobs and
// authentications as CloudEvents 1.0. It stands at the end of the reporting stage:
// Recorder sees every Kubernetes event that the controller makes, the Hub puts
// those that correspond to a type of CloudEvent into one queue per interested
// CloudEventSource or ClusterCloudEventSource, and each queue is delivered on its
// own, so that a slow sink delays nobody else. The reconcilers of both kinds ask
// the Hub how delivery goes, and report it.
//
// Events and requests are made here, in some hundred lines, and not by the
// CloudEvents SDK for Go: what is needed of it is one JSON object and one POST, and
// it would add two modules and 1.7 MB (8.1 instead of 6.3 MB for a program that
// does nothing else). The same holds for the SDK of Azure Event Grid.
package eventing

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
)

// Event is something that happened to an object.
type Event struct {
	// ID is unique, Time when it happened.
	ID   string
	Time time.Time
	Type v1alpha1.CloudEventType
	// Namespace, Kind and Name are the object's; Namespace is empty for one of the
	// cluster.
	Namespace, Kind, Name string
	// Reason is one word, Message a sentence without secrets.
	Reason, Message string
}

// subject names the object of an event.
func (e *Event) subject(cluster string) string {
	return "/" + cluster + "/" + e.Namespace + "/" + strings.ToLower(e.Kind) + "/" + strings.ToLower(e.Name)
}

// Key names a source.
type Key struct {
	// Kind is CloudEventSource or ClusterCloudEventSource.
	Kind string
	types.NamespacedName
}

// Options are what a Hub works with.
type Options struct {
	// Sources reads the sources from the cache. It is asked for every event, so that
	// neither a new source nor a new leader misses one.
	Sources client.Reader
	// Sender delivers.
	Sender Sender
	// Metrics counts.
	Metrics *Metrics
	// Clock times the pauses between attempts.
	Clock clock.Clock
	// Log takes what could not be delivered.
	Log logr.Logger
}

// Hub distributes events to sources. Its methods may be called at any time, from
// anywhere; none waits for a sink.
type Hub struct {
	Options
	changed map[string]chan event.GenericEvent // by kind

	mu     sync.Mutex
	ctx    context.Context // of Run, nil before
	queues map[Key]*queue
}

// changesKept is how many unread changes wait for a reconciler.
const changesKept = 16

// New returns a Hub that keeps events until Run.
func New(options Options) *Hub {
	return &Hub{Options: options, queues: map[Key]*queue{}, changed: map[string]chan event.GenericEvent{
		v1alpha1.KindCloudEventSource:        make(chan event.GenericEvent, changesKept),
		v1alpha1.KindClusterCloudEventSource: make(chan event.GenericEvent, changesKept),
	}}
}

// Changed tells of sources of a kind to which delivery has begun to fail, fails in
// another way, or works again.
func (h *Hub) Changed(kind string) <-chan event.GenericEvent { return h.changed[kind] }

// Run delivers until ctx ends. Only the leader runs it.
func (h *Hub) Run(ctx context.Context) error {
	h.mu.Lock()
	h.ctx = ctx
	for _, q := range h.queues {
		h.start(q)
	}
	h.mu.Unlock()
	<-ctx.Done()
	return nil
}

// Emit queues an event for every source that wants it.
func (h *Hub) Emit(e Event) {
	e.ID, e.Time = string(uuid.NewUUID()), h.Clock.Now()
	sources, err := h.subscribers(&e)
	if err != nil {
		h.Log.Error(err, "an event is lost to CloudEventSources", "type", e.Type, "namespace", e.Namespace, "name", e.Name)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range sources {
		h.enqueue(&sources[i], e)
	}
}

// Failure says why the latest event did not reach a source as it is declared here;
// nil while nothing failed.
func (h *Hub) Failure(s *Source) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if q, ok := h.queues[s.Key]; ok && q.failed == s.version() {
		return q.failure
	}
	return nil
}

// Track begins the series of a source.
func (h *Hub) Track(s *Source) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Metrics.begin(h.queue(s.Key), s)
	h.Metrics.queued(h.queues, s.Key.Namespace)
}

// Forget drops the queue and the series of a source that is gone.
func (h *Hub) Forget(key Key) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if q, ok := h.queues[key]; ok {
		h.forget(q)
	}
}

// forget drops a queue. The caller holds mu.
func (h *Hub) forget(q *queue) {
	q.stop()
	delete(h.queues, q.key)
	h.Metrics.end(h.queues, q)
	h.Metrics.queued(h.queues, q.key.Namespace)
}
