// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import "github.com/keda-tf/terraform-provider-keda/controller/trigger/param"

// Memory lets the HPA watch the pods' use of memory.
type Memory struct {
	// Value and ContainerName are as in CPU.
	Value, ContainerName string
}

func defineMemory() Definition {
	return Definition{
		Type: "memory", Title: "Memory", Typed: true,
		Prose:   "Scales with the memory that the pods use.\n\n" + resourceProse,
		Example: Example{MetricType: "AverageValue", Metadata: map[string]string{"value": "256Mi", "containerName": "worker"}},
		New:     func() Trigger { return new(Memory) },
	}
}

// Declare implements Trigger.
func (t *Memory) Declare(p *param.Set) { declareResource(p, &t.Value, &t.ContainerName) }

// Resource implements Resource.
func (t *Memory) Resource() ResourceMetric {
	return ResourceMetric{Name: "memory", Container: t.ContainerName, Value: t.Value}
}
