// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package hpa

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// Metric is one metric that the HPA watches: an external one, which the metrics
// adapters serve, or the resource metric of a cpu or memory trigger.
type Metric struct {
	// Name is the full name of an external metric, for example s0-redis-orders.
	Name string
	// Target is what one replica should have of it (AverageValue) or all together
	// (Value). Integer writes it as a whole number; otherwise it has three
	// decimals.
	Target  float64
	Integer bool
	// Type is AverageValue or Value, for a resource metric Utilization or
	// AverageValue.
	Type autoscalingv2.MetricTargetType
	// Resource is set for cpu and memory, which have no Name and no Target.
	Resource *trigger.ResourceMetric
}

// metricSpecs builds the metrics, sorted by type and within a type in the order
// of the triggers. With scalingModifiers the composite metric takes the place of
// all external ones; metrics of resources, of whole pods and of single
// containers, stay beside it.
func metricSpecs(in Input) ([]autoscalingv2.MetricSpec, error) {
	if len(in.Metrics) == 0 {
		return nil, errNoMetrics
	}
	modifiers := in.Object.Modifiers()
	var specs []autoscalingv2.MetricSpec
	names := map[string]bool{}
	for i := range in.Metrics {
		m := &in.Metrics[i]
		if modifiers != nil && m.Resource == nil {
			continue
		}
		if m.Resource == nil && names[m.Name] {
			return nil, fmt.Errorf("two metrics are named %s: give the triggers sources with different names", m.Name)
		}
		names[m.Name] = true
		spec, err := m.spec(in.Object.Name)
		if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	if modifiers != nil {
		composite, err := compositeSpec(modifiers, in.Object.Name)
		if err != nil {
			return nil, err
		}
		specs = append(specs, composite)
	}
	slices.SortStableFunc(specs, func(a, b autoscalingv2.MetricSpec) int { return cmp.Compare(a.Type, b.Type) })
	return specs, nil
}

func (m *Metric) spec(scaledObject string) (autoscalingv2.MetricSpec, error) {
	if m.Resource != nil {
		return resourceSpec(m.Resource, m.Type)
	}
	return externalSpec(m, scaledObject)
}

func compositeSpec(modifiers *v1alpha1.ScalingModifiers, scaledObject string) (autoscalingv2.MetricSpec, error) {
	target, err := strconv.ParseFloat(modifiers.Target, 64)
	if err != nil {
		return autoscalingv2.MetricSpec{}, fmt.Errorf("spec.advanced.scalingModifiers.target %q: set it to a number above 0", modifiers.Target)
	}
	composite := Metric{Name: v1alpha1.CompositeMetricName, Target: target, Type: modifiers.MetricTypeOrDefault()}
	return externalSpec(&composite, scaledObject)
}

// externalSpec selects the metric by its name and by the label that every
// ScaledObject carries.
func externalSpec(m *Metric, scaledObject string) (autoscalingv2.MetricSpec, error) {
	quantity := Quantity(m.Target, m.Integer)
	if quantity.Sign() <= 0 {
		return autoscalingv2.MetricSpec{}, fmt.Errorf("metric %s has the target %v: set it to 0.001 or more", m.Name, m.Target)
	}
	target := autoscalingv2.MetricTarget{Type: m.Type}
	switch m.Type {
	case autoscalingv2.AverageValueMetricType:
		target.AverageValue = &quantity
	case autoscalingv2.ValueMetricType:
		target.Value = &quantity
	default:
		return autoscalingv2.MetricSpec{}, fmt.Errorf("metric %s has the metricType %q: set it to AverageValue or Value", m.Name, m.Type)
	}
	return autoscalingv2.MetricSpec{
		Type: autoscalingv2.ExternalMetricSourceType,
		External: &autoscalingv2.ExternalMetricSource{
			Metric: autoscalingv2.MetricIdentifier{
				Name:     m.Name,
				Selector: &metav1.LabelSelector{MatchLabels: map[string]string{v1alpha1.LabelScaledObjectName: scaledObject}},
			},
			Target: target,
		},
	}, nil
}

func resourceSpec(r *trigger.ResourceMetric, metricType autoscalingv2.MetricTargetType) (autoscalingv2.MetricSpec, error) {
	target, err := resourceTarget(r, metricType)
	if err != nil {
		return autoscalingv2.MetricSpec{}, err
	}
	name := corev1.ResourceName(r.Name)
	if r.Container != "" {
		return autoscalingv2.MetricSpec{
			Type:              autoscalingv2.ContainerResourceMetricSourceType,
			ContainerResource: &autoscalingv2.ContainerResourceMetricSource{Name: name, Container: r.Container, Target: target},
		}, nil
	}
	return autoscalingv2.MetricSpec{
		Type:     autoscalingv2.ResourceMetricSourceType,
		Resource: &autoscalingv2.ResourceMetricSource{Name: name, Target: target},
	}, nil
}

func resourceTarget(r *trigger.ResourceMetric, metricType autoscalingv2.MetricTargetType) (autoscalingv2.MetricTarget, error) {
	target := autoscalingv2.MetricTarget{Type: metricType}
	switch metricType {
	case autoscalingv2.UtilizationMetricType:
		percent, err := strconv.ParseInt(r.Value, 10, 32)
		if err != nil || percent <= 0 {
			return target, fmt.Errorf("the %s trigger has the value %q: with metricType Utilization set it to a whole percentage above 0", r.Name, r.Value)
		}
		target.AverageUtilization = new(int32(percent))
	case autoscalingv2.AverageValueMetricType:
		quantity, err := resource.ParseQuantity(r.Value)
		if err != nil || quantity.Sign() <= 0 {
			return target, fmt.Errorf("the %s trigger has the value %q: with metricType AverageValue set it to a quantity above 0, for example 500m or 256Mi", r.Name, r.Value)
		}
		target.AverageValue = &quantity
	default:
		return target, fmt.Errorf("the %s trigger has the metricType %q: set it to Utilization or AverageValue", r.Name, metricType)
	}
	return target, nil
}

// Quantity writes a number as the metrics APIs do: whole, or with three decimals.
// Not a number, infinity and whatever is below zero become 0; what does not fit
// becomes the largest number that does.
func Quantity(value float64, integer bool) resource.Quantity {
	const tooLarge = 1 << 63 // the first float64 that does not fit an int64
	milli := math.Round(value * 1000)
	switch {
	case !(value > 0) || math.IsInf(value, 1):
		return *resource.NewQuantity(0, resource.DecimalSI)
	case value >= tooLarge:
		return *resource.NewQuantity(math.MaxInt64, resource.DecimalSI)
	case integer || milli >= tooLarge:
		return *resource.NewQuantity(int64(value), resource.DecimalSI)
	default:
		return *resource.NewMilliQuantity(int64(milli), resource.DecimalSI)
	}
}
