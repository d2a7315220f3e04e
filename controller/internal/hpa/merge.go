// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package hpa

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// NeedsUpdate says whether an existing HPA differs from the desired one in
// anything that the ScaledObject decides. What the API server filled in and what
// others added does not count.
func NeedsUpdate(existing, desired *autoscalingv2.HorizontalPodAutoscaler) bool {
	return !equality.Semantic.DeepEqual(existing, Apply(existing, desired))
}

// Apply returns a copy of an existing HPA with everything that the ScaledObject
// decides as desired, for one Update. Labels, annotations and owners that others
// added stay; what was copied from the ScaledObject and is gone there goes, and so
// does what steers a ScaledObject: an HPA must not say paused when it is not.
func Apply(existing, desired *autoscalingv2.HorizontalPodAutoscaler) *autoscalingv2.HorizontalPodAutoscaler {
	out := existing.DeepCopy()
	out.Labels = replaced(out.Labels, existing.Annotations[v1alpha1.AnnotationCopiedLabels], desired.Labels)
	out.Annotations = replaced(out.Annotations, existing.Annotations[v1alpha1.AnnotationCopiedAnnotations], desired.Annotations)
	out.OwnerReferences = owned(out.OwnerReferences, desired.OwnerReferences)
	desired.Spec.DeepCopyInto(&out.Spec)
	out.Spec.Behavior = defaulted(out.Spec.Behavior)
	return out
}

// replaced puts ours in the place of what was copied before, which is listed by
// commas.
func replaced(all map[string]string, copied string, ours map[string]string) map[string]string {
	maps.DeleteFunc(all, func(key, _ string) bool { return isSteering(key) })
	for key := range strings.SplitSeq(copied, ",") {
		delete(all, key)
	}
	if all == nil && len(ours) > 0 {
		all = make(map[string]string, len(ours))
	}
	maps.Copy(all, ours)
	return all
}

// owned puts our references among the owners. A reference to another ScaledObject
// goes: it stood for one that was deleted, or that handed the HPA over. Whoever else
// controlled the HPA stays an owner, but there is only one controller.
func owned(theirs, ours []metav1.OwnerReference) []metav1.OwnerReference {
	out := slices.DeleteFunc(theirs, func(their metav1.OwnerReference) bool {
		return isScaledObject(their) && !slices.ContainsFunc(ours, func(our metav1.OwnerReference) bool { return our.UID == their.UID })
	})
	for i := range out {
		if c := out[i].Controller; c != nil && *c {
			out[i].Controller = nil
		}
	}
	for _, our := range ours {
		at := slices.IndexFunc(out, func(their metav1.OwnerReference) bool { return their.UID == our.UID })
		if at < 0 {
			out = append(out, our)
			continue
		}
		out[at] = our
	}
	return out
}

func isScaledObject(ref metav1.OwnerReference) bool {
	gv, err := schema.ParseGroupVersion(ref.APIVersion)
	return err == nil && gv.Group == v1alpha1.GroupVersion.Group && ref.Kind == v1alpha1.KindScaledObject
}

// defaulted fills in what the API server fills in, so that a stored behavior can
// be compared with a desired one, field by field, and a field that was taken out
// of the spec goes back to its default.
func defaulted(b *autoscalingv2.HorizontalPodAutoscalerBehavior) *autoscalingv2.HorizontalPodAutoscalerBehavior {
	if b == nil {
		return nil
	}
	b.ScaleUp = fill(b.ScaleUp, autoscalingv2.HPAScalingRules{
		StabilizationWindowSeconds: new(int32(0)),
		Policies: []autoscalingv2.HPAScalingPolicy{
			{Type: autoscalingv2.PodsScalingPolicy, Value: 4, PeriodSeconds: 15},
			{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: 15},
		},
	})
	// The window for scaling down is a setting of the HPA controller.
	b.ScaleDown = fill(b.ScaleDown, autoscalingv2.HPAScalingRules{
		Policies: []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: 15}},
	})
	return b
}

func fill(rules *autoscalingv2.HPAScalingRules, defaults autoscalingv2.HPAScalingRules) *autoscalingv2.HPAScalingRules {
	if rules == nil {
		rules = &autoscalingv2.HPAScalingRules{}
	}
	rules.SelectPolicy = cmp.Or(rules.SelectPolicy, new(autoscalingv2.MaxChangePolicySelect))
	rules.StabilizationWindowSeconds = cmp.Or(rules.StabilizationWindowSeconds, defaults.StabilizationWindowSeconds)
	if len(rules.Policies) == 0 {
		rules.Policies = defaults.Policies
	}
	return rules
}
