// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package trigger declares every trigger type once: its parameters with their
// prose, types, defaults and sources, the checks that need nothing but the
// parameters, and the metrics that it yields. The controller decodes from a
// declaration, admission and Terraform check with it, the Terraform schema and
// the documentation are generated from it. The package imports no Kubernetes
// and no client library, so that the provider can link it.
package trigger

import "github.com/keda-tf/terraform-provider-keda/controller/trigger/param"

// Trigger is the typed parameter set of one trigger.
type Trigger interface {
	// Declare binds every parameter of the type to a field of the receiver and
	// states the rules between parameters.
	Declare(*param.Set)
}

// External is a trigger whose values the controller reads from an event source
// and that the HPA sees as external metrics.
type External interface {
	Trigger
	// Metrics lists what the trigger measures, at least one, in a fixed order.
	// It may be called once the parameters are decoded.
	Metrics() []Metric
}

// Resource is a trigger that the kubelet measures and metrics.k8s.io serves: cpu
// and memory. The controller never polls it.
type Resource interface {
	Trigger
	// Resource says what the HPA is to watch.
	Resource() ResourceMetric
}

// Metric is one external metric of a trigger.
type Metric struct {
	// Name is the metric's own name, before the "s<index>-" prefix and before
	// normalisation (see MetricName).
	Name string
	// Target is the value per replica (AverageValue) or in all (Value).
	Target float64
	// Integer says that the target is written to the HPA as a whole number.
	Integer bool
	// Activation is the threshold that a value must exceed, strictly, for the
	// trigger to be active.
	Activation float64
}

// ResourceMetric is the resource metric of a cpu or memory trigger.
type ResourceMetric struct {
	// Name is "cpu" or "memory".
	Name string
	// Container restricts the metric to one container; empty means the pod.
	Container string
	// Value is a whole percentage (metric type Utilization) or a Kubernetes
	// quantity (AverageValue).
	Value string
}

// Definition is one entry of the catalogue of trigger types.
type Definition struct {
	// Type is the value of a trigger's type field, for example "aws-sqs-queue".
	Type string
	// Title heads the documentation page, for example "AWS SQS queue".
	Title string
	// Prose describes the trigger for its documentation page, in Markdown. Its
	// first paragraph is one sentence that can stand alone.
	Prose string
	// Typed says that Terraform offers the trigger as a block of its own, named
	// after the type with underscores.
	Typed bool
	// Example is a configuration for the documentation page. It is valid.
	Example Example
	// New returns an empty parameter set.
	New func() Trigger
}

// Example is one configuration of a trigger.
type Example struct {
	// MetricType is the trigger's metric type; empty means the default.
	MetricType string
	// Metadata are the parameters that the trigger itself gives.
	Metadata map[string]string
	// Auth names the parameters that a TriggerAuthentication gives.
	Auth []string
}

// Decoded is a trigger with its parameters filled in.
type Decoded struct {
	// Type is the trigger type.
	Type string
	// Trigger holds the values.
	Trigger Trigger
	// Fingerprint identifies everything that decides what the source answers:
	// the type and all parameters except target and activation values. Two
	// triggers with equal fingerprints, asked in one namespace under one
	// identity, are one query. It is a hash and reveals no secret.
	Fingerprint string
}
