// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import "github.com/keda-tf/terraform-provider-keda/controller/trigger/param"

// KubernetesWorkload counts pods in the namespace of the scaled object, without
// those that have finished.
type KubernetesWorkload struct {
	// Namespace is the namespace of the scaled object.
	Namespace string
	// PodSelector selects pods in Kubernetes label selector syntax.
	PodSelector string
	// Value is the target, ActivationValue the activation value.
	Value, ActivationValue float64
	// GroupByNode counts the nodes of the pods instead of the pods.
	GroupByNode bool
}

func defineKubernetesWorkload() Definition {
	return Definition{
		Type: "kubernetes-workload", Title: "Kubernetes workload", Typed: true,
		Prose: "Scales with the number of pods of another workload in the same namespace.\n\n" +
			"The value is the number of pods that `podSelector` selects and that have neither succeeded nor failed, or, with " +
			"`groupByNode`, of the nodes that they run on. The controller knows the pods from its own watch; asking costs the API server " +
			"nothing.",
		Example: Example{Metadata: map[string]string{"podSelector": "app=frontend", "value": "4"}},
		New:     func() Trigger { return new(KubernetesWorkload) },
	}
}

// Declare implements Trigger.
func (t *KubernetesWorkload) Declare(p *param.Set) {
	p.Namespace(&t.Namespace)
	p.String(&t.PodSelector, "podSelector", "Label selector of the pods to count, such as `app=frontend,tier in (web, api)`.").
		Required().Check(labelSelector)
	p.Float(&t.Value, "value", "Pods counted for each replica.").Required().Positive().Target()
	p.Float(&t.ActivationValue, "activationValue", "More pods than this activate the workload.").
		Default("0").Activation()
	p.Bool(&t.GroupByNode, "groupByNode", "Whether to count the nodes that the pods run on instead of the pods.").
		Default("false")
}

// Metrics implements External.
func (t *KubernetesWorkload) Metrics() []Metric {
	return []Metric{{Name: "workload-" + t.Namespace, Target: t.Value, Activation: t.ActivationValue}}
}
