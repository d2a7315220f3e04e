// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// CPU lets the HPA watch the pods' use of processor time.
type CPU struct {
	// Value is a whole percentage or a quantity, as the trigger's metricType says.
	Value string
	// ContainerName restricts the measurement to one container; empty means the
	// whole pod.
	ContainerName string
}

// Memory lets the HPA watch the pods' use of memory.
type Memory struct {
	// Value and ContainerName are as in CPU.
	Value, ContainerName string
}

// Declare implements Trigger.
func (t *CPU) Declare(p *param.Set) { declareResource(p, &t.Value, &t.ContainerName) }

// Declare implements Trigger.
func (t *Memory) Declare(p *param.Set) { declareResource(p, &t.Value, &t.ContainerName) }

func declareResource(p *param.Set, value, container *string) {
	p.String(value, "value", "With metric type `Utilization` a whole percentage of what the pods request, "+
		"with `AverageValue` a quantity per pod such as `500m` or `256Mi`.").Required().Target()
	p.String(container, "containerName", "Container to measure instead of the whole pod.")
	p.String(new(string), "type", "Former place of the trigger's `metricType`.").
		Enum("Utilization", "AverageValue").Removed("set metricType on the trigger instead")
}

// Resource implements Resource.
func (t *CPU) Resource() ResourceMetric {
	return ResourceMetric{Name: "cpu", Container: t.ContainerName, Value: t.Value}
}

// Resource implements Resource.
func (t *Memory) Resource() ResourceMetric {
	return ResourceMetric{Name: "memory", Container: t.ContainerName, Value: t.Value}
}

// quantity matches a Kubernetes quantity that is not negative: a decimal number
// with a binary, decimal or exponent suffix.
var quantity = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$`)
})

// checkResource checks the value of a cpu or memory trigger against the
// trigger's metric type.
func checkResource(m ResourceMetric, metricType string) error {
	switch metricType {
	case "Utilization":
		if n, err := strconv.ParseInt(m.Value, 10, 32); err != nil || n <= 0 {
			return errors.New("must be a whole percentage above 0 with metric type Utilization, for example 60")
		}
	case "AverageValue":
		if !quantity().MatchString(m.Value) || !strings.ContainsAny(mantissa(m.Value), "123456789") {
			return errors.New("must be a quantity with metric type AverageValue, for example 500m of cpu or 256Mi of memory")
		}
	}
	return nil
}

// mantissa is a quantity without its exponent, which alone does not make it
// greater than zero.
func mantissa(quantity string) string {
	before, _, _ := strings.Cut(strings.ToLower(quantity), "e")
	return before
}
