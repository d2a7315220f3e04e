// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package modifiers makes one metric of all triggers of a ScaledObject, by the
// formula of its scalingModifiers. The latest state of each trigger comes in, the
// composite metric goes out, which then alone decides about activity and is all
// that the HPA sees of the external triggers. autoscale calls it with each
// observation. Everything is pure.
package modifiers

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/formula"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scale"
)

// Modifiers are scalingModifiers, compiled. They are immutable.
type Modifiers struct {
	program *formula.Program
	// Target is the composite metric's target, by its MetricType.
	Target     float64
	MetricType autoscalingv2.MetricTargetType
	// Activation is what the composite metric must exceed to be active.
	Activation float64
}

// Compile compiles scalingModifiers over the names of the triggers. Errors name
// the field.
func Compile(spec *v1alpha1.ScalingModifiers, triggerNames []string) (*Modifiers, error) {
	m := &Modifiers{MetricType: spec.MetricTypeOrDefault()}
	var err error
	if m.Target, err = strconv.ParseFloat(spec.Target, 64); err != nil || !(m.Target > 0) {
		return nil, fmt.Errorf("scalingModifiers.target is %q: set it to a number above 0", spec.Target)
	}
	if spec.ActivationTarget != "" {
		if m.Activation, err = strconv.ParseFloat(spec.ActivationTarget, 64); err != nil {
			return nil, fmt.Errorf("scalingModifiers.activationTarget is %q: set it to a number", spec.ActivationTarget)
		}
	}
	if m.program, err = formula.Compile(spec.Formula, triggerNames); err != nil {
		return nil, fmt.Errorf("scalingModifiers: %w", err)
	}
	return m, nil
}

// Input is the state of one external trigger, with the name that the formula
// knows it by.
type Input struct {
	// Name is the trigger's name in the spec; triggers without one are not part
	// of the formula.
	Name string
	scale.Trigger
}

// Compose computes the composite metric. behavior is that of the object's
// fallback, empty without one.
//
// A trigger that cannot be read makes the composite metric fail, until its
// failures engage the fallback: an operator ?? in the formula does not turn the
// first failure into a number. From then on behavior scalingModifiers evaluates
// the formula without the trigger, and any other behavior bypasses the formula.
// Where the formula is bypassed or has no answer, the result has Err and
// InFallback: the caller answers with fallback.Value of Target.
//
// A formula that gives no finite number counts as 0 and inactive, as in KEDA:
// ratios rely on 0/0 meaning that nothing is to be done.
func (m *Modifiers) Compose(inputs []Input, behavior v1alpha1.FallbackBehavior) scale.Trigger {
	out := scale.Trigger{Metric: v1alpha1.CompositeMetricName, Activation: m.Activation}
	failing := survey(inputs)
	switch {
	case failing.waiting:
		out.Waiting = true
		return out
	case failing.engaged && behavior != v1alpha1.FallbackScalingModifiers:
		out.Err, out.InFallback = failing.message(), true
		return out
	case failing.tolerated:
		out.Err = failing.message()
		return out
	}
	value, err := m.evaluate(inputs)
	if errors.Is(err, formula.ErrNotFinite) {
		return out
	}
	if err != nil {
		out.Err = err.Error()
		out.InFallback = failing.engaged
		return out
	}
	out.Value, out.Active = value, value > m.Activation
	return out
}

// failures is what is wrong with the inputs.
type failures struct {
	waiting   bool // some trigger was not asked yet
	engaged   bool // some trigger failed often enough
	tolerated bool // some trigger failed, but not often enough yet
	errors    []string
}

func survey(inputs []Input) failures {
	var f failures
	for i := range inputs {
		in := &inputs[i]
		f.waiting = f.waiting || in.Waiting
		if in.Err == "" {
			continue
		}
		f.errors = append(f.errors, in.Metric+": "+in.Err)
		f.engaged = f.engaged || in.InFallback
		f.tolerated = f.tolerated || !in.InFallback
	}
	return f
}

func (f *failures) message() string {
	return "the formula has inputs that cannot be read: " + strings.Join(f.errors, "; ")
}

var errNoValue = errors.New("the formula gives nil while a trigger cannot be read")

func (m *Modifiers) evaluate(inputs []Input) (float64, error) {
	values := make(map[string]*float64, len(inputs))
	for i := range inputs {
		if in := &inputs[i]; in.Name != "" && in.Err == "" {
			values[in.Name] = &in.Value
		}
	}
	result, err := m.program.Eval(values)
	if err != nil {
		return 0, err
	}
	if result == nil {
		return 0, errNoValue
	}
	return *result, nil
}
