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

// resourceProse is what the pages of cpu and memory have in common.
const resourceProse = "The measurement comes from the cluster's own metrics (`metrics.k8s.io`, usually metrics-server) straight to the " +
	"horizontal pod autoscaler; the controller does not poll it. The trigger's metric type must be given: `Utilization` compares with " +
	"a percentage of what the containers request, `AverageValue` with a quantity per pod.\n\n" +
	"The trigger counts as active all the time, because pods that do not exist use nothing and could never be woken by what they " +
	"use. To scale to zero, add another trigger, which then decides alone between zero and one."

func declareResource(p *param.Set, value, container *string) {
	p.String(value, "value", "With metric type `Utilization` a whole percentage of what the pods request, "+
		"with `AverageValue` a quantity per pod such as `500m` or `256Mi`.").Required()
	p.String(container, "containerName", "Container to measure instead of the whole pod.")
	p.String(new(string), "type", "Former place of the trigger's `metricType`.").
		Enum("Utilization", "AverageValue").Removed("set metricType on the trigger instead")
}

// quantity matches a Kubernetes quantity that is not negative: a decimal number
// with a binary, decimal or exponent suffix. Kubernetes would take longer exponents,
// and work on one of ten digits for hours.
var quantity = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,3})?$`)
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
