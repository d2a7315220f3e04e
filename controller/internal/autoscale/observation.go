// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/fallback"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/modifiers"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scale"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
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

// metricStates makes the states of a plan's metrics, and the series of what is
// derived beside them. The health of a metric survives a new plan, and a restart
// through the status, so that an outage is not forgotten. So does the last attempt
// that was counted, as long as the query is the same: a plan that is made anew is no
// new attempt.
func (s *scaledObject) metricStates(plan *ScaledObjectPlan) []*metricState {
	health := map[string]fallback.Health{}
	for name, h := range s.ScaledObjects.Read(plan.Object).Health {
		health[name] = fallback.FromStatus(h)
	}
	seen := map[string]uint64{}
	for _, m := range s.metrics {
		health[m.metric.FullName] = m.health
		seen[m.metric.FullName+" "+m.query()] = m.seen
	}
	series := s.Metrics.Series(s.id, append(sources(plan.Triggers), derived(plan)...))
	var states []*metricState
	for i := range plan.Triggers {
		t := &plan.Triggers[i]
		for j := range t.Metrics {
			m := &t.Metrics[j]
			state := &metricState{
				trigger: t, metric: m, reading: j, health: health[m.FullName],
				series: series[len(states)],
			}
			state.seen = seen[m.FullName+" "+state.query()]
			states = append(states, state)
		}
	}
	s.derived = series[len(states):]
	return states
}

// query names what is asked, and where.
func (m *metricState) query() string {
	return m.trigger.Binding.Server + " " + m.trigger.Binding.Query.Key
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
	relative         bool     // one of its answers depends on what runs at present
	newest           sample.Sample
}

// newer returns the later of two samples; one from before since does not count.
func newer(a, b sample.Sample, since time.Time) sample.Sample {
	if b.At.Before(since) || !b.At.After(a.At) {
		return a
	}
	return b
}

// timed records how late the evaluation is, given the newest sample that was not
// looked at before, if there is one.
func (e *Engine) timed(id sample.Object, newest sample.Sample) {
	if newest.Seq > 0 {
		e.Metrics.Evaluated(id, newest.Late+e.Clock.Since(newest.At))
	}
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
	if s.plan.Modifiers != nil {
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
	if latest.Seq != m.seen {
		seen.newest = newer(seen.newest, latest, s.planned)
	}
	s.count(m, latest, value, active, err)
	answer := sample.Answer{Metric: t.Metric, Scaler: cmp.Or(m.trigger.Name, m.trigger.Type), Value: value, At: latest.At, Took: latest.Took}
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
	m.record(latest, value, active, err)
}

// record shows an attempt in the Prometheus metrics.
func (m *metricState) record(latest sample.Sample, value float64, active bool, err error) {
	if err != nil {
		m.series.Failed()
		if errors.Is(err, scaler.ErrNoValue) {
			m.series.Empty(false)
		}
		return
	}
	if latest.Readings[m.reading].Empty {
		m.series.Empty(true)
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
	behavior := s.plan.Object.Spec.Fallback.BehaviorOrDefault()
	seen.relative = seen.relative || metricType == autoscalingv2.ValueMetricType || fallback.Relative(behavior)
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

// compose replaces the triggers' answers by the composite metric of
// scalingModifiers.
func (s *scaledObject) compose(ctx context.Context, seen *observation) {
	inputs := make([]modifiers.Input, 0, len(seen.triggers))
	for _, t := range seen.triggers {
		if !t.Resource {
			inputs = append(inputs, modifiers.Input{Name: s.triggerName(t.Metric), Trigger: t})
		}
	}
	behavior := v1alpha1.FallbackStatic
	if fb := s.plan.Object.Spec.Fallback; fb != nil {
		behavior = fb.BehaviorOrDefault()
	}
	composite := s.plan.Modifiers.Compose(inputs, behavior)
	answer := combined(seen.answers)
	answer.Metric, answer.Value, answer.Error = composite.Metric, composite.Value, composite.Err
	if composite.InFallback { // else the formula answers without those that are
		seen.inFallback = nil
		s.substitute(ctx, s.plan.Modifiers.MetricType, s.plan.Modifiers.Target, seen, &answer)
	}
	seen.composite, seen.answers = &composite, []sample.Answer{answer}
	switch shown := s.derived[0]; {
	case composite.Waiting:
	case answer.Error != "":
		shown.Active(false)
	default:
		shown.Computed(answer.Value, composite.Active || composite.InFallback && seen.fallbackReplicas > 0)
	}
}

func (s *scaledObject) triggerName(metric string) string {
	for _, m := range s.metrics {
		if m.metric.FullName == metric {
			return m.trigger.Name
		}
	}
	return ""
}
