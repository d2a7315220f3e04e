// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package feed mirrors the answers of the leading controller in the metrics
// adapter, so that a read of the external metrics API needs no I/O and outlives
// the leader. A Client finds the leader (Locate), follows its stream and keeps
// the answers in memory; package server asks it for them.
//
// Answers outlive the stream they came by. When the leader goes away they stay,
// and a new leader replaces them one by one as it measures; what it does not
// know is dropped only when it declares that it has asked every source once.
// An answer becomes stale when nobody has vouched for it for StaleAfter: the
// leader that sent it is silent, and no other leader has sent it again.
package feed

import (
	"fmt"
	"strings"
	"time"
)

// Answer is what the leader last said about one metric.
type Answer struct {
	// Value is the metric's value; meaningless when Error is set.
	Value float64
	// At is when the source was asked, by the leader's clock.
	At time.Time
	// Age is how long ago that is. Clocks that differ between nodes do not
	// falsify it.
	Age time.Duration
	// Took is how long the source needed.
	Took time.Duration
	// Error says why there is no value.
	Error string
}

// UnknownError says that the leader has no such metric.
type UnknownError struct {
	Namespace, Object, Metric string
	// Known are the metrics that the object has; empty if it is unknown itself.
	Known []string
}

// Error implements error.
func (e *UnknownError) Error() string {
	if len(e.Known) == 0 {
		return fmt.Sprintf("ScaledObject %s/%s has no external metrics: check that it exists, is Ready and is not paused",
			e.Namespace, e.Object)
	}
	return fmt.Sprintf("ScaledObject %s/%s has no metric %q; it has %s",
		e.Namespace, e.Object, e.Metric, strings.Join(e.Known, ", "))
}

// UnavailableError says that there is no answer because the leader is away.
type UnavailableError struct {
	// Silent is how long nothing was heard; zero if nothing ever was.
	Silent time.Duration
}

// Error implements error.
func (e *UnavailableError) Error() string {
	if e.Silent == 0 {
		return "no metrics yet: the adapter has not received a complete snapshot from the controller; " +
			"check that keda-operator runs and has a leader"
	}
	return fmt.Sprintf("the metrics are too old: nothing was heard from the controller for %s; "+
		"check that keda-operator runs and has a leader", e.Silent.Round(time.Second))
}
