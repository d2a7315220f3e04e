// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"strconv"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// Limits of the HorizontalPodAutoscaler's own validation, in seconds.
const (
	maxStabilizationWindow = 3600
	maxPolicyPeriod        = 1800
)

// behavior checks what the API server would refuse when the HorizontalPodAutoscaler is written.
func (c *checker) behavior(b *autoscalingv2.HorizontalPodAutoscalerBehavior, path Path) {
	if b == nil {
		return
	}
	c.scalingRules(b.ScaleUp, path.With("scaleUp"))
	c.scalingRules(b.ScaleDown, path.With("scaleDown"))
}

func (c *checker) scalingRules(rules *autoscalingv2.HPAScalingRules, path Path) {
	if rules == nil {
		return
	}
	if w := rules.StabilizationWindowSeconds; w != nil && (*w < 0 || *w > maxStabilizationWindow) {
		c.report(Unworkable, ReasonIncorrectBehavior, path.With("stabilizationWindowSeconds"), *w, "must be from 0 to %d", maxStabilizationWindow)
	}
	oneOf(c, Unworkable, ReasonIncorrectBehavior, path.With("selectPolicy"), valueOr(rules.SelectPolicy, ""),
		autoscalingv2.MaxChangePolicySelect, autoscalingv2.MinChangePolicySelect, autoscalingv2.DisabledPolicySelect)
	for i, policy := range rules.Policies {
		at := path.With("policies", i)
		if policy.Type == "" {
			c.report(Unworkable, ReasonIncorrectBehavior, at.With("type"), nil, "is missing; set it to Pods or Percent")
		}
		oneOf(c, Unworkable, ReasonIncorrectBehavior, at.With("type"), policy.Type, autoscalingv2.PodsScalingPolicy, autoscalingv2.PercentScalingPolicy)
		if policy.Value <= 0 {
			c.report(Unworkable, ReasonIncorrectBehavior, at.With("value"), policy.Value, "must be at least 1")
		}
		if policy.PeriodSeconds <= 0 || policy.PeriodSeconds > maxPolicyPeriod {
			c.report(Unworkable, ReasonIncorrectBehavior, at.With("periodSeconds"), policy.PeriodSeconds, "must be from 1 to %d", maxPolicyPeriod)
		}
	}
	if rules.Tolerance != nil && rules.Tolerance.Sign() < 0 {
		c.report(Unworkable, ReasonIncorrectBehavior, path.With("tolerance"), rules.Tolerance.String(), "must not be negative")
	}
}

// pauseAnnotations checks the annotations that steer scaling.
func (c *checker) pauseAnnotations(o *ScaledObject) {
	replicas, held := o.Annotations[AnnotationPausedReplicas]
	if _, err := o.Pause(); err != nil {
		c.report(Unworkable, ReasonIncorrectAnnotation, annotationsPath.With(AnnotationPausedReplicas), replicas,
			"must be a whole number of replicas, 0 or more")
	}
	if _, paused := o.Annotations[AnnotationPaused]; paused && held {
		c.report(Misleading, ReasonIncorrectAnnotation, annotationsPath.With(AnnotationPaused), o.Annotations[AnnotationPaused],
			"has no effect beside %s, which pauses by its presence; keep one of the two", AnnotationPausedReplicas)
	}
	for _, key := range []string{AnnotationPaused, AnnotationPausedScaleIn, AnnotationPausedScaleOut, AnnotationForceActivation} {
		c.booleanAnnotation(o.Annotations, key)
	}
}

func (c *checker) booleanAnnotation(annotations map[string]string, key string) {
	value, ok := annotations[key]
	if !ok {
		return
	}
	if _, err := strconv.ParseBool(strings.TrimSpace(value)); err != nil {
		c.report(Misleading, ReasonIncorrectAnnotation, annotationsPath.With(key), value, "counts as true; write true or false")
	}
}
