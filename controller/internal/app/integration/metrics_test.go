// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"slices"

	dto "github.com/prometheus/client_model/go"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// metric is the sum of a Prometheus metric over the objects of the namespace; pairs
// of a label and its value choose among them. Of a histogram it is the count.
func (e *env) metric(name string, labels ...string) float64 {
	e.Helper()
	families, err := e.ctl.registry.Gather()
	if err != nil {
		e.Fatal(err)
	}
	sum := 0.0
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			if chosen(m, append([]string{"namespace", e.ns}, labels...)) {
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}

// chosen says that a series has all the labels.
func chosen(m *dto.Metric, labels []string) bool {
	for pair := range slices.Chunk(labels, 2) {
		if !slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetName() == pair[0] && l.GetValue() == pair[1] }) {
			return false
		}
	}
	return true
}

// testMetrics: what dashboards show of KEDA, they show of this.
func testMetrics(e *env) {
	is := func(name string, want float64) {
		e.Helper()
		e.eventually(fmt.Sprintf("%s is %v", name, want), func() error {
			if got := e.metric(name); got != want {
				return fmt.Errorf("it is %v", got)
			}
			return nil
		})
	}
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	e.isReady("web")
	is("keda_resource_registered_total", 1)
	is("keda_scaler_active", 0)
	e.redis.Push(e.list("web"), 6)
	is("keda_scaler_active", 1)
	is("keda_scaler_metrics_value", 6)
	e.annotate("web", v1alpha1.AnnotationPaused, "true")
	is("keda_scaled_object_paused", 1)
	is("keda_resource_registered_total", 1) // it is there all the same
	e.annotate("web", v1alpha1.AnnotationPaused, "")
	is("keda_scaled_object_paused", 0)
	is("keda_scaled_object_errors_total", 0)
	e.delete(&v1alpha1.ScaledObject{}, "web")
	for _, name := range []string{"keda_resource_registered_total", "keda_scaler_metrics_value", "keda_scaler_active"} {
		is(name, 0)
	}
}
