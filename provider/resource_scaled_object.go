// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// scaledObject is keda_scaled_object.
var scaledObject = sync.OnceValue(func() *definition {
	return define(definition{
		name: "scaled_object", kind: v1alpha1.KindScaledObject, plural: "scaledobjects", namespaced: true, ready: true,
		prose: "Scales a Deployment, StatefulSet or anything else with a scale subresource between zero and a maximum " +
			"by event sources.",
		fields:  scaledObjectFields(),
		check:   checked(v1alpha1.ValidateScaledObject),
		derived: hpaName,
	})
})

func scaledObjectFields() []schema.Field {
	fields := append(objectFields(true), pauseFields()...)
	fields = append(fields, readyFields()...)
	return append(fields,
		schema.Field{Name: "scale_target_ref", Kind: schema.Block, At: []string{"spec", "scaleTargetRef"}, Prose: "Workload to scale, in the same namespace. Required.", Fields: []schema.Field{
			{Name: "name", At: []string{"name"}, Required: true, Prose: "Name of the workload."},
			{Name: "kind", At: []string{"kind"}, Default: "Deployment", Prose: "Kind of the workload."},
			{Name: "api_version", At: []string{"apiVersion"}, Default: "apps/v1", Prose: "Group and version of the workload."},
			{Name: "env_source_container_name", At: []string{"envSourceContainerName"}, Prose: "Container whose environment feeds parameters that end in `_from_env`. Default: the first."},
		}},
		wholeNumber("polling_interval", "pollingInterval", 1, 30, "Seconds between two looks at the event sources."),
		wholeNumber("cooldown_period", "cooldownPeriod", 0, 300, "Seconds without activity before the workload is scaled to zero or idle."),
		wholeNumber("initial_cooldown_period", "initialCooldownPeriod", 0, 0, "Seconds after creation during which the workload is not scaled to zero or idle unless it was active once."),
		schema.Field{Name: "idle_replica_count", Kind: schema.Int, At: []string{"spec", "idleReplicaCount"}, Min: schema.Bound(0), Max: schema.Bound(maxInt32), Prose: "Replicas while nothing is active; less than `min_replica_count`."},
		wholeNumber("min_replica_count", "minReplicaCount", 0, 0, "Least replicas."),
		wholeNumber("max_replica_count", "maxReplicaCount", 1, 100, "Most replicas."),
		schema.Field{Name: "restore_to_original_replica_count", Kind: schema.Bool, At: []string{"spec", "advanced", "restoreToOriginalReplicaCount"}, Default: false, Prose: "Whether to put the replica count back to what it was when the resource is destroyed."},
		autoscalerBlock(), modifiersBlock(), fallbackBlock(),
		triggerBlock(
			schema.Field{Name: "metric_type", At: []string{"metricType"}, Enum: []string{"AverageValue", "Value", "Utilization"}, Prose: "How the HorizontalPodAutoscaler compares the value with its target; `Utilization` is for `cpu` and `memory`."},
			schema.Field{Name: "use_cached_metrics", Kind: schema.Bool, At: []string{"useCachedMetrics"}, Default: false, Prose: "Whether the HorizontalPodAutoscaler sees the value of the last poll instead of a fresh one."},
		),
		schema.Field{Name: "hpa_name", Computed: true, Prose: "Name of the HorizontalPodAutoscaler."},
	)
}

func autoscalerBlock() schema.Field {
	return schema.Field{Name: "horizontal_pod_autoscaler", Kind: schema.Block, At: []string{"spec", "advanced", "horizontalPodAutoscalerConfig"}, Prose: "Settings of the HorizontalPodAutoscaler.", Fields: []schema.Field{
		{Name: "name", At: []string{"name"}, Prose: "Its name. Default: `keda-hpa-` and the name of the resource."},
		{Name: "behavior", Kind: schema.Block, At: []string{"behavior"}, Prose: "How fast it scales.", Fields: []schema.Field{
			scalingRules("scale_up", "scaleUp", "Scaling up."), scalingRules("scale_down", "scaleDown", "Scaling down."),
		}},
	}}
}

func scalingRules(name, key, prose string) schema.Field {
	return schema.Field{Name: name, Kind: schema.Block, At: []string{key}, Prose: prose, Fields: []schema.Field{
		{Name: "stabilization_window_seconds", Kind: schema.Int, At: []string{"stabilizationWindowSeconds"}, Min: schema.Bound(0), Max: schema.Bound(3600), Prose: "Seconds of past recommendations to consider, so that the count does not flap."},
		{Name: "select_policy", At: []string{"selectPolicy"}, Enum: []string{"Max", "Min", "Disabled"}, Default: "Max", Prose: "Which of several policies counts."},
		{Name: "tolerance", At: []string{"tolerance"}, Format: schema.Quantity, Prose: "Difference between value and target to ignore, as a quantity such as `\"0.05\"`."},
		{Name: "policy", Kind: schema.Blocks, At: []string{"policies"}, Prose: "Limit of one step.", Fields: []schema.Field{
			{Name: "type", At: []string{"type"}, Required: true, Enum: []string{"Pods", "Percent"}, Prose: "Unit of `value`."},
			{Name: "value", Kind: schema.Int, At: []string{"value"}, Required: true, Min: schema.Bound(1), Max: schema.Bound(maxInt32), Prose: "Most pods, or percent of the pods, by which the count changes in a period."},
			{Name: "period_seconds", Kind: schema.Int, At: []string{"periodSeconds"}, Required: true, Min: schema.Bound(1), Max: schema.Bound(1800), Prose: "Length of the period in seconds."},
		}},
	}}
}

func modifiersBlock() schema.Field {
	return schema.Field{Name: "scaling_modifiers", Kind: schema.Block, At: []string{"spec", "advanced", "scalingModifiers"}, Prose: "Combines the triggers into one metric.", Fields: []schema.Field{
		{Name: "formula", At: []string{"formula"}, Required: true, Prose: "Expression over the names of the triggers."},
		{Name: "target", Kind: schema.Float, At: []string{"target"}, Text: &schema.Text{}, Required: true, Prose: "Target of the combined metric; above 0."},
		{Name: "activation_target", Kind: schema.Float, At: []string{"activationTarget"}, Text: &schema.Text{}, Default: 0, Prose: "The object is active when the combined metric is above this."},
		{Name: "metric_type", At: []string{"metricType"}, Enum: []string{"AverageValue", "Value"}, Default: "AverageValue", Prose: "How the HorizontalPodAutoscaler compares the metric with the target."},
	}}
}

func fallbackBlock() schema.Field {
	return schema.Field{Name: "fallback", Kind: schema.Block, At: []string{"spec", "fallback"}, Prose: "What to do while an event source cannot be read.", Fields: []schema.Field{
		{Name: "failure_threshold", Kind: schema.Int, At: []string{"failureThreshold"}, Required: true, Min: schema.Bound(0), Max: schema.Bound(maxInt32), Prose: "Fallback begins when more reads than this failed one after the other."},
		{Name: "replicas", Kind: schema.Int, At: []string{"replicas"}, Required: true, Min: schema.Bound(0), Max: schema.Bound(maxInt32), Prose: "Replicas to run."},
		{Name: "behavior", At: []string{"behavior"}, Default: "static", Written: true, Enum: []string{"static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower", "scalingModifiers"}, Prose: "How `replicas` and the current replicas are combined."},
	}}
}

// hpaName tells the name of the HorizontalPodAutoscaler once it is known.
func hpaName(e *convert.Expansion) map[string]tftypes.Value {
	name := tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	metadata, config := convert.Location{"metadata", "name"}, convert.Location{"spec", "advanced", "horizontalPodAutoscalerConfig", "name"}
	typed, err := decode[v1alpha1.ScaledObject](e.Object)
	if err == nil && typed.Name != "" && !e.Pending(metadata) && !e.Pending(config) {
		name = tftypes.NewValue(tftypes.String, typed.HPAName())
	}
	return map[string]tftypes.Value{"hpa_name": name}
}
