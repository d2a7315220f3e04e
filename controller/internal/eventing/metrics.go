// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package eventing

import (
	"github.com/prometheus/client_golang/prometheus"
)

// The states of keda_cloudeventsource_events_emitted_total.
const (
	stateEmitted = "emitted"
	stateFailed  = "failed"
)

// Metrics are the series of delivery.
type Metrics struct {
	events *prometheus.CounterVec
	queue  *prometheus.GaugeVec
}

// NewMetrics registers the metrics with a registry.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "keda_cloudeventsource_events_emitted_total",
			Help: "CloudEvents, by the namespace of their object, that a sink took (emitted), or that were given up or gave way in a full queue (failed).",
		}, []string{"namespace", "cloudeventsource", "eventsink", "state"}),
		queue: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "keda_cloudeventsource_events_queued",
			Help: "CloudEvents that wait for delivery, by the namespace of their source; empty for those of the cluster.",
		}, []string{"namespace"}),
	}
	registry.MustRegister(m.events, m.queue)
	return m
}

// series are the labels of one counter.
type series struct{ namespace, source, sink, state string }

func (s series) labels() []string { return []string{s.namespace, s.source, s.sink, s.state} }

// begin shows a source of a namespace before its first event, for the rate of a
// counter that appears with its first event is not seen. Those of the cluster have
// series for each namespace that events come from. The caller holds the Hub's
// mutex, as for all methods.
func (m *Metrics) begin(q *queue, s *Source) {
	if s.Key.Namespace == "" {
		return
	}
	for _, state := range []string{stateEmitted, stateFailed} {
		id := series{s.Key.Namespace, s.Key.Name, s.Sink(), state}
		q.series[id] = true
		m.events.WithLabelValues(id.labels()...)
	}
}

// end deletes the series of a source that is gone, but for those that it shares
// with one of the same name.
func (m *Metrics) end(others map[Key]*queue, q *queue) {
	for id := range q.series {
		shared := false
		for _, other := range others {
			shared = shared || other.series[id]
		}
		if !shared {
			m.events.DeleteLabelValues(id.labels()...)
		}
	}
}

// emitted counts one event.
func (m *Metrics) emitted(q *queue, namespace string, s *Source, state string) {
	id := series{namespace, s.Key.Name, s.Sink(), state}
	q.series[id] = true
	m.events.WithLabelValues(id.labels()...).Inc()
}

// queued shows how many events wait in a namespace.
func (m *Metrics) queued(queues map[Key]*queue, namespace string) {
	waiting, sources := 0, 0
	for key, q := range queues {
		if key.Namespace == namespace {
			waiting += len(q.events)
			sources++
		}
	}
	if sources == 0 {
		m.queue.DeleteLabelValues(namespace)
		return
	}
	m.queue.WithLabelValues(namespace).Set(float64(waiting))
}
