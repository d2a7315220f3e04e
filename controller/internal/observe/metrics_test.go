// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package observe_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

var web = sample.Object{Kind: "ScaledObject", Namespace: "default", Name: "web"}

// expect compares metrics in the text format.
func expect(t *testing.T, registry *prometheus.Registry, want string, names ...string) {
	t.Helper()
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}

func TestSeriesComeAndGoWithTheirObject(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	m := observe.New(registry, "1.2.3", "abc")
	m.Registered(web, []string{"redis", "redis"})
	series := m.Series(web, []observe.Source{{Metric: "s0-a", Trigger: "a", Index: 0}, {Metric: "s1-b", Trigger: "redis", Index: 1}})
	series[0].Sampled(3, true, 20*time.Millisecond)
	series[1].Failed()
	const errorsOf = `
# HELP keda_scaler_detail_errors_total Failed queries of the metric, of polls and refreshes alike.
# TYPE keda_scaler_detail_errors_total counter
`
	expect(t, registry, `
# HELP keda_scaler_metrics_value Latest value of the metric.
# TYPE keda_scaler_metrics_value gauge
keda_scaler_metrics_value{metric="s0-a",namespace="default",scaledObject="web",scaler="a",triggerIndex="0",type="scaledobject"} 3
# HELP keda_trigger_registered_total Triggers of all objects, by type.
# TYPE keda_trigger_registered_total gauge
keda_trigger_registered_total{type="redis"} 2
`, "keda_scaler_metrics_value", "keda_trigger_registered_total")

	m.Series(web, []observe.Source{{Metric: "s1-b", Trigger: "redis", Index: 1}}) // the first trigger is gone
	expect(t, registry, errorsOf+`keda_scaler_detail_errors_total{metric="s1-b",namespace="default",scaledObject="web",scaler="redis",triggerIndex="1",type="scaledobject"} 1
`, "keda_scaler_detail_errors_total")

	m.Halt(web)
	expect(t, registry, errorsOf+`keda_scaler_detail_errors_total{metric="s1-b",namespace="default",scaledObject="web",scaler="redis",triggerIndex="1",type="scaledobject"} 1
# HELP keda_trigger_registered_total Triggers of all objects, by type.
# TYPE keda_trigger_registered_total gauge
keda_trigger_registered_total{type="redis"} 2
`, "keda_scaler_detail_errors_total", "keda_scaler_metrics_value", "keda_scaler_active", "keda_trigger_registered_total")

	m.Paused(web, true)
	m.Ready(web, true)
	m.Failed(web)
	m.Forget(web)
	expect(t, registry, "", "keda_scaler_detail_errors_total", "keda_scaled_object_errors_total", "keda_scaled_object_paused", "keda_scaled_object_ready")
}

// TestFailingTriggerShowsNoValueThatItNeverHad: zero is what an empty queue shows, and
// active is what the decision took it for.
func TestFailingTriggerShowsNoValueThatItNeverHad(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	m := observe.New(registry, "", "")
	series := m.Series(web, []observe.Source{{Metric: "s0-a", Trigger: "a", Index: 0}})[0]
	series.Failed()
	names := []string{"keda_scaler_active", "keda_scaler_metrics_value", "keda_scaler_metrics_latency_seconds"}
	const inactive = `
# HELP keda_scaler_active 1 while the metric is above its activation threshold, else 0.
# TYPE keda_scaler_active gauge
keda_scaler_active{metric="s0-a",namespace="default",scaledObject="web",scaler="a",triggerIndex="0",type="scaledobject"} 0
`
	expect(t, registry, inactive, names...)
	series.Sampled(3, true, time.Second)
	series.Failed()
	expect(t, registry, inactive+`
# HELP keda_scaler_metrics_latency_seconds How long the event source took to answer the latest query.
# TYPE keda_scaler_metrics_latency_seconds gauge
keda_scaler_metrics_latency_seconds{metric="s0-a",namespace="default",scaledObject="web",scaler="a",triggerIndex="0",type="scaledobject"} 1
# HELP keda_scaler_metrics_value Latest value of the metric.
# TYPE keda_scaler_metrics_value gauge
keda_scaler_metrics_value{metric="s0-a",namespace="default",scaledObject="web",scaler="a",triggerIndex="0",type="scaledobject"} 3
`, names...)
}

// TestWhatNoSourceIsAskedForHasNeitherLatencyNorErrors: a formula has a value, cpu and
// memory are only active.
func TestWhatNoSourceIsAskedForHasNeitherLatencyNorErrors(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	m := observe.New(registry, "", "")
	series := m.Series(web, []observe.Source{{Metric: "composite-metric", Trigger: "composite-metric", Derived: true}, {Metric: "cpu", Trigger: "load", Index: 1, Derived: true}})
	series[0].Computed(2.5, true)
	series[1].Active(true)
	names := []string{"keda_scaler_active", "keda_scaler_metrics_value", "keda_scaler_metrics_latency_seconds", "keda_scaler_detail_errors_total", "keda_scaled_object_errors_total"}
	expect(t, registry, `
# HELP keda_scaler_active 1 while the metric is above its activation threshold, else 0.
# TYPE keda_scaler_active gauge
keda_scaler_active{metric="composite-metric",namespace="default",scaledObject="web",scaler="composite-metric",triggerIndex="0",type="scaledobject"} 1
keda_scaler_active{metric="cpu",namespace="default",scaledObject="web",scaler="load",triggerIndex="1",type="scaledobject"} 1
# HELP keda_scaler_metrics_value Latest value of the metric.
# TYPE keda_scaler_metrics_value gauge
keda_scaler_metrics_value{metric="composite-metric",namespace="default",scaledObject="web",scaler="composite-metric",triggerIndex="0",type="scaledobject"} 2.5
`, names...)
	m.Halt(web)
	expect(t, registry, "", names...)
}

func TestRegisteredCountsEachObjectOnce(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	m := observe.New(registry, "", "")
	job := sample.Object{Kind: "ScaledJob", Namespace: "default", Name: "work"}
	for _, types := range [][]string{{"redis"}, {"redis", "cron"}, {"cron"}} {
		m.Registered(web, types)
	}
	m.Registered(job, []string{"cron"})
	m.Registered(sample.Object{Kind: "ClusterTriggerAuthentication", Name: "shared"}, []string{})
	m.Registered(sample.Object{Kind: "ScaledObject", Namespace: "default", Name: "unknown"}, nil)
	expect(t, registry, `
# HELP keda_resource_registered_total Objects that exist, by type.
# TYPE keda_resource_registered_total gauge
keda_resource_registered_total{namespace="default",type="cluster_trigger_authentication"} 1
keda_resource_registered_total{namespace="default",type="scaled_job"} 1
keda_resource_registered_total{namespace="default",type="scaled_object"} 1
# HELP keda_trigger_registered_total Triggers of all objects, by type.
# TYPE keda_trigger_registered_total gauge
keda_trigger_registered_total{type="cron"} 2
keda_trigger_registered_total{type="redis"} 0
`, "keda_resource_registered_total", "keda_trigger_registered_total")
}

// TestNamespacesThatComeAndGoLeaveNoSeries, as those of previews do all day.
func TestNamespacesThatComeAndGoLeaveNoSeries(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	m := observe.New(registry, "", "")
	preview := sample.Object{Kind: "ScaledObject", Namespace: "preview-1", Name: "web"}
	m.Registered(preview, []string{"redis"})
	m.Registered(web, []string{"redis"})
	m.Forget(preview)
	m.Forget(preview) // the cache shows it as gone only now
	expect(t, registry, `
# HELP keda_resource_registered_total Objects that exist, by type.
# TYPE keda_resource_registered_total gauge
keda_resource_registered_total{namespace="default",type="scaled_object"} 1
`, "keda_resource_registered_total")
}
