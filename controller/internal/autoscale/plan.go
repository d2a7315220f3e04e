// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"cmp"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/modifiers"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/workload"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// Trigger is a trigger as the reconciler resolved it.
type Trigger struct {
	// Index is its place in spec.triggers.
	Index int
	// Type and Name are the spec's.
	Type, Name string
	// MetricType is AverageValue, Value or Utilization.
	MetricType autoscalingv2.MetricTargetType
	// Cached is useCachedMetrics: the HPA is content with the last poll's value.
	Cached bool
	// Metrics are the external metrics, in the order of the readings; empty for
	// cpu and memory.
	Metrics []Metric
	// Binding is how the values are read; nil for cpu and memory.
	Binding *scaler.Binding
	// Resource is what cpu and memory watch; nil for all others.
	Resource *trigger.ResourceMetric
}

// Metric is an external metric with the name that the HPA knows it by.
type Metric struct {
	trigger.Metric
	// FullName is "s<index>-" and the normalised name.
	FullName string
}

// ScaledObjectPlan is everything that scaling one ScaledObject needs. It is made
// anew whenever the reconciler finds a change, and never changed.
type ScaledObjectPlan struct {
	// Object is the ScaledObject as it was reconciled.
	Object *v1alpha1.ScaledObject
	// Target is the resolved scale target.
	Target workload.Ref
	// Triggers are in the order of the spec.
	Triggers []Trigger
	// Modifiers are the compiled scalingModifiers; nil without.
	Modifiers *modifiers.Modifiers
}

// ScaledJobPlan is everything that scaling one ScaledJob needs.
type ScaledJobPlan struct {
	// Object is the ScaledJob as it was reconciled.
	Object *v1alpha1.ScaledJob
	// Triggers are in the order of the spec.
	Triggers []Trigger
}

func scaledObjectID(o *v1alpha1.ScaledObject) sample.Object {
	return sample.Object{Kind: v1alpha1.KindScaledObject, Namespace: o.Namespace, Name: o.Name}
}

func scaledJobID(o *v1alpha1.ScaledJob) sample.Object {
	return sample.Object{Kind: v1alpha1.KindScaledJob, Namespace: o.Namespace, Name: o.Name}
}

// sources are the external metrics of all triggers, for their Prometheus series.
func sources(triggers []Trigger) []observe.Source {
	var out []observe.Source
	for i := range triggers {
		t := &triggers[i]
		for _, m := range t.Metrics {
			out = append(out, observe.Source{Metric: m.FullName, Trigger: cmp.Or(t.Name, t.Type), Index: t.Index, Name: t.Name})
		}
	}
	return out
}

// derived are the series of what no source is asked for: the result of a formula, or the
// cpu and memory that keep an object active which has nothing else.
func derived(plan *ScaledObjectPlan) []observe.Source {
	if plan.Modifiers != nil {
		return []observe.Source{{Metric: v1alpha1.CompositeMetricName, Trigger: v1alpha1.CompositeMetricName, Derived: true}}
	}
	var out []observe.Source
	for i := range plan.Triggers {
		t := &plan.Triggers[i]
		if t.Resource == nil {
			return nil
		}
		out = append(out, observe.Source{Metric: t.Resource.Name, Trigger: cmp.Or(t.Name, t.Type), Index: t.Index, Name: t.Name, Derived: true})
	}
	return out
}

// bindings are the queries of the triggers that are polled. Those that are content with
// the last poll's value, or must not be asked more often, are asked once per polling
// interval, also while the object is active for another trigger.
func bindings(triggers []Trigger, polling time.Duration) []scaler.Binding {
	var out []scaler.Binding
	for i := range triggers {
		if t := &triggers[i]; t.Binding != nil {
			b := *t.Binding
			if t.Cached || b.Scheduled {
				b.Floor = polling
			}
			out = append(out, b)
		}
	}
	return out
}

// interval is the time between two polls. The HPA looks at the metrics of an
// active object once per period, so these are read as often, unless every trigger
// says that the last poll's value will do, or must not be read more often.
func (p *ScaledObjectPlan) interval(active bool, hpaPeriod time.Duration) time.Duration {
	polling := p.Object.PollInterval()
	if !active {
		return polling
	}
	for i := range p.Triggers {
		if b := p.Triggers[i].Binding; b != nil && !b.Scheduled && !p.Triggers[i].Cached {
			return min(polling, hpaPeriod)
		}
	}
	return polling
}
