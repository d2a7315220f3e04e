// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package param is the kit with which a trigger declares its parameters once,
// in the manner of flag.FlagSet: a struct has typed fields, and its Declare
// method binds each field to a name, prose, a default, the places that it may
// come from and its limits. From that one declaration the controller decodes
// (Decode), admission and Terraform check (Decode with pending input), the
// Terraform schema, the documentation and test generators are made (Describe),
// and equal queries are found (Fingerprint). What comes in are string maps, what
// goes out are filled structs and Problems; the package does no I/O and knows no
// trigger.
package param

import (
	"fmt"
	"slices"
)

// Source is a place that a parameter may come from.
type Source string

// The places that a parameter may come from.
const (
	// Metadata is the trigger's own metadata.
	Metadata Source = "metadata"
	// Auth is the TriggerAuthentication that the trigger refers to.
	Auth Source = "authentication"
	// Env is an environment variable of the scaled workload, named by the
	// metadata key "<name>FromEnv".
	Env Source = "environment"
)

// envSuffix turns a parameter's name into the metadata key that names an
// environment variable.
const envSuffix = "FromEnv"

// Param is one declared parameter. Its methods refine the declaration and return
// it, so that a declaration is one chain. They are called from Declare only.
type Param struct {
	d      Description
	value  value
	checks []func(text string) error
}

// Alias adds further names under which the parameter is accepted. At each source
// the name is tried first, then the aliases in order.
func (p *Param) Alias(names ...string) *Param {
	p.d.Aliases = append(p.d.Aliases, names...)
	return p
}

// From says where the parameter may come from, in the order in which the places
// are tried. Without it, only from metadata.
func (p *Param) From(sources ...Source) *Param {
	p.d.Sources = sources
	return p
}

// Default is the text that stands for an absent parameter.
func (p *Param) Default(text string) *Param {
	p.d.Default = text
	return p
}

// Enum lists the allowed values; for a list they hold for each item.
func (p *Param) Enum(values ...string) *Param {
	p.d.Enum = values
	return p
}

// Exclusive lists items of which a list may hold one at most.
func (p *Param) Exclusive(items ...string) *Param {
	p.d.Exclusive = items
	return p
}

// Required says that the parameter must not be absent.
func (p *Param) Required() *Param {
	p.d.Required = true
	return p
}

// Secret says that the value must never be shown.
func (p *Param) Secret() *Param {
	p.d.Secret = true
	return p
}

// Target marks the value that the HPA compares the metric with. It may be absent
// or zero in a trigger that only feeds a formula.
func (p *Param) Target() *Param {
	p.d.Target = true
	return p
}

// Activation marks the threshold between inactive and active.
func (p *Param) Activation() *Param {
	p.d.Activation = true
	return p
}

// Separator replaces the comma between the items of a list or map.
func (p *Param) Separator(separator string) *Param {
	p.d.Separator = separator
	return p
}

// Positive says that a number must be greater than zero.
func (p *Param) Positive() *Param {
	p.d.Positive = true
	return p
}

// Min is the smallest allowed number.
func (p *Param) Min(limit float64) *Param {
	p.d.Min = &limit
	return p
}

// Max is the largest allowed number.
func (p *Param) Max(limit float64) *Param {
	p.d.Max = &limit
	return p
}

// Deprecated says that the parameter still works and what to use instead.
func (p *Param) Deprecated(instead string) *Param {
	p.d.Deprecated = instead
	return p
}

// Removed says that the parameter no longer works and what to use instead: its
// presence is an error.
func (p *Param) Removed(instead string) *Param {
	p.d.Removed = instead
	return p
}

// Check adds a test of the trimmed text, for a list of each item. Its error says
// what is wrong and what to write instead, continues a sentence ("must …"), and
// does not repeat the value.
func (p *Param) Check(check func(text string) error) *Param {
	p.checks = append(p.checks, check)
	return p
}

// Set collects the parameters and rules of one trigger while Declare runs.
type Set struct {
	params    []*Param
	byName    map[string]*Param
	rules     []rule
	namespace *string
}

// declared runs a declaration and returns what it declared. Mistakes in a
// declaration, such as a name used twice, are programming errors and panic.
func declared(declare func(*Set)) *Set {
	s := &Set{byName: map[string]*Param{}}
	declare(s)
	for _, p := range s.params {
		for _, name := range p.d.Names() {
			if s.byName[name] != nil {
				panic(fmt.Sprintf("param: %q is declared twice", name))
			}
			s.byName[name] = p
		}
	}
	for _, r := range s.rules {
		for _, name := range r.names {
			if s.byName[name] == nil {
				panic(fmt.Sprintf("param: a rule names %q, which is not declared", name))
			}
		}
	}
	return s
}

func (s *Set) add(kind Kind, name, prose string, v value) *Param {
	p := &Param{
		d:     Description{Name: name, Prose: prose, Kind: kind, Sources: []Source{Metadata}, Separator: ","},
		value: v,
	}
	s.params = append(s.params, p)
	return p
}

// Namespace binds the namespace of the scaled object. It is no parameter, but
// part of the query of a trigger that looks at its own namespace, and so of its
// fingerprint.
func (s *Set) Namespace(dst *string) { s.namespace = dst }

// Names returns the name and the aliases.
func (d Description) Names() []string {
	return append([]string{d.Name}, d.Aliases...)
}

// ReadableFrom says whether the parameter may come from a source.
func (d Description) ReadableFrom(source Source) bool {
	return slices.Contains(d.Sources, source)
}
