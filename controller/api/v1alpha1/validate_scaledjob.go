// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// ValidateScaledJob returns all that is wrong with a ScaledJob, as far as that shows without a cluster; see
// ValidateScaledObject for unknown.
func ValidateScaledJob(j *ScaledJob, unknown ...Path) Violations {
	c := &checker{unknown: unknown}
	c.objectName(j.Name)
	c.booleanAnnotation(j.Annotations, AnnotationPaused)
	c.jobTemplate(j.Spec.JobTargetRef)
	c.atLeast(1, j.Spec.PollingInterval, ReasonIncorrectTiming, specPath.With("pollingInterval"))
	c.atLeast(0, j.Spec.SuccessfulJobsHistoryLimit, ReasonIncorrectReplicas, specPath.With("successfulJobsHistoryLimit"))
	c.atLeast(0, j.Spec.FailedJobsHistoryLimit, ReasonIncorrectReplicas, specPath.With("failedJobsHistoryLimit"))
	c.rollout(&j.Spec)
	c.scaledJobReplicas(j)
	c.scalingStrategy(j.Spec.ScalingStrategy)
	c.triggers(j.Spec.Triggers, triggerContext{namespace: j.Namespace, job: true})
	return c.found
}

func (c *checker) jobTemplate(job *batchv1.JobSpec) {
	path := specPath.With("jobTargetRef")
	pod := path.With("template", "spec")
	if job == nil {
		c.report(Unworkable, ReasonIncorrectTarget, path, nil, "is missing; give the spec of the Jobs to start")
		return
	}
	if len(job.Template.Spec.Containers) == 0 {
		c.report(Unworkable, ReasonIncorrectTarget, pod.With("containers"), nil, "is empty; give the container that does the work")
	}
	if policy := job.Template.Spec.RestartPolicy; policy == corev1.RestartPolicyAlways {
		c.report(Unworkable, ReasonIncorrectTarget, pod.With("restartPolicy"), string(policy), "must be OnFailure or Never in a Job")
	}
}

func (c *checker) rollout(spec *ScaledJobSpec) {
	deprecated := specPath.With("rolloutStrategy")
	if spec.RolloutStrategy != "" {
		c.report(Advisory, ReasonIncorrectStrategy, deprecated, string(spec.RolloutStrategy), "is deprecated; use rollout.strategy")
	}
	oneOf(c, Misleading, ReasonIncorrectStrategy, deprecated, spec.RolloutStrategy, RolloutImmediate, RolloutGradual)
	if spec.Rollout == nil {
		return
	}
	path := specPath.With("rollout")
	oneOf(c, Unworkable, ReasonIncorrectStrategy, path.With("strategy"), spec.Rollout.Strategy, RolloutImmediate, RolloutGradual)
	oneOf(c, Unworkable, ReasonIncorrectStrategy, path.With("propagationPolicy"), spec.Rollout.PropagationPolicy, "background", "foreground")
}

func (c *checker) scaledJobReplicas(j *ScaledJob) {
	c.atLeast(0, j.Spec.MinReplicaCount, ReasonIncorrectReplicas, minPath)
	c.atLeast(1, j.Spec.MaxReplicaCount, ReasonIncorrectReplicas, maxPath)
	if least := valueOr(j.Spec.MinReplicaCount, 0); c.known(minPath, maxPath) && least > j.MaxReplicas() {
		c.report(Misleading, ReasonIncorrectReplicas, minPath, least,
			"counts as maxReplicaCount, which is %d; lower it or raise maxReplicaCount", j.MaxReplicas())
	}
}

func (c *checker) scalingStrategy(s *ScalingStrategy) {
	if s == nil {
		return
	}
	path := specPath.With("scalingStrategy")
	oneOf(c, Misleading, ReasonIncorrectStrategy, path.With("strategy"), s.Strategy, StrategyDefault, StrategyCustom, StrategyAccurate, StrategyEager)
	oneOf(c, Misleading, ReasonIncorrectStrategy, path.With("multipleScalersCalculation"), s.MultipleScalersCalculation,
		CalculationMax, CalculationMin, CalculationAvg, CalculationSum)
	percentage := path.With("customScalingRunningJobPercentage")
	if s.Strategy != StrategyCustom {
		if s.CustomScalingRunningJobPercentage != "" && c.known(path.With("strategy")) {
			c.report(Misleading, ReasonIncorrectStrategy, percentage, s.CustomScalingRunningJobPercentage, "is read with strategy custom only; set that or remove it")
		}
		return
	}
	if _, err := s.runningJobPercentage(); err != nil {
		c.report(Misleading, ReasonIncorrectStrategy, percentage, s.CustomScalingRunningJobPercentage,
			"must be a number, for example 0.5; without one strategy custom works as default")
	}
}

// finite parses a number that is neither infinite nor NaN.
func finite(text string) (float64, error) {
	number, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err == nil && (math.IsInf(number, 0) || math.IsNaN(number)) {
		err = fmt.Errorf("%q is not finite", text)
	}
	return number, err
}
