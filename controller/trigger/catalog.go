// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// All returns the definitions of the built-in trigger types, sorted by type. Each
// stands in its trigger's file.
func All() []Definition {
	return []Definition{
		defineAWSSQSQueue(),
		defineCPU(),
		defineCron(),
		defineKubernetesWorkload(),
		defineMemory(),
		defineMetricsAPI(),
		definePrometheus(),
		defineRedis(),
		defineRedisCluster(),
		defineRedisSentinel(),
	}
}

// Lookup returns the definition of a built-in trigger type.
func Lookup(kind string) (Definition, bool) {
	for _, d := range All() {
		if d.Type == kind {
			return d, true
		}
	}
	return Definition{}, false
}

// Known says whether KEDA has the trigger type, be it built in here or not. Only
// a built-in type can be decoded.
func Known(kind string) bool {
	_, builtIn := Lookup(kind)
	return builtIn || slices.Contains(known, kind)
}

// Nearest returns the trigger type, built in or only known, that was probably
// meant by a name; empty if none is close.
func Nearest(kind string) string {
	names := slices.Clone(known)
	for _, d := range All() {
		names = append(names, d.Type)
	}
	slices.Sort(names)
	return param.Nearest(kind, names)
}

// Decode fills in the parameters of a trigger. The Decoded is usable if
// param.Errors finds nothing among the problems; with an unknown type it is
// empty and the problem's Parameter is "type".
func Decode(kind string, in param.Input) (Decoded, []param.Problem) {
	d, ok := Lookup(kind)
	if !ok {
		return Decoded{}, []param.Problem{noSuchType(kind)}
	}
	t := d.New()
	problems := param.Decode(t.Declare, in)
	return Decoded{Type: kind, Trigger: t, Fingerprint: param.Fingerprint(kind, t.Declare)}, problems
}

// Check returns everything that is wrong with a trigger as it is written: its
// parameters, as Decode does, and its metric type ("" if it is not given).
// Terraform and admission call it with pending input; where the metric type
// itself is not known yet, they call Decode.
func Check(kind, metricType string, in param.Input) []param.Problem {
	decoded, problems := Decode(kind, in)
	if decoded.Trigger == nil {
		return problems
	}
	return append(problems, CheckMetricType(decoded, metricType)...)
}

// CheckMetricType checks a trigger's metricType field, "" if it is not given,
// against its type, and the value of a cpu or memory trigger against the metric
// type.
func CheckMetricType(decoded Decoded, metricType string) []param.Problem {
	allowed := []string{"", "AverageValue", "Value"}
	resource, isResource := decoded.Trigger.(Resource)
	if isResource {
		allowed = []string{"Utilization", "AverageValue"}
	}
	if !slices.Contains(allowed, metricType) {
		return []param.Problem{{
			Kind: param.Invalid, Parameter: "metricType", Value: metricType,
			Message: fmt.Sprintf("must be %s in a %s trigger", strings.Join(allowed[len(allowed)-2:], " or "), decoded.Type),
		}}
	}
	if !isResource || resource.Resource().Value == "" {
		return nil
	}
	if err := checkResource(resource.Resource(), metricType); err != nil {
		return []param.Problem{{
			Kind: param.Invalid, Parameter: "value", Value: resource.Resource().Value, Message: err.Error()}}
	}
	return nil
}

func noSuchType(kind string) param.Problem {
	p := param.Problem{Kind: param.Invalid, Parameter: "type", Value: kind}
	if Known(kind) {
		p.Message = "is a trigger type of KEDA that this release does not have built in; use a type that it has, or run KEDA for this object"
		return p
	}
	p.Message = "is no trigger type"
	p.Suggestion = Nearest(kind)
	return p
}

// MetricName returns the name under which the HPA asks for a metric: that of
// Metric with the index of its trigger before it, without characters that a path
// cannot carry.
func MetricName(index int, name string) string {
	safe := strings.NewReplacer("/", "-", ".", "-", ":", "-", "%", "-", "(", "-", ")", "-")
	return "s" + strconv.Itoa(index) + "-" + safe.Replace(name)
}
