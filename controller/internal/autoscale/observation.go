// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"cmp"
	"context"
	"fmt"
	"strconv"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/fallback"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scale"
)

// metricState is what is remembered of one external metric from one evaluation
// to the next.
type metricState struct {
	trigger *Trigger
	metric  *Metric
	reading int    // place among the trigger's readings
	seen    uint64 // the last attempt that was counted
	health  fallback.Health
	series  *observe.Series
}

// metricStates makes the states of a plan's metrics. The health of a metric
// survives a new plan, and a restart through the status, so that an outage is not
// forgotten.
func (s *scaledObject) metricStates(plan *ScaledObjectPlan) []*metricState {
	health := map[string]fallback.Health{}
	for name, h := range s.ScaledObjects.Read(plan.Object).Health {
		health[name] = fallback.FromStatus(h)
	}
	for _, m := range s.metrics {
		health[m.metric.FullName] = m.health
	}
	var states []*metricState
	for i := range plan.Triggers {
		t := &plan.Triggers[i]
		for j := range t.Metrics {
			m := &t.Metrics[j]
			states = append(states, &metricState{
				trigger: t, metric: m, reading: j, health: health[m.FullName],
				series: s.Metrics.Series(s.id, m.FullName, cmp.Or(t.Name, t.Type), t.Index),
			})
		}
	}
	return states
}

// observation is everything that one evaluation looked at.
type observation struct {
	replicas         int32
	triggers         []scale.Trigger
	composite        *scale.Trigger
	answers          []sample.Answer
	complete         bool // every metric was asked at least once
	fallbackReplicas int32
	inFallback       []string // metrics that the fallback answers for
}

// observe reads the latest samples. Nothing is asked here.
func (s *scaledObject) observe(ctx context.Context, replicas int32) observation {
	seen := observation{replicas: replicas, complete: true}
	if fb := s.plan.Object.Spec.Fallback; fb != nil {
		seen.fallbackReplicas = fallback.Replicas(fb.BehaviorOrDefault(), fb.Replicas, replicas)
	}
	for i := range s.plan.Triggers {
		if r := s.plan.Triggers[i].Resource; r != nil {
			seen.triggers = append(seen.triggers, scale.Trigger{Metric: r.Name, Resource: true})
		}
	}
	for _, m := range s.metrics {
		s.look(ctx, m, &seen)
	}
	if s.plan.Formula != nil {
		s.compose(ctx, &seen)
	}
	return seen
}

// look adds one metric's latest sample to an observation.
func (s *scaledObject) look(ctx context.Context, m *metricState, seen *observation) {
	latest, ok := s.Poller.Latest(m.trigger.Binding.Server, m.trigger.Binding.Query.Key)
	t := scale.Trigger{Metric: m.metric.FullName, Activation: m.metric.Activation}
	if !ok {
		seen.complete = false
		t.Waiting = true
		seen.triggers = append(seen.triggers, t)
		return
	}
	value, active, err := read(latest, m)
	s.count(m, latest, value, active, err)
	answer := sample.Answer{Metric: t.Metric, Value: value, At: latest.At}
	t.Value, t.Active = value, active
	if err != nil {
		t.Err = err.Error()
		answer.Error = t.Err
		if s.failsOver(m) {
			t.InFallback = true
			s.substitute(ctx, m.trigger.MetricType, m.metric.Target, seen, &answer)
		}
	}
	seen.triggers = append(seen.triggers, t)
	seen.answers = append(seen.answers, answer)
}

// read takes a metric's reading out of a sample.
func read(latest sample.Sample, m *metricState) (value float64, active bool, err error) {
	if latest.Err != nil {
		return 0, false, latest.Err
	}
	if m.reading >= len(latest.Readings) {
		return 0, false, fmt.Errorf("the source answered %d of %d metrics", len(latest.Readings), m.reading+1)
	}
	r := latest.Readings[m.reading]
	if r.Active != nil {
		return r.Value, *r.Active, nil
	}
	return r.Value, r.Value > m.metric.Activation, nil
}

// count counts an attempt once, however often its sample is looked at.
func (s *scaledObject) count(m *metricState, latest sample.Sample, value float64, active bool, err error) {
	if latest.Seq == m.seen {
		return
	}
	m.seen = latest.Seq
	m.health = fallback.Observe(m.health, err != nil)
	if err != nil {
		m.series.Failed()
		return
	}
	m.series.Sampled(value, active, latest.Took)
}

func (s *scaledObject) failsOver(m *metricState) bool {
	fb := s.plan.Object.Spec.Fallback
	return fb != nil && fallback.Engaged(m.health, fb.FailureThreshold)
}

// substitute answers for a failing metric with the value that makes the HPA run
// the fallback's replicas.
func (s *scaledObject) substitute(ctx context.Context, metricType autoscalingv2.MetricTargetType, target float64, seen *observation, answer *sample.Answer) {
	seen.inFallback = append(seen.inFallback, answer.Metric)
	ready := int32(0)
	if metricType == autoscalingv2.ValueMetricType {
		var err error
		if ready, err = s.Workloads.ReadyPods(ctx, s.plan.Target); err != nil {
			answer.Error = fmt.Sprintf("%s; the fallback needs the number of ready pods: %s", answer.Error, err)
			return
		}
	}
	value, err := fallback.Value(metricType, target, seen.fallbackReplicas, ready)
	if err != nil {
		answer.Error = fmt.Sprintf("%s; fallback: %s", answer.Error, err)
		return
	}
	answer.Value, answer.At, answer.Error = value, s.Clock.Now(), ""
}

// compose evaluates scalingModifiers.formula over the triggers' values.
func (s *scaledObject) compose(ctx context.Context, seen *observation) {
	modifiers := s.plan.Object.Modifiers()
	target, _ := strconv.ParseFloat(modifiers.Target, 64) // validated by the reconciler
	activation, _ := strconv.ParseFloat(cmp.Or(modifiers.ActivationTarget, "0"), 64)
	t := &scale.Trigger{Metric: v1alpha1.CompositeMetricName, Activation: activation}
	seen.composite = t
	if !seen.complete {
		t.Waiting = true
		return
	}
	answer := sample.Answer{Metric: t.Metric, At: oldest(seen.answers)}
	value, err := s.evaluateFormula(seen)
	switch {
	case err != nil:
		t.Err, answer.Error = err.Error(), err.Error()
	default:
		t.Value, t.Active, answer.Value = value, value > activation, value
	}
	if len(seen.inFallback) > 0 && (t.Err != "" || s.plan.Object.Spec.Fallback.BehaviorOrDefault() != v1alpha1.FallbackScalingModifiers) {
		t.InFallback = true
		seen.inFallback = nil
		s.substitute(ctx, modifiers.MetricTypeOrDefault(), target, seen, &answer)
	}
	seen.answers = []sample.Answer{answer}
}

// evaluateFormula runs the formula. The value of a failing trigger is absent,
// which the formula may handle with ??.
func (s *scaledObject) evaluateFormula(seen *observation) (float64, error) {
	values := map[string]*float64{}
	failed := ""
	byMetric := map[string]scale.Trigger{}
	for _, t := range seen.triggers {
		byMetric[t.Metric] = t
	}
	for _, m := range s.metrics {
		t := byMetric[m.metric.FullName]
		if t.Err != "" {
			failed = t.Err
			values[m.trigger.Name] = nil
			continue
		}
		values[m.trigger.Name] = &t.Value
	}
	result, err := s.plan.Formula.Eval(values)
	switch {
	case err != nil && failed != "":
		return 0, fmt.Errorf("an input of scalingModifiers.formula cannot be read: %s", failed)
	case err != nil:
		return 0, fmt.Errorf("scalingModifiers.formula: %w", err)
	case result == nil:
		return 0, fmt.Errorf("scalingModifiers.formula gives no value while a trigger cannot be read: %s", failed)
	}
	return *result, nil
}
