// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"slices"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// triggerContext is what the checks of triggers need to know of the object around them.
type triggerContext struct {
	namespace string
	// formula says that the triggers feed a formula, job that they start Jobs.
	formula, job bool
}

// FormulaNames lists the names that a formula can use: those of all triggers but cpu and memory.
func FormulaNames(triggers []ScaleTrigger) []string {
	var names []string
	for _, t := range triggers {
		if t.Name != "" && !t.IsResource() {
			names = append(names, t.Name)
		}
	}
	return names
}

func (c *checker) triggers(triggers []ScaleTrigger, in triggerContext) {
	if len(triggers) == 0 {
		c.report(Unworkable, ReasonIncorrectTriggers, triggersPath, nil, "is empty; add at least one trigger")
	}
	var names []string
	for i := range triggers {
		t, path := &triggers[i], triggersPath.With(i)
		if t.Name != "" && slices.Contains(names, t.Name) && c.known(path.With("name")) {
			c.report(Unworkable, ReasonIncorrectTriggers, path.With("name"), t.Name, "is the name of two triggers; give each its own")
		}
		names = append(names, t.Name)
		c.trigger(t, path, in)
	}
}

func (c *checker) trigger(t *ScaleTrigger, path Path, in triggerContext) {
	if !c.known(path.With("type")) {
		return
	}
	if t.Type == "" {
		c.report(Unworkable, ReasonIncorrectTriggers, path.With("type"), nil, "is missing; set it to a trigger type, for example redis")
		return
	}
	c.cachedMetrics(t, path, in)
	if in.job {
		c.jobTrigger(t, path)
	}
	c.authenticationRef(t.AuthenticationRef, path.With("authenticationRef"))
	for _, problem := range trigger.Check(t.Type, c.checkedMetricType(t, path, in), c.triggerInput(t, path, in)) {
		c.add(triggerViolation(t.Type, path, problem))
	}
}

func (c *checker) cachedMetrics(t *ScaleTrigger, path Path, in triggerContext) {
	if !t.UseCachedMetrics {
		return
	}
	switch {
	case t.IsResource() || t.Type == "cron":
		c.report(Unworkable, ReasonIncorrectTriggers, path.With("useCachedMetrics"), nil, "is not possible with %s; remove it", t.Type)
	case in.job:
		c.report(Advisory, ReasonIncorrectTriggers, path.With("useCachedMetrics"), nil, "has no effect in a ScaledJob; remove it")
	}
}

func (c *checker) jobTrigger(t *ScaleTrigger, path Path) {
	if t.MetricType != "" {
		c.report(Unworkable, ReasonIncorrectTriggers, path.With("metricType"), string(t.MetricType),
			"is not possible in a ScaledJob, which has no HorizontalPodAutoscaler; remove it")
	}
	if t.IsResource() {
		c.report(Misleading, ReasonIncorrectTriggers, path.With("type"), t.Type, "starts no Jobs; use a ScaledObject for it")
	}
}

// checkedMetricType is the metric type to check with. One that is not known, or was refused already, is replaced by the one
// that all triggers take.
func (c *checker) checkedMetricType(t *ScaleTrigger, path Path, in triggerContext) string {
	if in.job || !c.known(path.With("metricType")) {
		return "AverageValue"
	}
	return string(t.MetricType)
}

// triggerInput lays the metadata out as far as it is known. What the workload's environment holds never is, here.
func (c *checker) triggerInput(t *ScaleTrigger, path Path, in triggerContext) param.Input {
	metadata := path.With("metadata")
	input := param.Input{
		Metadata:        t.Metadata,
		Namespace:       in.namespace,
		MetadataPending: !c.known(metadata),
		AuthPending:     t.AuthenticationRef != nil || !c.known(path.With("authenticationRef")),
		EnvPending:      true,
		TargetOptional:  in.formula,
	}
	for _, unknown := range c.unknown {
		if len(unknown) == len(metadata)+1 && unknown.within(metadata) {
			input.Unknown = append(input.Unknown, fmt.Sprint(unknown[len(metadata)]))
		}
	}
	return input
}

func triggerViolation(kind string, path Path, problem param.Problem) Violation {
	v := Violation{
		Path: path.With("metadata", problem.Parameter), Severity: Unworkable, Reason: ReasonIncorrectTriggers,
		Message: problem.Message, Suggestion: problem.Suggestion,
	}
	if problem.Value != "" {
		v.Value = problem.Value
	}
	switch problem.Kind {
	case param.Unknown:
		v.Severity, v.UnknownKey = Misleading, true
	case param.Deprecated:
		v.Severity = Advisory
	}
	if _, builtIn := trigger.Lookup(kind); !builtIn {
		v.Path = path.With("type")
		if trigger.Nearest(kind) == kind {
			v.Reason = ReasonUnsupportedTrigger
		}
	} else if problem.Parameter == "metricType" {
		v.Path = path.With("metricType")
	}
	return v
}

func (c *checker) authenticationRef(ref *AuthenticationRef, path Path) {
	if ref == nil {
		return
	}
	if ref.Name == "" {
		c.report(Unworkable, ReasonIncorrectTriggers, path.With("name"), nil, "is missing; name the authentication or remove authenticationRef")
	}
	oneOf(c, Unworkable, ReasonIncorrectTriggers, path.With("kind"), ref.Kind, KindTriggerAuthentication, KindClusterTriggerAuthentication)
}
