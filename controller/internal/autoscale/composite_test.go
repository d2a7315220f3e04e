// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/modifiers"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
)

// TestCompositeMetricIsShown as long as the formula has an answer; the fallback's is
// one too.
func TestCompositeMetricIsShown(t *testing.T) {
	w := newWorld(t)
	registry := prometheus.NewRegistry()
	w.Metrics = observe.New(registry, "", "")
	o := object("web", func(o *v1alpha1.ScaledObject) { o.Spec.Fallback = &v1alpha1.Fallback{FailureThreshold: 1, Replicas: 2} })
	plan, id := w.plan(o), scaledObjectID(o)
	plan.Triggers[0].Name = "queue"
	var err error
	if plan.Modifiers, err = modifiers.Compile(&v1alpha1.ScalingModifiers{Formula: "queue / 2", Target: "3", ActivationTarget: "4"}, []string{"queue"}); err != nil {
		t.Fatal(err)
	}
	w.ScaleObject(plan)
	for _, step := range []struct {
		name   string
		answer float64
		err    error
		want   string
	}{
		{"at the activation target", 8, nil, "4 false"},
		{"above it", 10, nil, "5 true"},
		{"a failure that is tolerated", 0, errors.New("refused"), "5 false"},
		{"two replicas of the fallback at 3 each", 0, errors.New("refused"), "6 true"},
	} {
		w.source.set(step.answer, step.err)
		w.clock.Step(time.Hour)
		w.ask(t, id)
		w.look(t, id)
		got := fmt.Sprint(shown(t, registry, "keda_scaler_metrics_value"), shown(t, registry, "keda_scaler_active") == 1)
		if got != step.want {
			t.Errorf("%s: shown are %s, want %s", step.name, got, step.want)
		}
	}
}

// shown is the value of the composite metric in a Prometheus metric.
func shown(t *testing.T, registry prometheus.Gatherer, name string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name && slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetValue() == v1alpha1.CompositeMetricName }) {
				return m.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("there is no %s of the composite metric", name)
	return 0
}
