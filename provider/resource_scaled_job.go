// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"reflect"
	"sync"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// scaledJob is keda_scaled_job.
var scaledJob = sync.OnceValue(func() *definition {
	return define(definition{
		name: "scaled_job", kind: v1alpha1.KindScaledJob, plural: "scaledjobs", namespaced: true, ready: true,
		prose:     "Starts Kubernetes Jobs as events arrive.",
		fields:    scaledJobFields(),
		check:     checked(v1alpha1.ValidateScaledJob),
		misfits:   jobMisfits,
		modernize: moveRolloutStrategy,
		tidy:      dropPortProtocols,
	})
})

func scaledJobFields() []schema.Field {
	fields := append(objectFields(true), pauseFlag("paused", v1alpha1.AnnotationPaused, "Whether no further Jobs are started."))
	fields = append(fields, readyFields()...)
	return append(fields,
		schema.Field{Name: "job_template", Kind: schema.Dynamic, At: []string{"spec", "jobTargetRef"}, Required: true,
			Prose: "Spec of the Jobs, in the spelling of Kubernetes: `{ template = { spec = { containers = [...] } } }`. " +
				"`yamldecode` turns a manifest into it. Checked against the types of Kubernetes without a cluster."},
		wholeNumber("polling_interval", "pollingInterval", 1, 30, "Seconds between two looks at the event sources."),
		wholeNumber("successful_jobs_history_limit", "successfulJobsHistoryLimit", 0, 100, "Completed Jobs to keep."),
		wholeNumber("failed_jobs_history_limit", "failedJobsHistoryLimit", 0, 100, "Failed Jobs to keep."),
		wholeNumber("min_replica_count", "minReplicaCount", 0, 0, "Jobs that always run."),
		wholeNumber("max_replica_count", "maxReplicaCount", 1, 100, "Most Jobs at a time."),
		schema.Field{Name: "env_source_container_name", At: []string{"spec", "envSourceContainerName"}, Prose: "Container whose environment feeds parameters that end in `_from_env`. Default: the first."},
		rolloutBlock(), scalingStrategyBlock(), triggerBlock(),
	)
}

func rolloutBlock() schema.Field {
	return schema.Field{Name: "rollout", Kind: schema.Block, At: []string{"spec", "rollout"}, Prose: "What a change of the resource does to Jobs that run.", Fields: []schema.Field{
		{Name: "strategy", At: []string{"strategy"}, Default: "immediate", Enum: []string{"immediate", "gradual"}, Prose: "`immediate` deletes them, `gradual` lets them finish."},
		{Name: "propagation_policy", At: []string{"propagationPolicy"}, Default: "background", Enum: []string{"background", "foreground"}, Prose: "How they are deleted."},
	}}
}

func scalingStrategyBlock() schema.Field {
	return schema.Field{Name: "scaling_strategy", Kind: schema.Block, At: []string{"spec", "scalingStrategy"}, Prose: "How many Jobs a queue length starts.", Fields: []schema.Field{
		{Name: "strategy", At: []string{"strategy"}, Default: "default", Enum: []string{"default", "custom", "accurate", "eager"}, Prose: "Rule for the number of Jobs."},
		{Name: "custom_scaling_queue_length_deduction", Kind: schema.Int, At: []string{"customScalingQueueLengthDeduction"}, Max: schema.Bound(maxInt32), Prose: "For `custom`: messages that need no Job."},
		{Name: "custom_scaling_running_job_percentage", Kind: schema.Float, At: []string{"customScalingRunningJobPercentage"}, Text: &schema.Text{}, Prose: "For `custom`: share of the running Jobs that is deducted, such as `0.5`."},
		{Name: "pending_pod_conditions", Kind: schema.Strings, At: []string{"pendingPodConditions"}, Prose: "Conditions that a pod must meet for its Job to count as started."},
		{Name: "multiple_scalers_calculation", At: []string{"multipleScalersCalculation"}, Default: "max", Enum: []string{"max", "min", "avg", "sum"}, Prose: "How the queue lengths of several triggers are combined."},
	}}
}

// jobMisfits compares the Job template with the type of Kubernetes.
func jobMisfits(object map[string]any) []convert.Misfit {
	spec, _ := object["spec"].(map[string]any)
	misfits := convert.Strict(spec["jobTargetRef"], reflect.TypeFor[batchv1.JobSpec]())
	for i := range misfits {
		misfits[i].At = append(convert.Location{"spec", "jobTargetRef"}, misfits[i].At...)
	}
	return misfits
}

// moveRolloutStrategy reads the deprecated rolloutStrategy, which wins over
// rollout.strategy, and in which all but gradual means immediate. There is no
// argument for it, so the first change of an object that was moved would lose it.
func moveRolloutStrategy(object map[string]any) {
	old, _, _ := unstructured.NestedString(object, "spec", "rolloutStrategy")
	if old == "" {
		return
	}
	if v1alpha1.RolloutStrategy(old) != v1alpha1.RolloutGradual {
		old = string(v1alpha1.RolloutImmediate)
	}
	// A rollout that is no object is refused by the cluster.
	_ = unstructured.SetNestedField(object, old, "spec", "rollout", "strategy")
}

// dropPortProtocols removes the protocol of ports where it is the one that
// Kubernetes writes when none is given.
func dropPortProtocols(object map[string]any) {
	pod, _, _ := unstructured.NestedFieldNoCopy(object, "spec", "jobTargetRef", "template", "spec")
	spec, _ := pod.(map[string]any)
	for _, key := range []string{"containers", "initContainers"} {
		containers, _ := spec[key].([]any)
		for _, item := range containers {
			container, _ := item.(map[string]any)
			ports, _ := container["ports"].([]any)
			for _, item := range ports {
				if port, _ := item.(map[string]any); port["protocol"] == "TCP" {
					delete(port, "protocol")
				}
			}
		}
	}
}
