// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package chart draws queues against the replicas that work on them, over time: as an SVG file and as lines of text for
// a terminal. It is pure. The demo calls it with the timeline of a run.
package chart

import (
	"math"
	"time"
)

// Chart is one panel for each queue, above each other, on one axis of time.
type Chart struct {
	Title, Subtitle string
	Times           []time.Duration // of the samples, ascending
	Panels          []Panel
}

// Panel is a queue and those who work on it. Both series have a value for each of Chart.Times.
type Panel struct {
	Queue, Workers Series
}

// Series is a named row of numbers, none of them negative.
type Series struct {
	Name   string
	Values []float64
	// Limit is a line that the values are not to cross; 0 means none.
	Limit float64
}

func (s Series) top() float64 {
	top := s.Limit
	for _, v := range s.Values {
		top = max(top, v)
	}
	return top
}

// span is the length of the axis of time.
func (c Chart) span() time.Duration {
	if len(c.Times) == 0 {
		return 0
	}
	return c.Times[len(c.Times)-1]
}

// step is a round distance of at most about n ticks between 0 and top: 1, 2 or 5 times a power of ten.
func step(top float64, n int) float64 {
	if top <= 0 {
		return 1
	}
	rough := top / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, f := range []float64{1, 2, 5, 10} {
		if f*power >= rough {
			return max(1, f*power)
		}
	}
	return 10 * power
}

// ceiling is top rounded up to a whole number of steps.
func ceiling(top float64, n int) float64 {
	s := step(top, n)
	return max(s, math.Ceil(top/s)*s)
}
