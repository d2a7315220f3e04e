// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package param

import (
	"errors"
	"fmt"
	"strings"
)

// ProblemKind classifies a Problem.
type ProblemKind string

// The kinds of problems.
const (
	// Missing is a required parameter that no source supplies.
	Missing ProblemKind = "Missing"
	// Invalid is a value that the parameter does not allow.
	Invalid ProblemKind = "Invalid"
	// Conflict is a breach of a rule between parameters.
	Conflict ProblemKind = "Conflict"
	// Unknown is a metadata key that the trigger does not read. The trigger works
	// as if it were not there.
	Unknown ProblemKind = "Unknown"
	// Deprecated is a parameter that still works but should be replaced.
	Deprecated ProblemKind = "Deprecated"
)

// Problem is something wrong with a trigger's parameters, in words for whoever
// wrote them. It never holds a secret.
type Problem struct {
	// Kind says what sort of problem it is.
	Kind ProblemKind
	// Parameter is the metadata key or parameter name, the first one when a rule
	// concerns several.
	Parameter string
	// Value is the offending value, shortened. It is empty when there is none or
	// when it may be secret: of a secret parameter, of pairs such as headers, of a
	// value from a TriggerAuthentication or the environment, and of an unknown key.
	Value string
	// Message says what is wrong and what to do about it; it continues a sentence
	// that begins with the parameter.
	Message string
	// Suggestion is the name that was probably meant, for an unknown key.
	Suggestion string
}

// Error is one line with the parameter, the value and the remedy.
func (p Problem) Error() string {
	text := fmt.Sprintf("parameter %q", p.Parameter)
	if p.Value != "" {
		text += fmt.Sprintf(" with value %q", p.Value)
	}
	text += " " + p.Message
	if p.Suggestion != "" {
		text += fmt.Sprintf("; did you mean %q?", p.Suggestion)
	}
	return text
}

// Warning says that the trigger works in spite of the problem.
func (p Problem) Warning() bool {
	return p.Kind == Unknown || p.Kind == Deprecated
}

// Errors joins the problems with which a trigger cannot work; nil if there are
// none.
func Errors(problems []Problem) error {
	var errs []error
	for _, p := range problems {
		if !p.Warning() {
			errs = append(errs, p)
		}
	}
	return errors.Join(errs...)
}

// Warnings returns the problems in spite of which a trigger works.
func Warnings(problems []Problem) []Problem {
	var warnings []Problem
	for _, p := range problems {
		if p.Warning() {
			warnings = append(warnings, p)
		}
	}
	return warnings
}

// shownLength is how much of a value a Problem shows.
const shownLength = 80

// shown prepares a value that is not secret for a message: credentials in URLs
// are masked and long values shortened.
func shown(text string) string {
	text = maskUserinfo(text)
	if runes := []rune(text); len(runes) > shownLength {
		return string(runes[:shownLength]) + "…"
	}
	return text
}

// maskUserinfo hides what stands between each "://" and the last "@" before the
// next one. It does not parse, because broken URLs are exactly what messages are
// about, and a password may hold any character.
func maskUserinfo(text string) string {
	parts := strings.Split(text, "://")
	for i, part := range parts {
		if at := strings.LastIndex(part, "@"); i > 0 && at >= 0 {
			parts[i] = "***" + part[at:]
		}
	}
	return strings.Join(parts, "://")
}
