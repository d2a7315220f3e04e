// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

const (
	// patience is how many attempts a failing server gets at the pace of its
	// shortest interval: objects that count failures until a fallback see them as
	// soon as without backoff.
	patience = 3
	// maxRest bounds the backoff, unless the interval itself is longer: a server
	// that is back is noticed by then.
	maxRest = time.Minute
	// maxThrottle bounds how long a server may send the poller away.
	maxThrottle = time.Hour
	// silence is how many different queries must fail, and none succeed, before
	// their server is blamed. Queries with a fault of their own must not delay the
	// others.
	silence = 3
)

// health is a server's circuit breaker.
type health struct {
	failures int    // batches in a row that blame the server
	silent   int    // different queries that failed since one was answered
	streak   uint64 // counts the times that the server was silent and is no more
	rest     offset // the server is not asked before
	err      error  // the last that a query got
}

// outcome is what an attempt says about the server.
type outcome struct {
	silent   int           // queries that failed for the first time in this streak
	answered bool          // at least one query, be it with a refusal
	lost     bool          // there is no connection at all
	throttle time.Duration // what the server asked for
}

// see adds one query's error, or nil, to an outcome. first says that the query
// did not fail before in the present streak.
func (o *outcome) see(err error, first bool) {
	if first {
		o.silent++
	}
	switch scaler.Classify(err) {
	case scaler.ClassTransient:
	case scaler.ClassThrottled:
		after := scaler.RetryAfter(err)
		o.throttle = max(o.throttle, after)
		o.answered = o.answered || after > 0
	default:
		o.answered = true
	}
}

// note learns from an attempt that ended now at a server with queries queries,
// the most frequent of which is due every interval.
func (h *health) note(o outcome, now offset, queries int, interval time.Duration) {
	if o.answered {
		h.failures, h.silent = 0, 0
		h.streak++
	} else if h.silent += o.silent; o.lost || h.silent >= min(queries, silence) {
		h.failures++
		h.rest = max(h.rest, now+pause(h.failures, interval))
	}
	h.heed(o, now)
}

// heed leaves the server alone for as long as it asked for.
func (h *health) heed(o outcome, now offset) {
	if o.throttle > 0 {
		h.rest = max(h.rest, now+min(o.throttle, maxThrottle))
	}
}

// pause is how long a server rests after a number of failures in a row. The
// first pause is short: it lets the queries that are due a little later, within
// the spread, fail together and in time.
func pause(failures int, interval time.Duration) time.Duration {
	if failures == 1 {
		return min(interval, spread)
	}
	limit := max(interval, maxRest)
	for range failures - patience {
		if interval *= 2; interval >= limit {
			return limit
		}
	}
	return interval
}
