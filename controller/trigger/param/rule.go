// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package param

import (
	"errors"
	"fmt"
	"strings"
)

// rule relates parameters. check runs after all parameters are decoded; it
// returns nil when the rule is kept or cannot be judged yet.
type rule struct {
	names []string
	prose string
	check func(found map[string]finding) error
}

// presence says whether a source supplies a parameter.
type presence int

const (
	absent presence = iota
	// maybe means that a source whose values are not known yet may supply it.
	maybe
	present
)

// OneOf demands that exactly one of the parameters is given.
func (s *Set) OneOf(names ...string) {
	s.rule("Exactly one of "+quoted(names)+" must be given.", names, func(found map[string]finding) error {
		return errors.Join(atMostOne(names, found), atLeastOne(names, found))
	})
}

// AtLeastOneOf demands that one or more of the parameters are given.
func (s *Set) AtLeastOneOf(names ...string) {
	s.rule("At least one of "+quoted(names)+" must be given.", names, func(found map[string]finding) error {
		return atLeastOne(names, found)
	})
}

// AtMostOneOf forbids giving two of the parameters.
func (s *Set) AtMostOneOf(names ...string) {
	s.rule("At most one of "+quoted(names)+" may be given.", names, func(found map[string]finding) error {
		return atMostOne(names, found)
	})
}

// Together demands that all of the parameters are given or none.
func (s *Set) Together(names ...string) {
	s.rule(capital(quoted(names))+" belong together.", names, func(found map[string]finding) error {
		for _, name := range names {
			if found[name].presence == present {
				return s.needs(name, names, found)
			}
		}
		return nil
	})
}

// Requires demands the other parameters whenever name is given.
func (s *Set) Requires(name string, others ...string) {
	prose := fmt.Sprintf("`%s` needs %s.", name, quoted(others))
	s.rule(prose, append([]string{name}, others...), func(found map[string]finding) error {
		if found[name].presence == present {
			return s.needs(name, others, found)
		}
		return nil
	})
}

// Rule adds a test that looks at the bound fields. It runs only when each named
// parameter is valid and final, so never on values that are not known yet. An
// error that is a Problem is reported as it is; any other is a Conflict of the
// first name, its text continuing a sentence that begins with that name. The
// prose states the rule for the documentation.
func (s *Set) Rule(prose string, check func() error, names ...string) {
	s.rule(prose, names, func(found map[string]finding) error {
		for _, name := range names {
			if !found[name].settled {
				return nil
			}
		}
		return check()
	})
}

func (s *Set) rule(prose string, names []string, check func(map[string]finding) error) {
	s.rules = append(s.rules, rule{names: names, prose: prose, check: check})
}

// problems judges the rule.
func (r rule) problems(found map[string]finding) []Problem {
	err := r.check(found)
	if err == nil {
		return nil
	}
	if p, ok := errors.AsType[Problem](err); ok {
		return []Problem{p}
	}
	return []Problem{{Kind: Conflict, Parameter: r.names[0], Message: err.Error()}}
}

func atMostOne(names []string, found map[string]finding) error {
	var given []string
	for _, name := range names {
		if found[name].presence == present {
			given = append(given, name)
		}
	}
	if len(given) < 2 {
		return nil
	}
	return Problem{Kind: Conflict, Parameter: given[0],
		Message: "excludes " + plainQuoted(given[1:], "and") + "; give one of them only"}
}

func atLeastOne(names []string, found map[string]finding) error {
	for _, name := range names {
		if found[name].presence != absent {
			return nil
		}
	}
	return Problem{Kind: Missing, Parameter: names[0],
		Message: "is missing" + unset(names, found) + "; give one of " + plainQuoted(names, "or")}
}

// unset mentions the first environment variable that is named in vain.
func unset(names []string, found map[string]finding) string {
	for _, name := range names {
		if variable := found[name].unset; variable != "" {
			return ": " + unsetVariable(variable)
		}
	}
	return ""
}

func (s *Set) needs(name string, others []string, found map[string]finding) error {
	for _, other := range others {
		if f := found[other]; f.presence == absent && !f.defaulted {
			return s.Missing(other, fmt.Sprintf("%q needs it", name)+unset([]string{other}, found))
		}
	}
	return nil
}

// Missing is for a Rule to return: the named parameter is missing, and why it is
// needed.
func (s *Set) Missing(name, why string) Problem {
	return Problem{Kind: Missing, Parameter: name,
		Message: "is missing: " + why + "; set it " + s.byName[name].d.wayIn()}
}

// quoted joins names for Markdown, plainQuoted for messages.
func quoted(names []string) string {
	return join(names, "`", "and")
}

func plainQuoted(names []string, conjunction string) string {
	return join(names, "\"", conjunction)
}

func join(names []string, quote, conjunction string) string {
	var b strings.Builder
	for i, name := range names {
		switch {
		case i > 0 && i == len(names)-1:
			b.WriteString(" " + conjunction + " ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(quote + name + quote)
	}
	return b.String()
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
