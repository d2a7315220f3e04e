// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package modifiers_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"pgregory.net/rapid"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/modifiers"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scale"
)

func trigger(name string, value float64) modifiers.Input {
	return modifiers.Input{Name: name, Trigger: scale.Trigger{Metric: "s0-" + name, Value: value}}
}

func failing(name string, inFallback bool) modifiers.Input {
	return modifiers.Input{Name: name, Trigger: scale.Trigger{Metric: "s0-" + name, Err: "refused", InFallback: inFallback}}
}

func TestCompose(t *testing.T) {
	const (
		unreadable = "the formula has inputs that cannot be read: s0-b: refused"
		own        = v1alpha1.FallbackScalingModifiers
	)
	waiting := modifiers.Input{Name: "b", Trigger: scale.Trigger{Metric: "s0-b", Waiting: true}}
	for name, c := range map[string]struct {
		formula, activation string
		inputs              []modifiers.Input
		behavior            v1alpha1.FallbackBehavior
		want                scale.Trigger
	}{
		"the sum":                     {"a + b", "", []modifiers.Input{trigger("a", 2), trigger("b", 3)}, "", scale.Trigger{Value: 5, Active: true}},
		"above the activation target": {"a + b", "4.5", []modifiers.Input{trigger("a", 2), trigger("b", 3)}, "", scale.Trigger{Value: 5, Activation: 4.5, Active: true}},
		"at the activation target":    {"a + b", "5", []modifiers.Input{trigger("a", 2), trigger("b", 3)}, "", scale.Trigger{Value: 5, Activation: 5}},
		"an active trigger alone does not make the formula active": {"a * 0", "", []modifiers.Input{trigger("a", 2), trigger("b", 3)}, "", scale.Trigger{}},
		"a trigger without a name has no part":                     {"a", "", []modifiers.Input{trigger("a", 2), trigger("", 3)}, "", scale.Trigger{Value: 2, Active: true}},
		"not every trigger was asked yet":                          {"a + b", "", []modifiers.Input{trigger("a", 2), waiting}, "", scale.Trigger{Waiting: true}},
		"a trigger fails and there is no fallback":                 {"a + b", "", []modifiers.Input{trigger("a", 2), failing("b", false)}, "", scale.Trigger{Err: unreadable}},
		"?? does not hide a failure without fallback":              {"a + (b ?? 0)", "", []modifiers.Input{trigger("a", 2), failing("b", false)}, "", scale.Trigger{Err: unreadable}},
		"a static fallback bypasses the formula": {"a + (b ?? 0)", "", []modifiers.Input{trigger("a", 2), failing("b", true)}, v1alpha1.FallbackStatic,
			scale.Trigger{Err: unreadable, InFallback: true}},
		"the formula stands in for a failing trigger": {"a + (b ?? 10)", "", []modifiers.Input{trigger("a", 2), failing("b", true)}, own, scale.Trigger{Value: 12, Active: true}},
		"the formula waits for the threshold of each": {"(a ?? 1) + (b ?? 10)", "", []modifiers.Input{failing("a", true), failing("b", false)}, own, scale.Trigger{Err: "the formula has inputs that cannot be read: s0-a: refused; s0-b: refused"}},
		"a formula that has no answer leaves it to the fallback": {"a ?? nil ?? b", "", []modifiers.Input{failing("a", true), failing("b", true)}, own,
			scale.Trigger{Err: "the formula gives nil while a trigger cannot be read", InFallback: true}},
	} {
		t.Run(name, func(t *testing.T) {
			spec := &v1alpha1.ScalingModifiers{Formula: c.formula, Target: "2.5", ActivationTarget: c.activation}
			m, err := modifiers.Compile(spec, []string{"a", "b"})
			if err != nil {
				t.Fatal(err)
			}
			c.want.Metric = v1alpha1.CompositeMetricName
			if diff := cmp.Diff(c.want, m.Compose(c.inputs, c.behavior)); diff != "" {
				t.Errorf("composite metric (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNotFinite: 0/0 is what a ratio of idle triggers gives.
//
// Kept: Scaling
// KEDA: A formula that gives infinity or no number at all, as a division by zero does, counts as 0.
// Why: Ratios rely on it: where nothing is to be done there is nothing to divide.
func TestNotFinite(t *testing.T) {
	for name, c := range map[string]struct {
		a, b       float64
		activation string
	}{
		"not a number":                  {0, 0, ""},
		"infinity":                      {1, 0, ""},
		"minus infinity":                {-1, 0, ""},
		"inactive below any activation": {0, 0, "-1"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := modifiers.Compile(&v1alpha1.ScalingModifiers{Formula: "a / b", Target: "1", ActivationTarget: c.activation}, []string{"a", "b"})
			if err != nil {
				t.Fatal(err)
			}
			want := scale.Trigger{Metric: v1alpha1.CompositeMetricName, Activation: m.Activation}
			if diff := cmp.Diff(want, m.Compose([]modifiers.Input{trigger("a", c.a), trigger("b", c.b)}, "")); diff != "" {
				t.Errorf("composite metric (-want +got):\n%s", diff)
			}
		})
	}
}

// TestComposeFails: whatever else goes wrong in a formula is no number.
func TestComposeFails(t *testing.T) {
	m, err := modifiers.Compile(&v1alpha1.ScalingModifiers{Formula: "[1, 2][int(a)]", Target: "1"}, []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	got := m.Compose([]modifiers.Input{trigger("a", 7)}, "")
	if got.Err == "" || got.Active || got.InFallback {
		t.Errorf("an index out of range gives %+v, want an error", got)
	}
}

func TestCompile(t *testing.T) {
	m, err := modifiers.Compile(&v1alpha1.ScalingModifiers{Formula: "a", Target: "2.5", ActivationTarget: "-1"}, []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	if m.Target != 2.5 || m.Activation != -1 || m.MetricType != autoscalingv2.AverageValueMetricType {
		t.Errorf("target %v %s, activation %v; want 2.5 AverageValue, -1", m.Target, m.MetricType, m.Activation)
	}
	for want, spec := range map[string]v1alpha1.ScalingModifiers{
		`target is ""`:                      {Formula: "a"},
		`target is "-1"`:                    {Formula: "a", Target: "-1"},
		`target is "NaN"`:                   {Formula: "a", Target: "NaN"},
		`activationTarget is "some"`:        {Formula: "a", Target: "1", ActivationTarget: "some"},
		`scalingModifiers: formula "queue"`: {Formula: "queue", Target: "1"},
		`scalingModifiers: formula "a +": `: {Formula: "a +", Target: "1"},
	} {
		if _, err := modifiers.Compile(&spec, []string{"a"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %s", err, want)
		}
	}
}

// TestTheFormulaIsWhatItSays compares formulas, drawn as trees, with computing the same
// tree directly.
func TestTheFormulaIsWhatItSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := map[string]float64{}
		for _, name := range []string{"a", "b", "c"} {
			values[name] = float64(rapid.IntRange(-8, 8).Draw(t, name)) / 2
		}
		text, want := expression(t, values, 3)
		m, err := modifiers.Compile(&v1alpha1.ScalingModifiers{Formula: text, Target: "2.5", ActivationTarget: "1"}, []string{"a", "b", "c"})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got := m.Compose([]modifiers.Input{trigger("a", values["a"]), trigger("b", values["b"]), trigger("c", values["c"])}, "")
		if math.IsNaN(want) || math.IsInf(want, 0) {
			want = 0
		}
		if got.Value != want || got.Active != (want > 1) || got.Err != "" {
			t.Fatalf("%s of %v is %+v, want %v", text, values, got, want)
		}
	})
}

// expression draws a formula and computes it.
func expression(t *rapid.T, values map[string]float64, depth int) (string, float64) {
	leaf := rapid.SampledFrom([]string{"a", "b", "c", "2.5"}).Draw(t, "leaf")
	if depth == 0 || rapid.IntRange(0, 4).Draw(t, "ends") == 0 {
		if value, ok := values[leaf]; ok {
			return leaf, value
		}
		return leaf, 2.5
	}
	x, a := expression(t, values, depth-1)
	y, b := expression(t, values, depth-1)
	switch operator := rapid.SampledFrom([]string{"+", "-", "*", "/", "max", "min", "?", "??"}).Draw(t, "operator"); operator {
	case "+":
		return "(" + x + " + " + y + ")", a + b
	case "-":
		return "(" + x + " - " + y + ")", a - b
	case "*":
		return "(" + x + " * " + y + ")", a * b
	case "/":
		return "(" + x + " / " + y + ")", a / b
	case "max", "min":
		if math.IsNaN(a) || math.IsNaN(b) { // what these make of it is theirs
			return x, a
		}
		if operator == "max" {
			return "max(" + x + ", " + y + ")", max(a, b)
		}
		return "min(" + x + ", " + y + ")", min(a, b)
	case "?":
		if a > b {
			return "(" + x + " > " + y + " ? " + x + " : " + y + ")", a
		}
		return "(" + x + " > " + y + " ? " + x + " : " + y + ")", b
	default: // nothing is missing
		return "(" + x + " ?? " + y + ")", a
	}
}

// TestAFailureIsNeverANumber: whatever the formula, a trigger that cannot be read
// and that no fallback stands in for leaves no value behind.
func TestAFailureIsNeverANumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		formula := rapid.SampledFrom([]string{"a", "a + b", "a ?? b ?? 1", "max(a ?? 0, b ?? 0)", "b"}).Draw(t, "formula")
		m, err := modifiers.Compile(&v1alpha1.ScalingModifiers{Formula: formula, Target: "1"}, []string{"a", "b"})
		if err != nil {
			t.Fatal(err)
		}
		inputs := []modifiers.Input{failing("a", false), trigger("b", rapid.Float64Range(-9, 9).Draw(t, "b"))}
		if rapid.Bool().Draw(t, "both") {
			inputs[1] = failing("b", rapid.Bool().Draw(t, "engaged"))
		}
		behavior := rapid.SampledFrom([]v1alpha1.FallbackBehavior{"", v1alpha1.FallbackStatic, v1alpha1.FallbackScalingModifiers}).Draw(t, "behavior")
		got := m.Compose(inputs, behavior)
		if got.Err == "" || got.Active || got.Value != 0 {
			t.Fatalf("composite metric %+v, want none", got)
		}
	})
}
