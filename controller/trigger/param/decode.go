// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package param

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Input is what is known of a trigger's parameters. The zero value of the
// pending fields means that everything is known, as in the controller.
type Input struct {
	// Metadata is the trigger's metadata, Auth what its TriggerAuthentication
	// yields, Env the environment of the workload's container.
	Metadata, Auth, Env map[string]string
	// Namespace is the namespace of the scaled object.
	Namespace string
	// MetadataPending says that further metadata may exist that is not known yet,
	// AuthPending that a TriggerAuthentication is referred to whose values are not
	// known, EnvPending that the workload's environment is not known. Nothing
	// that such a source may still supply is reported as missing.
	MetadataPending, AuthPending, EnvPending bool
	// Unknown lists metadata keys that are given, but whose value Terraform does
	// not know yet.
	Unknown []string
	// TargetOptional says that the trigger only feeds a formula, so that its
	// target may be absent or zero.
	TargetOptional bool
}

// finding is what the sources say about one parameter.
type finding struct {
	presence presence
	// settled says that the field holds its final, valid value, be it the
	// default or zero.
	settled bool
	// defaulted says that the default stands in.
	defaulted bool
	text      string
	// key is the metadata key or authentication parameter that supplied text, or
	// the parameter's name.
	key    string
	source Source
	// unset is the environment variable that metadata names but that the
	// workload does not set.
	unset string
}

// Decode fills the fields that declare binds, and returns what is wrong: first
// the parameters in the order of their declaration, then the rules, then the
// metadata keys that nobody reads, sorted. A field whose value is absent, pending
// or invalid keeps what it held.
func Decode(declare func(*Set), in Input) []Problem {
	s := declared(declare)
	if s.namespace != nil {
		*s.namespace = in.Namespace
	}
	var problems []Problem
	found := map[string]finding{}
	for _, p := range s.params {
		f, ps := p.decode(in)
		problems = append(problems, ps...)
		for _, name := range p.d.Names() {
			found[name] = f
		}
	}
	for _, r := range s.rules {
		problems = append(problems, r.problems(found)...)
	}
	return append(problems, s.unread(in)...)
}

// decode looks the parameter up, parses it into its field and checks it.
func (p *Param) decode(in Input) (finding, []Problem) {
	f := p.lookup(in)
	switch {
	case f.presence == present && p.d.Removed != "":
		return f, []Problem{{Kind: Invalid, Parameter: f.key, Value: p.show(f), Message: "no longer exists; " + p.d.Removed}}
	case f.presence == maybe:
		return f, nil
	case f.presence == absent && !f.defaulted:
		f.settled = true
		if p.d.Required && !(p.d.Target && in.TargetOptional) {
			f.settled = false
			return f, []Problem{p.missing(f)}
		}
		return f, nil
	}
	if err := p.accept(f.text, in); err != nil {
		f.settled = false
		return f, []Problem{{Kind: Invalid, Parameter: f.key, Value: p.show(f), Message: err.Error()}}
	}
	if f.presence == present && p.d.Deprecated != "" {
		return f, []Problem{{Kind: Deprecated, Parameter: f.key, Message: "is deprecated; " + p.d.Deprecated}}
	}
	return f, nil
}

// lookup tries the sources in order. A value behind a source that is pending is
// good enough to check, but not settled: the pending source would win.
func (p *Param) lookup(in Input) finding {
	f := finding{key: p.d.Name}
	pending := false
	for _, source := range p.d.Sources {
		for _, name := range p.d.Names() {
			text, wait, unset := in.read(source, name)
			if text != "" {
				return finding{presence: present, settled: !pending, text: text, key: source.key(name), source: source}
			}
			pending = pending || wait
			if unset != "" {
				f.unset = unset
			}
		}
	}
	switch {
	case pending:
		f.presence = maybe
	case p.d.Default != "":
		f.text, f.defaulted, f.settled = p.d.Default, true, true
	}
	return f
}

// key is what a person writes to supply a parameter from the source.
func (source Source) key(name string) string {
	if source == Env {
		return name + envSuffix
	}
	return name
}

// read returns what a source holds under a name, trimmed; whether it may still
// come to hold something; and the environment variable that is named in vain.
func (in Input) read(source Source, name string) (text string, pending bool, unset string) {
	switch source {
	case Auth:
		return strings.TrimSpace(in.Auth[name]), in.AuthPending, ""
	case Env:
		variable, wait, _ := in.read(Metadata, name+envSuffix)
		if variable == "" || in.EnvPending {
			return "", wait || variable != "", ""
		}
		text = strings.TrimSpace(in.Env[variable])
		if text == "" {
			unset = variable
		}
		return text, false, unset
	default:
		return strings.TrimSpace(in.Metadata[name]), in.MetadataPending || slices.Contains(in.Unknown, name), ""
	}
}

// accept parses text into the field and applies the limits.
func (p *Param) accept(text string, in Input) error {
	items := []string{text}
	if p.d.Kind == KindStrings {
		items = split(text, p.d.Separator)
	}
	if err := p.checkItems(items); err != nil {
		return err
	}
	if err := p.checkLimits(text, in); err != nil {
		return err
	}
	return p.value.parse(text, p.d.Separator)
}

func (p *Param) checkItems(items []string) error {
	exclusive := 0
	for _, item := range items {
		if len(p.d.Enum) > 0 && !slices.Contains(p.d.Enum, item) {
			return fmt.Errorf("must be one of %s", plainQuoted(p.d.Enum, "or"))
		}
		if slices.Contains(p.d.Exclusive, item) {
			exclusive++
		}
		for _, check := range p.checks {
			if err := check(item); err != nil {
				return err
			}
		}
	}
	if exclusive > 1 {
		return fmt.Errorf("must hold only one of %s", plainQuoted(p.d.Exclusive, "and"))
	}
	return nil
}

// checkLimits comes before parse, so that a bad value never reaches the field;
// what is no number is left for parse to report.
func (p *Param) checkLimits(text string, in Input) error {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || (p.d.Kind != KindInt && p.d.Kind != KindFloat) {
		return nil //nolint:nilerr // text that is no number is reported where it is decoded
	}
	switch {
	case p.d.Target && in.TargetOptional && n == 0:
		return nil
	case p.d.Positive && n <= 0:
		return errors.New("must be greater than 0")
	case p.d.Min != nil && n < *p.d.Min:
		return fmt.Errorf("must be at least %v", *p.d.Min)
	case p.d.Max != nil && n > *p.d.Max:
		return fmt.Errorf("must be at most %v", *p.d.Max)
	}
	return nil
}

// show returns the value for a message, or nothing if it may be secret.
func (p *Param) show(f finding) string {
	// Pairs are headers or query parameters, among which there may be a token.
	pairs := p.d.Kind == KindMap || p.d.Kind == KindQuery
	if p.d.Secret || pairs || f.source == Auth || f.source == Env {
		return ""
	}
	return shown(f.text)
}

func (p *Param) missing(f finding) Problem {
	message := "is missing; set it " + p.d.wayIn()
	if f.unset != "" {
		message = "is missing: " + unsetVariable(f.unset) + "; set the variable, or the parameter " + p.d.wayIn()
	}
	return Problem{Kind: Missing, Parameter: p.d.Name, Message: message}
}

func unsetVariable(name string) string {
	return fmt.Sprintf("the workload's container does not set the environment variable %q", name)
}

// wayIn says in words where the parameter may be set.
func (d Description) wayIn() string {
	var ways []string
	for _, source := range d.Sources {
		switch source {
		case Metadata:
			ways = append(ways, "in metadata")
		case Auth:
			ways = append(ways, "in a TriggerAuthentication")
		case Env:
			ways = append(ways, fmt.Sprintf("with %q", d.Name+envSuffix))
		}
	}
	return strings.Join(ways, " or ")
}
