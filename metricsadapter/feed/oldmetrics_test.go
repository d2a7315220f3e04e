// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed/feedpb"
)

// TestOldMetrics: an answer with an error counts once, whoever sends it how often;
// what is counted goes with its object, but for the sum of all.
//
// Covers: metric keda_metrics_adapter_scaler_errors_total; metric keda_metrics_adapter_scaler_errors; metric keda_metrics_adapter_scaled_object_errors
func TestOldMetrics(t *testing.T) {
	m, _ := testMirror()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(&OldMetrics{mirror: m})
	failing := func(version uint64, age time.Duration) *feedpb.Object {
		at := start.Add(-age).UnixNano()
		return &feedpb.Object{Namespace: "ns", Name: "web", Version: version, Metrics: []*feedpb.Metric{
			{Name: "s0-redis", Scaler: "redis", Value: 7, AtUnixNano: start.UnixNano()}, {Name: "s1-load", Scaler: "load", Error: "refused", AtUnixNano: at},
		}}
	}
	expect := func(want string) {
		t.Helper()
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
			t.Error(err)
		}
	}
	term := m.receive(nil, update(true, true, failing(1, time.Minute)))
	m.receive(term, update(false, false, failing(2, time.Minute))) // another metric has news
	m.refreshed(key{"ns", "web"}, decode(term, failing(3, time.Second), m.now(), start.UnixNano()))
	m.receive(nil, update(true, true, failing(1, time.Second))) // a new leader, the same answer
	const total = `
# HELP keda_metrics_adapter_scaler_errors_total Errors that HPAs were told instead of a value.
# TYPE keda_metrics_adapter_scaler_errors_total counter
keda_metrics_adapter_scaler_errors_total 2
`
	expect(total + `
# HELP keda_metrics_adapter_scaled_object_errors Errors that HPAs were told instead of a value, by ScaledObject.
# TYPE keda_metrics_adapter_scaled_object_errors counter
keda_metrics_adapter_scaled_object_errors{namespace="ns",scaledObject="web"} 2
# HELP keda_metrics_adapter_scaler_errors Errors that HPAs were told instead of a value, by metric.
# TYPE keda_metrics_adapter_scaler_errors counter
keda_metrics_adapter_scaler_errors{metric="s0-redis",namespace="ns",scaledObject="web",scaler="redis",scalerIndex="0"} 0
keda_metrics_adapter_scaler_errors{metric="s1-load",namespace="ns",scaledObject="web",scaler="load",scalerIndex="1"} 2
# HELP keda_metrics_adapter_scaler_metrics_value Value that HPAs are told.
# TYPE keda_metrics_adapter_scaler_metrics_value gauge
keda_metrics_adapter_scaler_metrics_value{metric="s0-redis",namespace="ns",scaledObject="web",scaler="redis",scalerIndex="0"} 7
`)
	m.drop(key{"ns", "web"})
	expect(total)
}
