// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// noAnswer is the status_code of a request that got none.
const noAnswer = "error"

// Requests are the series of the HTTP requests to event sources. They count what
// really goes out: a query that several objects share is one request, labelled with
// the object that asked first.
type Requests struct {
	metrics *Metrics
	total   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	// everyLabel is the flag that gives the histogram the labels of the counter.
	everyLabel bool
}

var requestLabels = []string{"namespace", "scaled_resource", "scaler", "trigger_name", "metric_name", "status_code"}

// Requests registers the series of requests. highCardinality labels their duration
// with object and trigger; without, it is by type of trigger.
func (m *Metrics) Requests(registry prometheus.Registerer, highCardinality bool) *Requests {
	labels := []string{"scaler", "status_code"}
	if highCardinality {
		labels = requestLabels
	}
	r := &Requests{
		metrics: m,
		total:   counter("keda_scaler_http_requests_total", "HTTP requests to event sources.", requestLabels...),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "keda_scaler_http_request_duration_seconds", Help: "Time until event sources answered HTTP requests.",
			Buckets: prometheus.DefBuckets,
		}, labels),
		everyLabel: highCardinality,
	}
	registry.MustRegister(r.total, r.seconds)
	m.requests = r
	return r
}

// Observe returns a transport that counts the requests of queries on their way
// through next.
func (r *Requests) Observe(next http.RoundTripper) http.RoundTripper {
	return &observed{next: next, requests: r}
}

type observed struct {
	next     http.RoundTripper
	requests *Requests
}

// RoundTrip implements http.RoundTripper.
func (o *observed) RoundTrip(req *http.Request) (*http.Response, error) {
	asker, ok := scaler.AskerOf(req.Context())
	if !ok {
		return o.next.RoundTrip(req)
	}
	began := time.Now()
	resp, err := o.next.RoundTrip(req)
	status := noAnswer
	if err == nil {
		status = strconv.Itoa(resp.StatusCode)
	}
	o.requests.count(asker, status, time.Since(began).Seconds())
	return resp, err
}

// count counts a request, unless its trigger went while it was on its way: nobody
// would delete its series any more.
func (r *Requests) count(asker scaler.Asker, status string, seconds float64) {
	r.metrics.mu.Lock()
	defer r.metrics.mu.Unlock()
	if !r.metrics.asks(asker) {
		return
	}
	labels := []string{asker.Namespace, asker.Object, asker.Type, asker.Trigger, asker.Metric, status}
	r.total.WithLabelValues(labels...).Inc()
	if !r.everyLabel {
		labels = []string{asker.Type, status}
	}
	r.seconds.WithLabelValues(labels...).Observe(seconds)
}

// forget deletes the series of a trigger that is gone.
func (r *Requests) forget(asker scaler.Asker) {
	labels := prometheus.Labels{"namespace": asker.Namespace, "scaled_resource": asker.Object, "trigger_name": asker.Trigger, "metric_name": asker.Metric}
	r.total.DeletePartialMatch(labels)
	if r.everyLabel {
		r.seconds.DeletePartialMatch(labels)
	}
}
