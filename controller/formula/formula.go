// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package formula compiles and evaluates the formula of scalingModifiers, which combines the triggers of a ScaledObject into
// one metric.
//
// In come the text and the names of the triggers, later their values; out goes one number. Compile runs when an object is
// checked (at plan time, at admission, before polling starts), Eval whenever the composite metric is read. The language is that
// of expr-lang. Formulas come from whoever may write a ScaledObject and run in a process that serves all of them, so their
// work is bounded: loops neither nest nor run over large ranges. The package is pure.
package formula

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

const (
	// maxNodes bounds the size of a formula, memoryBudget the elements of all lists that one evaluation makes.
	maxNodes     = 1000
	memoryBudget = 10_000
	// dummyValue stands for every trigger in the trial run of Compile.
	dummyValue = -1.0
)

// ErrNotFinite is what Eval returns when a formula gives infinity or no number at all, which a division by zero does.
var ErrNotFinite = errors.New("the result is not a finite number: guard the divisor, for example b > 0 ? a / b : 0")

// Program is a compiled formula. It is immutable and may be evaluated by several goroutines.
type Program struct {
	formula string
	names   []string
	code    *vm.Program
}

// Error says what is wrong with a formula, and where.
type Error struct {
	Formula string
	// Line and Column count from 1; both are 0 when the error has no position, as one of a trial run.
	Line, Column int
	Message      string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("formula %q: %s", e.Formula, e.Message)
	}
	return fmt.Sprintf("formula %q: line %d, column %d: %s", e.Formula, e.Line, e.Column, e.Message)
}

// Compile checks a formula over the names of the triggers, whose values are numbers, and runs it once with -1 for each of
// them. It fails with an *Error when the formula does not parse, uses another name, is too large, or when the trial run fails
// or does not give a number.
func Compile(formula string, triggerNames []string) (*Program, error) {
	env := make(map[string]any, len(triggerNames))
	for _, name := range triggerNames {
		env[name] = dummyValue
	}
	code, err := expr.Compile(formula, expr.Env(env), expr.MaxNodes(maxNodes), expr.Optimize(false))
	if err != nil {
		return nil, compileError(formula, triggerNames, err)
	}
	if nestsLoops(code.Node()) {
		return nil, &Error{Formula: formula, Message: "a loop within a loop is not allowed: combine the triggers with operators"}
	}
	program := &Program{formula: formula, names: slices.Clone(triggerNames), code: code}
	result, err := program.run(env)
	if err != nil {
		return nil, &Error{Formula: formula, Message: fmt.Sprintf("it fails when all triggers are -1: %s", err)}
	}
	if result == nil {
		return nil, &Error{Formula: formula, Message: "it gives nil although all triggers have values: let it give a number"}
	}
	return program, nil
}

// Eval computes the formula. values maps the names of the triggers to their values; nil or absent means that the trigger could
// not be read, which the operator ?? can replace. The result is nil when the formula gives nil. It fails when an operator meets
// a nil, when the formula gives something else than a number, and with ErrNotFinite.
func (p *Program) Eval(values map[string]*float64) (*float64, error) {
	env := make(map[string]any, len(p.names))
	for _, name := range p.names {
		if value := values[name]; value != nil {
			env[name] = *value
		} else {
			env[name] = nil
		}
	}
	result, err := p.run(env)
	if err != nil {
		return nil, fmt.Errorf("formula %q: %w", p.formula, err)
	}
	if result != nil && (math.IsNaN(*result) || math.IsInf(*result, 0)) {
		return nil, fmt.Errorf("formula %q: %w", p.formula, ErrNotFinite)
	}
	return result, nil
}

// String returns the text that was compiled.
func (p *Program) String() string { return p.formula }

func (p *Program) run(env map[string]any) (*float64, error) {
	machine := vm.VM{MemoryBudget: memoryBudget}
	out, err := machine.Run(p.code, env)
	if err != nil {
		return nil, errors.New(oneLine(err))
	}
	return number(out)
}

// number turns what a formula gives into a float64; nil stays nil.
func number(out any) (*float64, error) {
	if out == nil {
		return nil, nil
	}
	var result float64
	switch value := reflect.ValueOf(out); {
	case value.CanFloat():
		result = value.Float()
	case value.CanInt():
		result = float64(value.Int())
	case value.CanUint():
		result = float64(value.Uint())
	default:
		return nil, fmt.Errorf("it gives a %s, want a number", value.Kind())
	}
	return &result, nil
}

func compileError(formula string, triggerNames []string, err error) *Error {
	out := &Error{Formula: formula, Message: oneLine(err)}
	var at *file.Error
	if errors.As(err, &at) {
		out.Line, out.Column, out.Message = at.Line, at.Column+1, at.Message
	}
	if strings.HasPrefix(out.Message, "unknown name") {
		out.Message += knownNames(triggerNames)
	}
	return out
}

func knownNames(triggerNames []string) string {
	if len(triggerNames) == 0 {
		return ": no trigger has a name, give one to each trigger that the formula uses (not to cpu and memory)"
	}
	return ": the formula can use " + strings.Join(slices.Sorted(slices.Values(triggerNames)), ", ")
}

// oneLine is the message of an error of the expression library without the drawing of the position below it.
func oneLine(err error) string {
	var at *file.Error
	if errors.As(err, &at) {
		return at.Message
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return first
}

func nestsLoops(root ast.Node) bool {
	isLoop := func(n ast.Node) bool { _, ok := n.(*ast.PredicateNode); return ok }
	return ast.Find(root, func(n ast.Node) bool {
		loop, ok := n.(*ast.PredicateNode)
		return ok && ast.Find(loop.Node, isLoop) != nil
	}) != nil
}
