// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/keda-tf/terraform-provider-keda/controller/formula"
)

var (
	specPath        = Path{"spec"}
	namePath        = Path{"metadata", "name"}
	annotationsPath = Path{"metadata", "annotations"}
	minPath         = specPath.With("minReplicaCount")
	maxPath         = specPath.With("maxReplicaCount")
	idlePath        = specPath.With("idleReplicaCount")
	triggersPath    = specPath.With("triggers")
	fallbackPath    = specPath.With("fallback")
	hpaConfigPath   = specPath.With("advanced", "horizontalPodAutoscalerConfig")
	modifiersPath   = specPath.With("advanced", "scalingModifiers")
)

// maxLabelLength bounds names that become the value of a label.
const maxLabelLength = validation.LabelValueMaxLength

// ValidateScaledObject returns all that is wrong with a ScaledObject, as far as that shows without a cluster. unknown lists the
// fields whose value is not known yet, which at plan time happens; what depends on them, or on anything below them, is not
// reported. The environment of the target and what an authentication supplies count as not known.
func ValidateScaledObject(o *ScaledObject, unknown ...Path) Violations {
	c := &checker{unknown: unknown}
	c.objectName(o.Name)
	c.hpaName(o)
	c.pauseAnnotations(o)
	c.scaleTarget(o.Spec.ScaleTargetRef)
	c.scaledObjectTiming(o)
	c.scaledObjectReplicas(o)
	c.behavior(o.HPABehavior(), hpaConfigPath.With("behavior"))
	c.triggers(o.Spec.Triggers, triggerContext{namespace: o.Namespace, formula: o.Modifiers() != nil})
	c.scaleToZero(o)
	c.modifiers(o)
	c.fallback(o)
	return c.found
}

// nameRule is that of Kubernetes for the names of most objects.
const nameRule = "must consist of lower case letters, digits, - and ., and begin and end with a letter or digit"

func (c *checker) objectName(name string) {
	switch {
	case name == "":
		// The API server may still generate it, or refuses the object.
	case len(name) > maxLabelLength:
		c.report(Unworkable, ReasonNameTooLong, namePath, name,
			"has %d characters; shorten it to %d, for it becomes the value of a label", len(name), maxLabelLength)
	case len(validation.IsDNS1123Subdomain(name)) > 0:
		c.report(Unworkable, ReasonIncorrectName, namePath, name, nameRule)
	}
}

func (c *checker) hpaName(o *ScaledObject) {
	name, path := o.HPAName(), hpaConfigPath.With("name")
	if o.hpaConfig().Name == "" && o.Name == "" || !c.known(namePath, path) {
		return
	}
	switch {
	case len(name) > maxLabelLength:
		c.report(Inadmissible, ReasonHPANameTooLong, path, name,
			"has %d characters; set a name of at most %d for the HorizontalPodAutoscaler", len(name), maxLabelLength)
	case len(validation.IsDNS1123Subdomain(name)) > 0 && o.hpaConfig().Name != "":
		c.report(Unworkable, ReasonIncorrectName, path, name, "must consist of lower case letters, digits, - and ., and begin and end with a letter or digit")
	}
	if o.TransfersHPAOwnership() && o.hpaConfig().Name == "" {
		c.report(Misleading, ReasonTransferWithoutHPAName, path, nil,
			"is missing; set it to the name of the HorizontalPodAutoscaler that the annotation %s is to take over", AnnotationTransferHPAOwnership)
	}
}

func (c *checker) scaleTarget(target *ScaleTarget) {
	path := specPath.With("scaleTargetRef")
	if target == nil {
		c.report(Unworkable, ReasonIncorrectTarget, path, nil, "is missing; name the workload to scale")
		return
	}
	if target.Name == "" {
		c.report(Unworkable, ReasonIncorrectTarget, path.With("name"), nil, "is missing; name the workload to scale")
	}
	if _, err := target.GroupVersionKind(); err != nil {
		c.report(Unworkable, ReasonIncorrectTarget, path.With("apiVersion"), target.APIVersion, "must be group/version, for example apps/v1")
	}
}

func (c *checker) scaledObjectTiming(o *ScaledObject) {
	polling, cooldown := specPath.With("pollingInterval"), specPath.With("cooldownPeriod")
	c.atLeast(1, o.Spec.PollingInterval, ReasonIncorrectTiming, polling)
	c.atLeast(0, o.Spec.InitialCooldownPeriod, ReasonIncorrectTiming, specPath.With("initialCooldownPeriod"))
	c.atLeast(0, o.Spec.CooldownPeriod, ReasonIncorrectTiming, cooldown)

	if o.MinReplicas() == 0 || o.IdleReplicas() != nil || !c.known(minPath, idlePath) {
		return
	}
	if o.Spec.CooldownPeriod != nil {
		c.report(Advisory, ReasonIncorrectTiming, cooldown, *o.Spec.CooldownPeriod,
			"has no effect, because minReplicaCount is above 0 and idleReplicaCount is not set; remove it")
	}
	// With a fallback it says how soon enough attempts have failed.
	if o.Spec.PollingInterval != nil && o.Spec.Fallback == nil && c.known(specPath.With("fallback")) && c.knownBelow(triggersPath) && !usesCache(o.Spec.Triggers) {
		c.report(Advisory, ReasonIncorrectTiming, polling, *o.Spec.PollingInterval,
			"has no effect, because minReplicaCount is above 0, idleReplicaCount and fallback are not set and no trigger uses useCachedMetrics; remove it")
	}
}

func usesCache(triggers []ScaleTrigger) bool {
	for _, t := range triggers {
		if t.UseCachedMetrics {
			return true
		}
	}
	return false
}

func (c *checker) scaledObjectReplicas(o *ScaledObject) {
	c.atLeast(0, o.Spec.MinReplicaCount, ReasonIncorrectReplicas, minPath)
	c.atLeast(1, o.Spec.MaxReplicaCount, ReasonIncorrectReplicas, maxPath)
	c.atLeast(0, o.Spec.IdleReplicaCount, ReasonIncorrectReplicas, idlePath)
	if c.known(minPath, maxPath) && o.MinReplicas() > o.MaxReplicas() {
		c.report(Unworkable, ReasonIncorrectReplicas, minPath, o.MinReplicas(),
			"must not be greater than maxReplicaCount, which is %d; lower it or raise maxReplicaCount", o.MaxReplicas())
	}
	idle := o.IdleReplicas()
	if idle == nil || !c.known(minPath) {
		return
	}
	switch {
	case *idle >= o.idleBelow():
		c.report(Unworkable, ReasonIncorrectReplicas, idlePath, *idle,
			"must be lower than minReplicaCount, which is %d; lower it, raise minReplicaCount or remove it", o.MinReplicas())
	case *idle > 0:
		c.report(Advisory, ReasonIncorrectReplicas, idlePath, *idle,
			"does not last, because the HorizontalPodAutoscaler lifts any count above 0 to minReplicaCount; set it to 0")
	}
}

func (c *checker) scaleToZero(o *ScaledObject) {
	if !c.known(minPath) || !c.knownBelow(triggersPath) {
		return
	}
	if OnlyResourceTriggers(o.Spec.Triggers) && o.MinReplicas() == 0 {
		c.report(Inadmissible, ReasonScaleToZero, minPath, o.MinReplicas(),
			"must be at least 1, because cpu and memory cannot be measured at zero replicas; raise it or add another trigger")
	}
}

func (c *checker) modifiers(o *ScaledObject) {
	m := o.Modifiers()
	if m == nil {
		return
	}
	oneOf(c, Unworkable, ReasonScalingModifiers, modifiersPath.With("metricType"), m.MetricType, "AverageValue", "Value")
	c.modifierTargets(m)
	if m.Formula == "" {
		c.report(Unworkable, ReasonScalingModifiers, modifiersPath.With("formula"), nil, "is missing; write an expression over the names of the triggers")
		return
	}
	if !c.knownBelow(triggersPath) || !c.known(modifiersPath.With("formula")) {
		return
	}
	if _, err := formula.Compile(m.Formula, FormulaNames(o.Spec.Triggers)); err != nil {
		c.report(Unworkable, ReasonScalingModifiers, modifiersPath.With("formula"), nil, "is refused: %v", err)
	}
}

func (c *checker) modifierTargets(m *ScalingModifiers) {
	path := modifiersPath.With("target")
	if m.Target == "" {
		c.report(Unworkable, ReasonScalingModifiers, path, nil, "is missing; set it to a number above 0")
	} else if target, err := finite(m.Target); err != nil || target <= 0 {
		c.report(Unworkable, ReasonScalingModifiers, path, m.Target, "must be a number above 0")
	}
	if m.ActivationTarget == "" {
		return
	}
	if _, err := finite(m.ActivationTarget); err != nil {
		c.report(Unworkable, ReasonScalingModifiers, modifiersPath.With("activationTarget"), m.ActivationTarget, "must be a number")
	}
}

func (c *checker) fallback(o *ScaledObject) {
	f := o.Spec.Fallback
	if f == nil {
		return
	}
	c.atLeast(0, &f.FailureThreshold, ReasonIncorrectFallback, fallbackPath.With("failureThreshold"))
	c.atLeast(0, &f.Replicas, ReasonIncorrectFallback, fallbackPath.With("replicas"))
	behavior := fallbackPath.With("behavior")
	oneOf(c, Unworkable, ReasonIncorrectFallback, behavior, f.Behavior, FallbackStatic, FallbackCurrentReplicas,
		FallbackCurrentReplicasIfHigher, FallbackCurrentReplicasIfLower, FallbackScalingModifiers)
	if c.known(maxPath) && f.Replicas > o.MaxReplicas() {
		c.report(Advisory, ReasonIncorrectFallback, fallbackPath.With("replicas"), f.Replicas,
			"is above maxReplicaCount, which is %d and wins; lower it", o.MaxReplicas())
	}
	if !c.knownBelow(modifiersPath) {
		return
	}
	m := o.Modifiers()
	if f.Behavior == FallbackScalingModifiers && (m == nil || m.Formula == "") {
		c.report(Inadmissible, ReasonScalingModifiersFallback, behavior, string(f.Behavior),
			"needs advanced.scalingModifiers.formula; write one or choose another behavior")
	}
	if m == nil && c.knownBelow(triggersPath) && OnlyResourceTriggers(o.Spec.Triggers) {
		c.report(Inadmissible, ReasonIncorrectFallback, fallbackPath, nil,
			"has no effect with cpu and memory triggers only; remove it or add another trigger")
	}
}
