// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import "github.com/keda-tf/terraform-provider-keda/controller/trigger/param"

// CPU lets the HPA watch the pods' use of processor time.
type CPU struct {
	// Value is a whole percentage or a quantity, as the trigger's metricType says.
	Value string
	// ContainerName restricts the measurement to one container; empty means the
	// whole pod.
	ContainerName string
}

func defineCPU() Definition {
	return Definition{
		Type: "cpu", Title: "CPU", Typed: true,
		Prose:   "Scales with the processor time that the pods use.\n\n" + resourceProse,
		Example: Example{MetricType: "Utilization", Metadata: map[string]string{"value": "60"}},
		New:     func() Trigger { return new(CPU) },
	}
}

// Declare implements Trigger.
func (t *CPU) Declare(p *param.Set) { declareResource(p, &t.Value, &t.ContainerName) }

// Resource implements Resource.
func (t *CPU) Resource() ResourceMetric {
	return ResourceMetric{Name: "cpu", Container: t.ContainerName, Value: t.Value}
}
