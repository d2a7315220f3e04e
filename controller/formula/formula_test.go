// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package formula

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func number64(v float64) *float64 { return &v }

func TestEval(t *testing.T) {
	tests := []struct {
		name, formula string
		values        map[string]*float64
		want          *float64
	}{
		{"one trigger", "a", map[string]*float64{"a": number64(3)}, number64(3)},
		{"sum", "a + b", map[string]*float64{"a": number64(3), "b": number64(4)}, number64(7)},
		{"integer literal", "3", nil, number64(3)},
		{"arithmetic keeps fractions", "(a + b) / 2", map[string]*float64{"a": number64(1), "b": number64(2)}, number64(1.5)},
		{"condition", "a > 2 ? a : b", map[string]*float64{"a": number64(1), "b": number64(9)}, number64(9)},
		{"function max", "max(a, b)", map[string]*float64{"a": number64(1), "b": number64(9)}, number64(9)},
		{"count over triggers", "count([a, b], {# > 1}) > 1 ? 5 : 0", map[string]*float64{"a": number64(2), "b": number64(2)}, number64(5)},
		{"failed trigger replaced", "a ?? 7", map[string]*float64{"a": nil}, number64(7)},
		{"absent is failed", "a ?? b", map[string]*float64{"b": number64(2)}, number64(2)},
		{"all failed gives nil", "a ?? b", nil, nil},
		{"name that is no identifier", `$env["my-trigger"] * 2`, map[string]*float64{"my-trigger": number64(2)}, number64(4)},
		{"negative", "a - b", map[string]*float64{"a": number64(1), "b": number64(2)}, number64(-1)},
		{"if and else", "if (max([a, b]) > 0) {\n  max([a, b])\n} else {\n  $env[\"my-trigger\"]\n}\n",
			map[string]*float64{"a": number64(0), "b": number64(0), "my-trigger": number64(6)}, number64(6)},
		{"new lines", "a\n+\nb", map[string]*float64{"a": number64(1), "b": number64(2)}, number64(3)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			program, err := Compile(tt.formula, []string{"a", "b", "my-trigger"})
			if err != nil {
				t.Fatal(err)
			}
			got, err := program.Eval(tt.values)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Eval (-want +got):\n%s", diff)
			}
			if program.String() != tt.formula {
				t.Errorf("String() = %q", program.String())
			}
		})
	}
}

// TestCompileRefuses formulas that cannot work, and says where.
//
// Kept: Scaling
// KEDA: A formula is tried once with -1 for every trigger when it is checked, and one that fails for -1 is refused, such as one that uses a trigger as an index.
// Why: It finds most mistakes before they scale anything, and no metric of a queue is an index.
func TestCompileRefuses(t *testing.T) {
	tests := []struct {
		name, formula string
		line, column  int
		message       string
	}{
		{"unknown name", "a + c", 1, 5, "unknown name c: the formula can use a, b"},
		{"second line", "a +\n  c", 2, 3, "unknown name c"},
		{"syntax", "a +", 1, 3, "unexpected token EOF"},
		{"text", "a + 'x'", 1, 3, "mismatched types"},
		{"boolean", "a > b", 0, 0, "it gives a bool, want a number"},
		{"nil", "nil", 0, 0, "it gives nil"},
		{"fails on -1", "[1, 2, 3][int(a) - 5]", 0, 0, "it fails when all triggers are -1: index out of range"},
		{"too large", strings.Repeat("a+", 2000) + "a", 1, 1002, "expression exceeds maximum allowed nodes"},
		{"nested loops", "sum([a, b], {sum([a, b], {#})})", 0, 0, "a loop within a loop"},
		{"large range", "sum(1..1000000, {#})", 0, 0, "memory budget exceeded"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Compile(tt.formula, []string{"b", "a"})
			var got *Error
			if !errors.As(err, &got) {
				t.Fatalf("Compile = %v, want an *Error", err)
			}
			if got.Formula != tt.formula || got.Line != tt.line || got.Column != tt.column || !strings.Contains(got.Message, tt.message) {
				t.Errorf("Compile = %d:%d %s", got.Line, got.Column, got.Message)
			}
			if strings.Contains(got.Error(), "\n | ") {
				t.Errorf("the message draws the position: %s", got)
			}
		})
	}
}

// TestCompileWithoutNames: cpu and memory triggers, and those without a name, are not
// part of a formula.
func TestCompileWithoutNames(t *testing.T) {
	_, err := Compile("a", nil)
	if err == nil || !strings.Contains(err.Error(), "no trigger has a name") {
		t.Errorf("Compile = %v, want the remedy to name the triggers", err)
	}
}

func TestEvalFails(t *testing.T) {
	program, err := Compile("a / b", []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := program.Eval(map[string]*float64{"a": number64(1)}); err == nil || errors.Is(err, ErrNotFinite) {
		t.Errorf("a failed trigger without ??: %v, want an error of the operator", err)
	}
	for _, dividend := range []float64{0, 1, -1} {
		_, err := program.Eval(map[string]*float64{"a": number64(dividend), "b": number64(0)})
		if !errors.Is(err, ErrNotFinite) {
			t.Errorf("%v / 0 = %v, want ErrNotFinite", dividend, err)
		}
	}
}

// FuzzCompile holds that no text makes Compile or Eval panic, and that what Eval gives is finite.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{"a", "a ?? b", "max(a,b)*2", "a > 1 ? b : nil", "sum([a,b],{#})", "let x = a; x ** b", "1..a", "a[b]"} {
		f.Add(seed, 1.0, 0.0)
	}
	f.Fuzz(func(t *testing.T, formula string, a, b float64) {
		program, err := Compile(formula, []string{"a", "b"})
		if err != nil {
			return
		}
		for _, values := range []map[string]*float64{{"a": &a, "b": &b}, {"a": &a}, nil} {
			got, err := program.Eval(values)
			if err == nil && got != nil && (math.IsNaN(*got) || math.IsInf(*got, 0)) {
				t.Errorf("%q gives %v", formula, *got)
			}
		}
	})
}
