// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package observe holds the controller's Prometheus metrics, with the names and
// labels that KEDA's dashboards and alerts expect. The engine and the reconcilers
// feed it; the manager serves it.
package observe

import (
	"cmp"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// Metrics are the controller's own series. Series of an object exist from its
// registration until it is forgotten, those of a value from its first answer on, and
// counters never go back in between.
type Metrics struct {
	active, value, latency  *prometheus.GaugeVec
	errors                  *prometheus.CounterVec
	empty                   *prometheus.CounterVec
	paused                  *prometheus.GaugeVec
	ready, jobReady         *prometheus.GaugeVec
	objectErrors, jobErrors *prometheus.CounterVec
	triggers, resources     *prometheus.GaugeVec
	loopLatency             *prometheus.GaugeVec
	requests                *Requests // nil where nobody counts them
	mu                      sync.Mutex
	registered              map[sample.Object][]string // trigger types by object
	existing                map[sample.Object]int      // how many there are, by kind and namespace
	series                  map[sample.Object][]*Series
}

var triggerLabels = []string{"namespace", "metric", "scaledObject", "scaler", "triggerIndex", "type"}

// New registers the metrics with a registry. version and commit are shown by
// keda_build_info.
func New(registry prometheus.Registerer, version, commit string) *Metrics {
	m := &Metrics{
		active:  gauge("keda_scaler_active", "1 while the metric is above its activation threshold, else 0.", triggerLabels...),
		value:   gauge("keda_scaler_metrics_value", "Latest value of the metric.", triggerLabels...),
		latency: gauge("keda_scaler_metrics_latency_seconds", "How long the event source took to answer the latest query.", triggerLabels...),
		errors:  counter("keda_scaler_detail_errors_total", "Failed queries of the metric, of polls and refreshes alike.", triggerLabels...),
		empty: counter("keda_scaler_empty_upstream_responses_total", "Answers of sources without a value.",
			"namespace", "scaledResource", "triggerName", "metricName", "resourceType", "ignoreNullValues"),
		paused:       gauge("keda_scaled_object_paused", "1 while the ScaledObject is paused, else 0.", "namespace", "scaledObject"),
		ready:        gauge("keda_scaled_object_ready", "1 while the condition Ready of the ScaledObject is True, else 0.", "namespace", "scaledObject"),
		jobReady:     gauge("keda_scaled_job_ready", "1 while the condition Ready of the ScaledJob is True, else 0.", "namespace", "scaledJob"),
		objectErrors: counter("keda_scaled_object_errors_total", "Failed checks and queries of the ScaledObject.", "namespace", "scaledObject"),
		jobErrors:    counter("keda_scaled_job_errors_total", "Failed checks and queries of the ScaledJob.", "namespace", "scaledJob"),
		triggers:     gauge("keda_trigger_registered_total", "Triggers of all objects, by type.", "type"),
		resources:    gauge("keda_resource_registered_total", "Objects that exist, by type.", "type", "namespace"),
		loopLatency:  gauge("keda_internal_scale_loop_latency_seconds", "How late the latest evaluation was after its sources were to be asked.", "namespace", "type", "resource"),
		registered:   map[sample.Object][]string{},
		existing:     map[sample.Object]int{},
		series:       map[sample.Object][]*Series{},
	}
	build := gauge("keda_build_info", "Constant 1, labelled with what is running.", "version", "git_commit", "goversion", "goos", "goarch")
	build.WithLabelValues(version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH).Set(1)
	registry.MustRegister(m.active, m.value, m.latency, m.errors, m.empty, m.paused, m.ready, m.jobReady, m.objectErrors, m.jobErrors, m.triggers, m.resources, m.loopLatency, build)
	return m
}

func gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// Series are the series of one metric of one object, looked up once.
type Series struct {
	metrics              *Metrics
	labels               []string
	emptyLabels          []string // but for the last one
	active               prometheus.Gauge
	value, latency       prometheus.Gauge   // nil before the first answer: zero would be taken for one
	errors, objectErrors prometheus.Counter // nil of what no source is asked for
}

// Source names one metric of an object for its series.
type Source struct {
	// Metric is the full metric name; Trigger the trigger's name, or its type where
	// it has none; Index its place in the spec.
	Metric, Trigger string
	Index           int
	// Name is the trigger's name in the spec, if it has one.
	Name string
	// Derived says that no source is asked for it: the result of a formula, and cpu
	// and memory, which the HPA reads.
	Derived bool
}

// Series returns the series of an object's metrics, in their order, and deletes
// those of metrics that it had before and has no longer.
func (m *Metrics) Series(id sample.Object, sources []Source) []*Series {
	m.mu.Lock()
	defer m.mu.Unlock()
	series := make([]*Series, len(sources))
	for i, source := range sources {
		labels := []string{id.Namespace, source.Metric, id.Name, source.Trigger, strconv.Itoa(source.Index), kindLabel(id.Kind)}
		series[i] = &Series{
			metrics:     m,
			labels:      labels,
			emptyLabels: []string{id.Namespace, id.Name, source.Name, source.Metric, id.Kind},
			active:      m.active.WithLabelValues(labels...),
		}
		if !source.Derived {
			series[i].errors, series[i].objectErrors = m.errors.WithLabelValues(labels...), m.errorsOf(id)
		}
	}
	before := m.series[id]
	m.series[id] = series
	for _, old := range before {
		if !slices.ContainsFunc(series, func(s *Series) bool { return slices.Equal(s.labels, old.labels) }) {
			m.delete(old)
		}
	}
	return series
}

// delete deletes the series of one metric. The caller holds mu.
func (m *Metrics) delete(s *Series) {
	for _, vec := range []*prometheus.MetricVec{m.active.MetricVec, m.value.MetricVec, m.latency.MetricVec, m.errors.MetricVec} {
		vec.DeleteLabelValues(s.labels...)
	}
	for _, ignored := range []string{"true", "false"} {
		m.empty.DeleteLabelValues(append(slices.Clone(s.emptyLabels), ignored)...)
	}
	if asker := s.asker(); m.requests != nil && !m.asks(asker) {
		m.requests.forget(asker)
	}
}

// asker is the trigger as its requests name it.
func (s *Series) asker() scaler.Asker {
	return scaler.Asker{Namespace: s.emptyLabels[0], Object: s.emptyLabels[1], Trigger: s.emptyLabels[2], Metric: s.emptyLabels[3]}
}

// asks says that a trigger is there, of an object of either kind: those of its
// requests do not say which. The caller holds mu.
func (m *Metrics) asks(asker scaler.Asker) bool {
	asker.Type = ""
	for _, kind := range []string{"ScaledObject", "ScaledJob"} {
		id := sample.Object{Kind: kind, Namespace: asker.Namespace, Name: asker.Object}
		if slices.ContainsFunc(m.series[id], func(s *Series) bool { return s.asker() == asker }) {
			return true
		}
	}
	return false
}

// Sampled records one answer of a source.
func (s *Series) Sampled(value float64, active bool, took time.Duration) {
	s.Computed(value, active)
	if s.latency == nil {
		s.latency = s.metrics.latency.WithLabelValues(s.labels...)
	}
	s.latency.Set(took.Seconds())
}

// Computed records a value that no source answered.
func (s *Series) Computed(value float64, active bool) {
	if s.value == nil {
		s.value = s.metrics.value.WithLabelValues(s.labels...)
	}
	s.value.Set(value)
	s.Active(active)
}

// Active records whether a decision takes the metric for active.
func (s *Series) Active(active bool) { s.active.Set(bit(active)) }

// Failed records that a source did not answer. A decision takes the metric for
// inactive then.
func (s *Series) Failed() {
	s.Active(false)
	s.errors.Inc()
	s.objectErrors.Inc()
}

// Empty records that a source answered without a value; ignored says that the
// trigger takes that for zero, else it is a failure too.
func (s *Series) Empty(ignored bool) {
	s.metrics.empty.WithLabelValues(append(slices.Clone(s.emptyLabels), strconv.FormatBool(ignored))...).Inc()
}

// Failed counts a failed check of an object.
func (m *Metrics) Failed(id sample.Object) { m.errorsOf(id).Inc() }

func (m *Metrics) errorsOf(id sample.Object) prometheus.Counter {
	if kindLabel(id.Kind) == "scaledjob" {
		return m.jobErrors.WithLabelValues(id.Namespace, id.Name)
	}
	return m.objectErrors.WithLabelValues(id.Namespace, id.Name)
}

// Paused says whether an object is paused.
func (m *Metrics) Paused(id sample.Object, paused bool) {
	if kindLabel(id.Kind) == "scaledobject" {
		m.paused.WithLabelValues(id.Namespace, id.Name).Set(bit(paused))
	}
}

// Ready says whether the condition Ready of an object is True.
func (m *Metrics) Ready(id sample.Object, ready bool) {
	m.readyOf(id).WithLabelValues(id.Namespace, id.Name).Set(bit(ready))
}

func (m *Metrics) readyOf(id sample.Object) *prometheus.GaugeVec {
	if kindLabel(id.Kind) == "scaledjob" {
		return m.jobReady
	}
	return m.ready
}

// Evaluated records how late an evaluation was: since its samples were due.
func (m *Metrics) Evaluated(id sample.Object, late time.Duration) {
	m.loopLatency.WithLabelValues(id.Namespace, kindLabel(id.Kind), id.Name).Set(late.Seconds())
}

// Registered counts an object and its trigger types; nil types uncount it.
func (m *Metrics) Registered(id sample.Object, types []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.registered[id] {
		m.triggers.WithLabelValues(t).Dec()
	}
	_, counted := m.registered[id]
	switch {
	case types == nil && counted:
		delete(m.registered, id)
		m.exists(id, -1)
	case types != nil:
		m.registered[id] = types
		if !counted {
			m.exists(id, 1)
		}
		for _, t := range types {
			m.triggers.WithLabelValues(t).Inc()
		}
	}
}

// exists counts an object of its kind and namespace, of which nothing is shown once
// there is none: namespaces come and go. What has no namespace counts in default, as
// in KEDA. The caller holds mu.
func (m *Metrics) exists(id sample.Object, change int) {
	of := sample.Object{Kind: id.Kind, Namespace: cmp.Or(id.Namespace, metav1.NamespaceDefault)}
	if m.existing[of] += change; m.existing[of] > 0 {
		m.resources.WithLabelValues(resourceLabel(of.Kind), of.Namespace).Set(float64(m.existing[of]))
		return
	}
	delete(m.existing, of)
	m.resources.DeleteLabelValues(resourceLabel(of.Kind), of.Namespace)
}

// Halt deletes what was measured of an object that is not scaled at present,
// because it would look like the present. Its counters stay.
func (m *Metrics) Halt(id sample.Object) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.series[id] {
		for _, vec := range []*prometheus.MetricVec{m.active.MetricVec, m.value.MetricVec, m.latency.MetricVec} {
			vec.DeleteLabelValues(s.labels...)
		}
	}
	m.loopLatency.DeleteLabelValues(id.Namespace, kindLabel(id.Kind), id.Name)
}

// Forget deletes the series of an object that is gone.
func (m *Metrics) Forget(id sample.Object) {
	m.Halt(id)
	m.Registered(id, nil)
	m.Series(id, nil)
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.series, id)
	m.readyOf(id).DeleteLabelValues(id.Namespace, id.Name)
	if kindLabel(id.Kind) == "scaledjob" {
		m.jobErrors.DeleteLabelValues(id.Namespace, id.Name)
		return
	}
	m.objectErrors.DeleteLabelValues(id.Namespace, id.Name)
	m.paused.DeleteLabelValues(id.Namespace, id.Name)
}

func kindLabel(kind string) string {
	if kind == "ScaledJob" {
		return "scaledjob"
	}
	return "scaledobject"
}

// resourceLabel is the type label of keda_resource_registered_total.
func resourceLabel(kind string) string {
	switch kind {
	case "ScaledJob":
		return "scaled_job"
	case "TriggerAuthentication":
		return "trigger_authentication"
	case "ClusterTriggerAuthentication":
		return "cluster_trigger_authentication"
	case "CloudEventSource":
		return "cloudevent_source"
	case "ClusterCloudEventSource":
		return "cluster_cloudevent_source"
	}
	return "scaled_object"
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
