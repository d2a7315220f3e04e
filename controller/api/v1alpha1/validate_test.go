// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var severityNames = map[Severity]string{Advisory: "advisory", Misleading: "misleading", Inadmissible: "inadmissible", Unworkable: "unworkable"}

// lines writes violations as "severity reason: message", which the tables compare.
func lines(found Violations) []string {
	var out []string
	for _, v := range found {
		out = append(out, severityNames[v.Severity]+" "+string(v.Reason)+": "+v.Error())
	}
	return out
}

func redis(name string) ScaleTrigger {
	return ScaleTrigger{Type: "redis", Name: name, Metadata: map[string]string{"address": "redis:6379", "listName": "jobs", "listLength": "5"}}
}

func cpu() ScaleTrigger {
	return ScaleTrigger{Type: "cpu", MetricType: autoscalingv2.UtilizationMetricType, Metadata: map[string]string{"value": "60"}}
}

func validScaledObject() *ScaledObject {
	return &ScaledObject{
		ObjectMeta: metav1.ObjectMeta{Name: "consumer", Namespace: "default", Annotations: map[string]string{}},
		Spec:       ScaledObjectSpec{ScaleTargetRef: &ScaleTarget{Name: "consumer"}, Triggers: []ScaleTrigger{redis("")}},
	}
}

// change is one row: what is changed in a valid object, and which violations that gives.
type change[T any] struct {
	name   string
	change func(*T)
	want   []string
}

func runChanges[T any](t *testing.T, valid func() *T, validate func(*T, ...Path) Violations, tests []change[T]) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			object := valid()
			tt.change(object)
			if diff := cmp.Diff(tt.want, lines(validate(object))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestValidateScaledObject(t *testing.T) {
	runChanges(t, validScaledObject, ValidateScaledObject, []change[ScaledObject]{
		{"valid", func(*ScaledObject) {}, nil},
		{"name too long", func(o *ScaledObject) {
			o.Name = strings.Repeat("a", 64)
			o.Spec.Advanced = &AdvancedConfig{HorizontalPodAutoscalerConfig: &HorizontalPodAutoscalerConfig{Name: "x"}}
		}, []string{`unworkable name-too-long: metadata.name ("` + strings.Repeat("a", 64) + `") has 64 characters; shorten it to 63, for it becomes the value of a label`}},
		{"name of the HPA too long", func(o *ScaledObject) { o.Name = strings.Repeat("a", 60) },
			[]string{`inadmissible hpa-name-too-long: spec.advanced.horizontalPodAutoscalerConfig.name ("keda-hpa-` + strings.Repeat("a", 60) + `") has 69 characters; set a name of at most 63 for the HorizontalPodAutoscaler`}},
		{"name", func(o *ScaledObject) { o.Name = "Consumer" },
			[]string{`unworkable incorrect-name: metadata.name ("Consumer") must consist of lower case letters, digits, - and ., and begin and end with a letter or digit`}},
		{"generated name", func(o *ScaledObject) { o.Name = "" }, nil},
		{"no target", func(o *ScaledObject) { o.Spec.ScaleTargetRef = nil },
			[]string{"unworkable incorrect-target: spec.scaleTargetRef is missing; name the workload to scale"}},
		{"target without name and with a bad version", func(o *ScaledObject) { o.Spec.ScaleTargetRef = &ScaleTarget{APIVersion: "a/b/c"} },
			[]string{
				"unworkable incorrect-target: spec.scaleTargetRef.name is missing; name the workload to scale",
				`unworkable incorrect-target: spec.scaleTargetRef.apiVersion ("a/b/c") must be group/version, for example apps/v1`,
			}},
		{"all numbers out of range at once", func(o *ScaledObject) {
			o.Spec.PollingInterval, o.Spec.CooldownPeriod, o.Spec.InitialCooldownPeriod = ptr[int32](0), ptr[int32](-1), ptr[int32](-1)
			o.Spec.MinReplicaCount, o.Spec.MaxReplicaCount, o.Spec.IdleReplicaCount = ptr[int32](-1), ptr[int32](0), ptr[int32](-3)
		}, []string{
			"unworkable incorrect-timing: spec.pollingInterval (0) must be at least 1",
			"unworkable incorrect-timing: spec.initialCooldownPeriod (-1) must be at least 0",
			"unworkable incorrect-timing: spec.cooldownPeriod (-1) must be at least 0",
			"unworkable incorrect-replicas: spec.minReplicaCount (-1) must be at least 0",
			"unworkable incorrect-replicas: spec.maxReplicaCount (0) must be at least 1",
			"unworkable incorrect-replicas: spec.idleReplicaCount (-3) must be at least 0",
		}},
		{"min above max", func(o *ScaledObject) { o.Spec.MinReplicaCount, o.Spec.MaxReplicaCount = ptr[int32](5), ptr[int32](3) },
			[]string{"unworkable incorrect-replicas: spec.minReplicaCount (5) must not be greater than maxReplicaCount, which is 3; lower it or raise maxReplicaCount"}},
		{"min above the default max", func(o *ScaledObject) { o.Spec.MinReplicaCount = ptr[int32](101) },
			[]string{"unworkable incorrect-replicas: spec.minReplicaCount (101) must not be greater than maxReplicaCount, which is 100; lower it or raise maxReplicaCount"}},
		{"idle not below min", func(o *ScaledObject) { o.Spec.IdleReplicaCount = ptr[int32](0) },
			[]string{"unworkable incorrect-replicas: spec.idleReplicaCount (0) must be lower than minReplicaCount, which is 0; lower it, raise minReplicaCount or remove it"}},
		{"idle and min written out as 0", func(o *ScaledObject) { o.Spec.IdleReplicaCount, o.Spec.MinReplicaCount = ptr[int32](0), ptr[int32](0) }, nil},
		{"idle above a min of 0", func(o *ScaledObject) { o.Spec.IdleReplicaCount, o.Spec.MinReplicaCount = ptr[int32](1), ptr[int32](0) },
			[]string{"unworkable incorrect-replicas: spec.idleReplicaCount (1) must be lower than minReplicaCount, which is 0; lower it, raise minReplicaCount or remove it"}},
		{"idle above 0", func(o *ScaledObject) { o.Spec.IdleReplicaCount, o.Spec.MinReplicaCount = ptr[int32](1), ptr[int32](2) },
			[]string{"advisory incorrect-replicas: spec.idleReplicaCount (1) does not last, because the HorizontalPodAutoscaler lifts any count above 0 to minReplicaCount; set it to 0"}},
		{"timing without effect", func(o *ScaledObject) {
			o.Spec.MinReplicaCount, o.Spec.PollingInterval, o.Spec.CooldownPeriod = ptr[int32](1), ptr[int32](30), ptr[int32](60)
		}, []string{
			"advisory incorrect-timing: spec.cooldownPeriod (60) has no effect, because minReplicaCount is above 0 and idleReplicaCount is not set; remove it",
			"advisory incorrect-timing: spec.pollingInterval (30) has no effect, because minReplicaCount is above 0, idleReplicaCount and fallback are not set and no trigger uses useCachedMetrics; remove it",
		}},
		{"polling with fallback has an effect", func(o *ScaledObject) {
			o.Spec.MinReplicaCount, o.Spec.PollingInterval, o.Spec.Fallback = ptr[int32](1), ptr[int32](30), &Fallback{FailureThreshold: 3, Replicas: 2}
		}, nil},
		{"polling with cache has an effect", func(o *ScaledObject) {
			o.Spec.MinReplicaCount, o.Spec.PollingInterval, o.Spec.Triggers[0].UseCachedMetrics = ptr[int32](1), ptr[int32](30), true
		}, nil},
		{"cpu with min 0", func(o *ScaledObject) { o.Spec.Triggers = []ScaleTrigger{cpu()} },
			[]string{"inadmissible scale-to-zero-requirements-not-met: spec.minReplicaCount (0) must be at least 1, because cpu and memory cannot be measured at zero replicas; raise it or add another trigger"}},
		{"cpu with min 1", func(o *ScaledObject) { o.Spec.Triggers, o.Spec.MinReplicaCount = []ScaleTrigger{cpu()}, ptr[int32](1) }, nil},
		{"cpu beside another", func(o *ScaledObject) { o.Spec.Triggers = append(o.Spec.Triggers, cpu()) }, nil},
	})
}

func TestValidateScaledObjectAdvanced(t *testing.T) {
	modify := func(m ScalingModifiers, names ...string) func(*ScaledObject) {
		return func(o *ScaledObject) {
			o.Spec.Advanced = &AdvancedConfig{ScalingModifiers: &m}
			o.Spec.Triggers = nil
			for _, name := range names {
				o.Spec.Triggers = append(o.Spec.Triggers, redis(name))
			}
		}
	}
	runChanges(t, validScaledObject, ValidateScaledObject, []change[ScaledObject]{
		{"formula", modify(ScalingModifiers{Formula: "a + b", Target: "2.5", ActivationTarget: "1", MetricType: "Value"}, "a", "b"), nil},
		{"empty modifiers", modify(ScalingModifiers{}, "a"), nil},
		{"target only", modify(ScalingModifiers{Target: "1"}, "a"),
			[]string{"unworkable scaling-modifiers: spec.advanced.scalingModifiers.formula is missing; write an expression over the names of the triggers"}},
		{"no target", modify(ScalingModifiers{Formula: "a"}, "a"),
			[]string{"unworkable scaling-modifiers: spec.advanced.scalingModifiers.target is missing; set it to a number above 0"}},
		{"bad numbers and type", modify(ScalingModifiers{Formula: "a", Target: "0", ActivationTarget: "NaN", MetricType: "Utilization"}, "a"), []string{
			`unworkable scaling-modifiers: spec.advanced.scalingModifiers.metricType ("Utilization") must be AverageValue or Value`,
			`unworkable scaling-modifiers: spec.advanced.scalingModifiers.target ("0") must be a number above 0`,
			`unworkable scaling-modifiers: spec.advanced.scalingModifiers.activationTarget ("NaN") must be a number`,
		}},
		{"unknown name in the formula", modify(ScalingModifiers{Formula: "a + c", Target: "1"}, "a", "b"),
			[]string{`unworkable scaling-modifiers: spec.advanced.scalingModifiers.formula is refused: formula "a + c": line 1, column 5: unknown name c: the formula can use a, b`}},
		{"fallback by formula without one", func(o *ScaledObject) {
			o.Spec.Fallback = &Fallback{FailureThreshold: 3, Replicas: 2, Behavior: FallbackScalingModifiers}
		}, []string{`inadmissible scaling-modifiers-fallback: spec.fallback.behavior ("scalingModifiers") needs advanced.scalingModifiers.formula; write one or choose another behavior`}},
		{"fallback", func(o *ScaledObject) {
			o.Spec.Fallback = &Fallback{FailureThreshold: -1, Replicas: -2, Behavior: "none"}
		}, []string{
			"unworkable incorrect-fallback: spec.fallback.failureThreshold (-1) must be at least 0",
			"unworkable incorrect-fallback: spec.fallback.replicas (-2) must be at least 0",
			`unworkable incorrect-fallback: spec.fallback.behavior ("none") must be static, currentReplicas, currentReplicasIfHigher, currentReplicasIfLower or scalingModifiers`,
		}},
		{"fallback above max", func(o *ScaledObject) { o.Spec.Fallback = &Fallback{Replicas: 101} },
			[]string{"advisory incorrect-fallback: spec.fallback.replicas (101) is above maxReplicaCount, which is 100 and wins; lower it"}},
		{"fallback with cpu only", func(o *ScaledObject) {
			o.Spec.Triggers, o.Spec.MinReplicaCount, o.Spec.Fallback = []ScaleTrigger{cpu()}, ptr[int32](1), &Fallback{Replicas: 1}
		}, []string{"inadmissible incorrect-fallback: spec.fallback has no effect with cpu and memory triggers only; remove it or add another trigger"}},
		{"behavior", func(o *ScaledObject) {
			tolerance := resource.MustParse("-0.1")
			o.Spec.Advanced = &AdvancedConfig{HorizontalPodAutoscalerConfig: &HorizontalPodAutoscalerConfig{Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{
				ScaleUp: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr[int32](3601), SelectPolicy: ptr(autoscalingv2.ScalingPolicySelect("Most"))},
				ScaleDown: &autoscalingv2.HPAScalingRules{Tolerance: &tolerance, Policies: []autoscalingv2.HPAScalingPolicy{
					{Type: "Pods", Value: 1, PeriodSeconds: 1800}, {Type: "Nodes", Value: 0, PeriodSeconds: 1801}, {Value: 1, PeriodSeconds: 1}}},
			}}}
		}, []string{
			"unworkable incorrect-behavior: spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleUp.stabilizationWindowSeconds (3601) must be from 0 to 3600",
			`unworkable incorrect-behavior: spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleUp.selectPolicy ("Most") must be Max, Min or Disabled`,
			`unworkable incorrect-behavior: spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.policies[1].type ("Nodes") must be Pods or Percent`,
			"unworkable incorrect-behavior: spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.policies[1].value (0) must be at least 1",
			"unworkable incorrect-behavior: spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.policies[1].periodSeconds (1801) must be from 1 to 1800",
			"unworkable incorrect-behavior: spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.policies[2].type is missing; set it to Pods or Percent",
			`unworkable incorrect-behavior: spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.tolerance ("-100m") must not be negative`,
		}},
		{"annotations", func(o *ScaledObject) {
			o.Annotations[AnnotationPaused], o.Annotations[AnnotationPausedReplicas], o.Annotations[AnnotationForceActivation] = "yes", "x", "1"
		}, []string{
			`unworkable incorrect-annotation: metadata.annotations[autoscaling.keda.sh/paused-replicas] ("x") must be a whole number of replicas, 0 or more`,
			`misleading incorrect-annotation: metadata.annotations[autoscaling.keda.sh/paused] ("yes") has no effect beside autoscaling.keda.sh/paused-replicas, which pauses by its presence; keep one of the two`,
			`misleading incorrect-annotation: metadata.annotations[autoscaling.keda.sh/paused] ("yes") counts as true; write true or false`,
		}},
		{"transfer without the name of an HPA", func(o *ScaledObject) { o.Annotations[AnnotationTransferHPAOwnership] = "true" },
			[]string{"misleading transfer-ownership-missing-hpa-name: spec.advanced.horizontalPodAutoscalerConfig.name is missing; set it to the name of the HorizontalPodAutoscaler that the annotation scaledobject.keda.sh/transfer-hpa-ownership is to take over"}},
	})
}

func validScaledJob() *ScaledJob {
	return &ScaledJob{
		ObjectMeta: metav1.ObjectMeta{Name: "processor", Namespace: "default"},
		Spec: ScaledJobSpec{
			JobTargetRef: &batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "busybox"}}}}},
			Triggers:     []ScaleTrigger{redis("")},
		},
	}
}

func TestValidateScaledJob(t *testing.T) {
	runChanges(t, validScaledJob, ValidateScaledJob, []change[ScaledJob]{
		{"valid", func(*ScaledJob) {}, nil},
		{"no template", func(j *ScaledJob) { j.Spec.JobTargetRef = nil },
			[]string{"unworkable incorrect-target: spec.jobTargetRef is missing; give the spec of the Jobs to start"}},
		{"template", func(j *ScaledJob) { j.Spec.JobTargetRef.Template.Spec = corev1.PodSpec{RestartPolicy: "Always"} }, []string{
			"unworkable incorrect-target: spec.jobTargetRef.template.spec.containers is empty; give the container that does the work",
			`unworkable incorrect-target: spec.jobTargetRef.template.spec.restartPolicy ("Always") must be OnFailure or Never in a Job`,
		}},
		{"numbers", func(j *ScaledJob) {
			j.Spec.PollingInterval, j.Spec.SuccessfulJobsHistoryLimit, j.Spec.FailedJobsHistoryLimit = ptr[int32](0), ptr[int32](-1), ptr[int32](-1)
			j.Spec.MinReplicaCount, j.Spec.MaxReplicaCount = ptr[int32](-1), ptr[int32](0)
		}, []string{
			"unworkable incorrect-timing: spec.pollingInterval (0) must be at least 1",
			"unworkable incorrect-replicas: spec.successfulJobsHistoryLimit (-1) must be at least 0",
			"unworkable incorrect-replicas: spec.failedJobsHistoryLimit (-1) must be at least 0",
			"unworkable incorrect-replicas: spec.minReplicaCount (-1) must be at least 0",
			"unworkable incorrect-replicas: spec.maxReplicaCount (0) must be at least 1",
		}},
		{"min above max counts as max", func(j *ScaledJob) { j.Spec.MinReplicaCount, j.Spec.MaxReplicaCount = ptr[int32](5), ptr[int32](3) },
			[]string{"misleading incorrect-replicas: spec.minReplicaCount (5) counts as maxReplicaCount, which is 3; lower it or raise maxReplicaCount"}},
		{"rollout", func(j *ScaledJob) {
			j.Spec.RolloutStrategy, j.Spec.Rollout = "default", &Rollout{Strategy: "slow", PropagationPolicy: "orphan"}
		}, []string{
			`advisory incorrect-strategy: spec.rolloutStrategy ("default") is deprecated; use rollout.strategy`,
			`misleading incorrect-strategy: spec.rolloutStrategy ("default") must be immediate or gradual`,
			`unworkable incorrect-strategy: spec.rollout.strategy ("slow") must be immediate or gradual`,
			`unworkable incorrect-strategy: spec.rollout.propagationPolicy ("orphan") must be background or foreground`,
		}},
		{"strategy words", func(j *ScaledJob) {
			j.Spec.ScalingStrategy = &ScalingStrategy{Strategy: "fast", MultipleScalersCalculation: "median", CustomScalingRunningJobPercentage: "1"}
		}, []string{
			`misleading incorrect-strategy: spec.scalingStrategy.strategy ("fast") must be default, custom, accurate or eager`,
			`misleading incorrect-strategy: spec.scalingStrategy.multipleScalersCalculation ("median") must be max, min, avg or sum`,
			`misleading incorrect-strategy: spec.scalingStrategy.customScalingRunningJobPercentage ("1") is read with strategy custom only; set that or remove it`,
		}},
		{"custom percentage", func(j *ScaledJob) {
			j.Spec.ScalingStrategy = &ScalingStrategy{Strategy: StrategyCustom, CustomScalingRunningJobPercentage: "half"}
		}, []string{`misleading incorrect-strategy: spec.scalingStrategy.customScalingRunningJobPercentage ("half") must be a number, for example 0.5; without one strategy custom works as default`}},
		{"metric type and cache", func(j *ScaledJob) { j.Spec.Triggers[0].MetricType, j.Spec.Triggers[0].UseCachedMetrics = "Value", true }, []string{
			"advisory incorrect-triggers: spec.triggers[0].useCachedMetrics has no effect in a ScaledJob; remove it",
			`unworkable incorrect-triggers: spec.triggers[0].metricType ("Value") is not possible in a ScaledJob, which has no HorizontalPodAutoscaler; remove it`,
		}},
		{"cpu", func(j *ScaledJob) {
			j.Spec.Triggers[0] = ScaleTrigger{Type: "cpu", Metadata: map[string]string{"value": "60"}}
		},
			[]string{`misleading incorrect-triggers: spec.triggers[0].type ("cpu") starts no Jobs; use a ScaledObject for it`}},
	})
}
