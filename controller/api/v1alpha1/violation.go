// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Path leads to a field of an object: names as they stand in the manifest (string) and positions in lists (int).
//
// +kubebuilder:object:generate=false
type Path []any

var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// String writes a path as in spec.triggers[0].metadata.listLength; names with other characters stand in brackets.
func (p Path) String() string {
	var text strings.Builder
	for _, segment := range p {
		switch s := segment.(type) {
		case string:
			switch {
			case !plainName.MatchString(s):
				text.WriteString("[" + s + "]")
			case text.Len() > 0:
				text.WriteString("." + s)
			default:
				text.WriteString(s)
			}
		case int:
			text.WriteString("[" + strconv.Itoa(s) + "]")
		}
	}
	return text.String()
}

// With returns the path continued by further segments.
func (p Path) With(segments ...any) Path {
	return append(append(make(Path, 0, len(p)+len(segments)), p...), segments...)
}

func (p Path) within(other Path) bool {
	if len(other) > len(p) {
		return false
	}
	for i := range other {
		if p[i] != other[i] {
			return false
		}
	}
	return true
}

// Severity says who refuses an object because of a violation. Each level is also refused by those of the levels below it.
type Severity int

// The severities, from mild to grave.
const (
	// Advisory: the object works as it is written; nobody refuses it.
	Advisory Severity = iota + 1
	// Misleading: the object works, but not as it reads. A plan refuses it; elsewhere it is a warning, for KEDA accepts it.
	Misleading
	// Inadmissible: admission refuses it; one that is already stored keeps working.
	Inadmissible
	// Unworkable: the controller cannot work with it.
	Unworkable
)

// Violation is one thing that is wrong with an object. It never holds a secret.
//
// +kubebuilder:object:generate=false
type Violation struct {
	Path     Path
	Severity Severity
	Reason   Reason
	// Value is the offending value; nil when there is none or when it may be secret.
	Value any
	// Message continues a sentence that begins with the path: what is wrong; what to do about it.
	Message string
	// UnknownKey says that the path is a metadata key that the trigger does not read, and Suggestion which one was probably
	// meant, if any is close.
	UnknownKey bool
	Suggestion string
}

// Error is one line with the field, the value and the remedy.
func (v Violation) Error() string {
	text := v.Path.String()
	switch value := v.Value.(type) {
	case nil:
	case string:
		text += fmt.Sprintf(" (%q)", value)
	default:
		text += fmt.Sprintf(" (%v)", value)
	}
	text += " " + v.Message
	if v.Suggestion != "" {
		text += fmt.Sprintf("; did you mean %q?", v.Suggestion)
	}
	return text
}

// Violations are all that is wrong with an object, in the order of its fields.
//
// +kubebuilder:object:generate=false
type Violations []Violation

// Split separates what the caller refuses, from the given severity up, from what it only warns of. A plan splits at Misleading,
// admission at Inadmissible, the controller at Unworkable.
func (v Violations) Split(refused Severity) (errors, warnings Violations) {
	for _, violation := range v {
		if violation.Severity >= refused {
			errors = append(errors, violation)
		} else {
			warnings = append(warnings, violation)
		}
	}
	return errors, warnings
}

// Err is nil when there are no violations, else v itself.
func (v Violations) Err() error {
	if len(v) == 0 {
		return nil
	}
	return v
}

// Error joins all violations on one line.
func (v Violations) Error() string {
	lines := make([]string, len(v))
	for i, violation := range v {
		lines[i] = violation.Error()
	}
	return strings.Join(lines, "; ")
}

// Reason classifies violations, as the metrics of admission count them.
type Reason string

// The reasons. The last group needs a look at the cluster and is reported by admission only.
const (
	ReasonIncorrectReplicas        Reason = "incorrect-replicas"
	ReasonIncorrectFallback        Reason = "incorrect-fallback"
	ReasonIncorrectTriggers        Reason = "incorrect-triggers"
	ReasonUnsupportedTrigger       Reason = "unsupported-trigger"
	ReasonScalingModifiers         Reason = "scaling-modifiers"
	ReasonScalingModifiersFallback Reason = "scaling-modifiers-fallback"
	ReasonScaleToZero              Reason = "scale-to-zero-requirements-not-met"
	ReasonNameTooLong              Reason = "name-too-long"
	ReasonHPANameTooLong           Reason = "hpa-name-too-long"
	ReasonTransferWithoutHPAName   Reason = "transfer-ownership-missing-hpa-name"
	ReasonIncorrectName            Reason = "incorrect-name"
	ReasonIncorrectTarget          Reason = "incorrect-target"
	ReasonIncorrectTiming          Reason = "incorrect-timing"
	ReasonIncorrectBehavior        Reason = "incorrect-behavior"
	ReasonIncorrectAnnotation      Reason = "incorrect-annotation"
	ReasonIncorrectStrategy        Reason = "incorrect-strategy"
	ReasonIncorrectAuthentication  Reason = "incorrect-authentication"

	ReasonOtherScaledObject    Reason = "other-scaled-object"
	ReasonOtherScaledObjectHPA Reason = "other-scaled-object-hpa"
	ReasonOtherHPA             Reason = "other-hpa"
	ReasonMissingRequests      Reason = "missing-requests"
)

// checker collects violations. Fields that are not known yet hold nothing against the object.
type checker struct {
	unknown []Path
	found   Violations
}

// known reports whether the values at all paths are final.
func (c *checker) known(paths ...Path) bool {
	for _, path := range paths {
		for _, unknown := range c.unknown {
			if path.within(unknown) {
				return false
			}
		}
	}
	return true
}

// knownBelow reports whether nothing at or below the path is still unknown.
func (c *checker) knownBelow(path Path) bool {
	for _, unknown := range c.unknown {
		if unknown.within(path) {
			return false
		}
	}
	return c.known(path)
}

func (c *checker) add(v Violation) {
	if c.known(v.Path) {
		c.found = append(c.found, v)
	}
}

func (c *checker) report(s Severity, r Reason, path Path, value any, format string, args ...any) {
	c.add(Violation{Path: path, Severity: s, Reason: r, Value: value, Message: fmt.Sprintf(format, args...)})
}

// atLeast checks a number that may be unset.
func (c *checker) atLeast(limit int32, value *int32, r Reason, path Path) {
	if value != nil && *value < limit {
		c.report(Unworkable, r, path, *value, "must be at least %d", limit)
	}
}

// oneOf checks a word that may be unset.
func oneOf[T ~string](c *checker, s Severity, r Reason, path Path, value T, allowed ...T) {
	if value == "" {
		return
	}
	words := make([]string, len(allowed))
	for i, word := range allowed {
		if value == word {
			return
		}
		words[i] = string(word)
	}
	c.report(s, r, path, string(value), "must be %s", either(words))
}

func either(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
