// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"regexp"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// OldMetrics are the series that KEDA's adapter had until 2.8, on a port of their
// own, and that dashboards and alerts still ask for. They are read from the mirror
// when they are collected: an object that is gone leaves none behind. What the
// controller itself says of the same is fresher and more complete.
type OldMetrics struct{ mirror *mirror }

// OldMetrics returns the collector of the client's mirror.
func (c *Client) OldMetrics() *OldMetrics { return &OldMetrics{mirror: c.mirror} }

var (
	oldLabels = []string{"namespace", "metric", "scaledObject", "scaler", "scalerIndex"}
	oldTotal  = prometheus.NewDesc("keda_metrics_adapter_scaler_errors_total",
		"Errors that HPAs were told instead of a value.", nil, nil)
	oldErrors = prometheus.NewDesc("keda_metrics_adapter_scaler_errors",
		"Errors that HPAs were told instead of a value, by metric.", oldLabels, nil)
	oldObjectErrors = prometheus.NewDesc("keda_metrics_adapter_scaled_object_errors",
		"Errors that HPAs were told instead of a value, by ScaledObject.", []string{"namespace", "scaledObject"}, nil)
	oldValue = prometheus.NewDesc("keda_metrics_adapter_scaler_metrics_value",
		"Value that HPAs are told.", oldLabels, nil)
)

// Describe implements prometheus.Collector.
func (*OldMetrics) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{oldTotal, oldErrors, oldObjectErrors, oldValue} {
		descs <- d
	}
}

// Collect implements prometheus.Collector.
func (o *OldMetrics) Collect(metrics chan<- prometheus.Metric) {
	metrics <- prometheus.MustNewConstMetric(oldTotal, prometheus.CounterValue, float64(o.mirror.errors.Load()))
	o.mirror.entries.Range(func(k, value any) bool {
		of, ok1 := k.(key)
		e, ok2 := value.(*entry)
		if ok1 && ok2 {
			e.collect(of, metrics)
		}
		return true
	})
}

func (e *entry) collect(of key, metrics chan<- prometheus.Metric) {
	metrics <- prometheus.MustNewConstMetric(oldObjectErrors, prometheus.CounterValue, float64(e.errors), of.namespace, of.name)
	for i := range e.metrics {
		m := &e.metrics[i]
		labels := []string{of.namespace, m.name, of.name, m.scaler, indexOf(m.name)}
		metrics <- prometheus.MustNewConstMetric(oldErrors, prometheus.CounterValue, float64(m.errors), labels...)
		if m.err == "" {
			metrics <- prometheus.MustNewConstMetric(oldValue, prometheus.GaugeValue, m.value, labels...)
		}
	}
}

var indexed = regexp.MustCompile(`^s([0-9]+)-`)

// indexOf is the place of a metric's trigger in its spec, which its name begins
// with; the metric of a formula has none.
func indexOf(metric string) string {
	if match := indexed.FindStringSubmatch(metric); match != nil {
		return match[1]
	}
	return ""
}

// after counts on from the entry before: each answer with an error counts once,
// however often it is sent. It returns how many are new. Pauses of refreshes go on.
func (e *entry) after(before *entry) (failed uint64) {
	for i := range e.metrics {
		m, old := &e.metrics[i], before.metric(e.metrics[i].name)
		if m.errors = 0; old != nil {
			m.errors, m.pause = old.errors, old.pause
		} else {
			m.pause = &atomic.Pointer[pauseState]{}
		}
		if m.err != "" && (old == nil || !old.at.Equal(m.at)) {
			m.errors++
			failed++
		}
	}
	e.errors = failed
	if before != nil {
		e.errors += before.errors
	}
	return failed
}
