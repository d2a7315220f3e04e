// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package sample holds what was measured: the latest sample of each query, which
// everything that decides reads, and the answers derived from them that the
// metrics adapters mirror. One sample has many readers (activation, HPA,
// fallback, status, Prometheus metrics), so they can never disagree.
package sample

import (
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// Sample is the outcome of the latest attempt to answer one query.
type Sample struct {
	// Readings are the values of the last attempt; nil when it failed.
	Readings []scaler.Reading
	// Err is the error of the last attempt; nil when it succeeded.
	Err error
	// At is when the last attempt ended.
	At time.Time
	// Took is how long the source needed.
	Took time.Duration
	// Late is how long the source was asked after it was due. The time in which it is
	// left alone because it failed does not count.
	Late time.Duration
	// Seq counts attempts, from 1: a reader that counts failures looks at each
	// attempt once. Where a failing server rests, a query that falls due counts as
	// one that failed again. Zero means that the query was never asked.
	Seq uint64
}

// Object names the owner of samples and answers.
type Object struct {
	// Kind is ScaledObject or ScaledJob.
	Kind string
	// Namespace and Name are the object's.
	Namespace, Name string
}

// Answer is what the external metrics API says about one metric of one object.
type Answer struct {
	// Metric is the full metric name, "s0-redis-orders" or "composite-metric".
	Metric string
	// Scaler is the trigger's name, or its type where it has none; empty for the
	// composite metric.
	Scaler string
	// Value is the metric's value; meaningless when Error is set.
	Value float64
	// At is when the value was measured.
	At time.Time
	// Took is how long the source needed; the longest of several for a composite.
	// A reader that cannot wait so long does not ask for a newer value.
	Took time.Duration
	// Error is what the HPA is told when there is no value: the source failed
	// and no fallback applies. It carries no secret.
	Error string
}
