// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"fmt"
	"slices"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Values that hold when a field is not set.
const (
	DefaultPollingInterval = 30 * time.Second
	DefaultCooldown        = 300 * time.Second
	DefaultMaxReplicas     = int32(100)
	DefaultJobsHistory     = int32(100)
)

func seconds(value *int32, unset time.Duration) time.Duration {
	if value == nil {
		return unset
	}
	return time.Duration(*value) * time.Second
}

func valueOr[T any](value *T, unset T) T {
	if value == nil {
		return unset
	}
	return *value
}

// PollInterval is the time between two looks at the triggers.
func (o *ScaledObject) PollInterval() time.Duration {
	return seconds(o.Spec.PollingInterval, DefaultPollingInterval)
}

// Cooldown is the time without activity before the target is scaled to zero or idle.
func (o *ScaledObject) Cooldown() time.Duration {
	return seconds(o.Spec.CooldownPeriod, DefaultCooldown)
}

// InitialCooldown is the time after creation during which a target that was never active is not scaled to zero or idle.
func (o *ScaledObject) InitialCooldown() time.Duration {
	return seconds(o.Spec.InitialCooldownPeriod, 0)
}

// MinReplicas is minReplicaCount, 0 when unset.
func (o *ScaledObject) MinReplicas() int32 { return valueOr(o.Spec.MinReplicaCount, 0) }

// HPAMinReplicas is the lower bound of the HPA and what an activation scales to: MinReplicas, but at least 1.
func (o *ScaledObject) HPAMinReplicas() int32 { return max(1, o.MinReplicas()) }

// idleBelow is what idleReplicaCount must be lower than. A minReplicaCount of 0 that is written out counts as 1, from where the HPA
// scales, as in KEDA: manifests have both at 0.
func (o *ScaledObject) idleBelow() int32 {
	if o.Spec.MinReplicaCount == nil {
		return 0
	}
	return o.HPAMinReplicas()
}

// MaxReplicas is maxReplicaCount, 100 when unset.
func (o *ScaledObject) MaxReplicas() int32 {
	return valueOr(o.Spec.MaxReplicaCount, DefaultMaxReplicas)
}

// IdleReplicas is idleReplicaCount; nil means that the object has no idle mode.
func (o *ScaledObject) IdleReplicas() *int32 { return o.Spec.IdleReplicaCount }

// HPAName is the configured name of the HPA, else keda-hpa- and the name of the object.
func (o *ScaledObject) HPAName() string {
	if hpa := o.hpaConfig(); hpa.Name != "" {
		return hpa.Name
	}
	return HPANamePrefix + o.Name
}

// HPABehavior is the configured behavior of the HPA, nil when there is none. The caller must not change it.
func (o *ScaledObject) HPABehavior() *autoscalingv2.HorizontalPodAutoscalerBehavior {
	return o.hpaConfig().Behavior
}

func (o *ScaledObject) hpaConfig() HorizontalPodAutoscalerConfig {
	if o.Spec.Advanced == nil {
		return HorizontalPodAutoscalerConfig{}
	}
	return valueOr(o.Spec.Advanced.HorizontalPodAutoscalerConfig, HorizontalPodAutoscalerConfig{})
}

// RestoresOriginalReplicas reports whether deletion puts the replica count back.
func (o *ScaledObject) RestoresOriginalReplicas() bool {
	return o.Spec.Advanced != nil && o.Spec.Advanced.RestoreToOriginalReplicaCount
}

// Modifiers returns the scaling modifiers, nil when there are none or when they are empty.
func (o *ScaledObject) Modifiers() *ScalingModifiers {
	if o.Spec.Advanced == nil || o.Spec.Advanced.ScalingModifiers == nil {
		return nil
	}
	if *o.Spec.Advanced.ScalingModifiers == (ScalingModifiers{}) {
		return nil
	}
	return o.Spec.Advanced.ScalingModifiers
}

// BehaviorOrDefault is the behavior, static when unset.
func (f *Fallback) BehaviorOrDefault() FallbackBehavior {
	if f.Behavior == "" {
		return FallbackStatic
	}
	return f.Behavior
}

// MetricTypeOrDefault is the metric type of the composite metric, AverageValue when unset.
func (m *ScalingModifiers) MetricTypeOrDefault() autoscalingv2.MetricTargetType {
	if m.MetricType == "" {
		return autoscalingv2.AverageValueMetricType
	}
	return m.MetricType
}

// GroupVersionKind is the type of the target, apps/v1 Deployment where it does not say otherwise. It fails when apiVersion has
// more than one slash.
func (t *ScaleTarget) GroupVersionKind() (schema.GroupVersionKind, error) {
	gvk := schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	if t.Kind != "" {
		gvk.Kind = t.Kind
	}
	if t.APIVersion == "" {
		return gvk, nil
	}
	gv, err := schema.ParseGroupVersion(t.APIVersion)
	if err != nil {
		return schema.GroupVersionKind{}, fmt.Errorf("spec.scaleTargetRef.apiVersion %q: write it as group/version: %w", t.APIVersion, err)
	}
	return gv.WithKind(gvk.Kind), nil
}

// KindString is the type as the status shows it: group/version.Kind, or version.Kind for the core group.
func (r GroupVersionKindResource) KindString() string {
	return schema.GroupVersion{Group: r.Group, Version: r.Version}.String() + "." + r.Kind
}

// IsResource reports whether the kubelet measures the trigger: cpu and memory.
func (t *ScaleTrigger) IsResource() bool { return t.Type == "cpu" || t.Type == "memory" }

// MetricTypeOrDefault is the metric type of an external metric, AverageValue when unset.
func (t *ScaleTrigger) MetricTypeOrDefault() autoscalingv2.MetricTargetType {
	if t.MetricType == "" {
		return autoscalingv2.AverageValueMetricType
	}
	return t.MetricType
}

// KindOrDefault is the kind of the authentication, TriggerAuthentication when unset.
func (r *AuthenticationRef) KindOrDefault() string {
	if r.Kind == "" {
		return KindTriggerAuthentication
	}
	return r.Kind
}

// OnlyResourceTriggers reports whether all of at least one trigger are cpu or memory.
func OnlyResourceTriggers(triggers []ScaleTrigger) bool {
	return len(triggers) > 0 && !slices.ContainsFunc(triggers, func(t ScaleTrigger) bool { return !t.IsResource() })
}

// TriggersTypes lists the types of the triggers, each once, in order, joined by commas, as the status shows them.
func TriggersTypes(triggers []ScaleTrigger) string {
	return joinDistinct(triggers, func(t ScaleTrigger) string { return t.Type })
}

// AuthenticationsTypes lists the names of the authentications, each once, in order, joined by commas, as the status shows them.
func AuthenticationsTypes(triggers []ScaleTrigger) string {
	return joinDistinct(triggers, func(t ScaleTrigger) string {
		return valueOr(t.AuthenticationRef, AuthenticationRef{}).Name
	})
}

func joinDistinct(triggers []ScaleTrigger, name func(ScaleTrigger) string) string {
	var names []string
	for _, t := range triggers {
		if n := name(t); n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return strings.Join(names, ",")
}
