// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"fmt"
	"slices"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/workload"
)

const containerName = "containerName"

// requests looks whether the target's containers request what the triggers of
// metric type Utilization compare with: without, the HPA has no number at all. A
// target that is not there yet may come after the object, as Terraform and GitOps
// have it, and is a warning.
func (h *handler) requests(ctx context.Context, so *v1alpha1.ScaledObject) v1alpha1.Violations {
	shares := func(t v1alpha1.ScaleTrigger) bool {
		return t.IsResource() && t.MetricType == autoscalingv2.UtilizationMetricType
	}
	if !slices.ContainsFunc(so.Spec.Triggers, shares) {
		return nil
	}
	gvk, err := so.Spec.ScaleTargetRef.GroupVersionKind()
	if err != nil {
		return nil //nolint:nilerr // validation reports it
	}
	target := workload.Ref{Namespace: so.Namespace, Name: so.Spec.ScaleTargetRef.Name, GVK: gvk}
	const what = "whether its containers request what the triggers compare with"
	template, err := h.Templates.PodTemplate(ctx, target)
	switch {
	case workload.IsMissing(err):
		return unchecked(targetPath, v1alpha1.ReasonMissingRequests, what, fmt.Errorf("%s does not exist yet", target))
	case err != nil:
		return unchecked(targetPath, v1alpha1.ReasonMissingRequests, what, err)
	case template == nil:
		return nil
	}
	defaults, err := h.defaults(ctx, so.Namespace)
	if err != nil {
		return unchecked(targetPath, v1alpha1.ReasonMissingRequests, what, err)
	}
	var found v1alpha1.Violations
	for i, t := range so.Spec.Triggers {
		if shares(t) {
			found = append(found, missing(v1alpha1.Path{"spec", "triggers", i}, t, target, template, defaults)...)
		}
	}
	return found
}

// missing looks at the containers that one trigger measures.
func missing(at v1alpha1.Path, t v1alpha1.ScaleTrigger, target workload.Ref, template *corev1.PodTemplateSpec, defaults map[corev1.ResourceName]bool) v1alpha1.Violations {
	resource, only := corev1.ResourceName(t.Type), strings.TrimSpace(t.Metadata[containerName])
	if defaults[resource] || only == "" && template.Spec.Resources != nil && sets(*template.Spec.Resources, resource) {
		return nil
	}
	var without, all []string
	for _, container := range template.Spec.Containers {
		all = append(all, container.Name)
		if (only == "" || container.Name == only) && !sets(container.Resources, resource) {
			without = append(without, container.Name)
		}
	}
	switch {
	case only != "" && !slices.Contains(all, only):
		return v1alpha1.Violations{{
			Path: at.With("metadata", containerName), Severity: v1alpha1.Misleading, Reason: v1alpha1.ReasonMissingRequests, Value: only,
			Message: fmt.Sprintf("is no container of %s, so nothing is measured; it has %s", target, strings.Join(all, ", ")),
		}}
	case len(without) > 0:
		return v1alpha1.Violations{{
			Path: at.With("metricType"), Severity: v1alpha1.Inadmissible, Reason: v1alpha1.ReasonMissingRequests, Value: string(t.MetricType),
			Message: fmt.Sprintf("compares with what containers request of %[1]s, and %s of %s request none; set resources.requests.%[1]s there, "+
				"give the namespace a LimitRange with a default, or use metricType AverageValue", resource, strings.Join(without, ", "), target),
		}}
	}
	return nil
}

// sets says whether a container requests something of a resource; where only the
// limit is set, that is the request.
func sets(r corev1.ResourceRequirements, resource corev1.ResourceName) bool {
	return positive(r.Requests, resource) || positive(r.Limits, resource)
}

func positive(list corev1.ResourceList, resource corev1.ResourceName) bool {
	quantity := list[resource]
	return quantity.Sign() > 0
}

// defaults are the resources that every container of the namespace requests, even
// if it does not say so.
func (h *handler) defaults(ctx context.Context, namespace string) (map[corev1.ResourceName]bool, error) {
	var list corev1.LimitRangeList
	if err := h.Live.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return nil, fmt.Errorf("cannot list the LimitRanges of namespace %s: %w", namespace, err)
	}
	found := map[corev1.ResourceName]bool{}
	for _, limits := range list.Items {
		for _, item := range limits.Spec.Limits {
			if item.Type != corev1.LimitTypeContainer {
				continue
			}
			for _, resource := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
				found[resource] = found[resource] || positive(item.Default, resource) || positive(item.DefaultRequest, resource)
			}
		}
	}
	return found, nil
}
