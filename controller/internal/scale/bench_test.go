// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package scale_test

import (
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scale"
)

func BenchmarkDecide(b *testing.B) {
	cooling := object(3, quiet)
	cooling.LastActive = noon.Add(-time.Minute)
	for _, c := range []struct {
		name string
		in   scale.Input
	}{
		{"steady", object(3, quiet, busy)},
		{"resting", object(0, quiet, quiet)},
		{"cooling", cooling},
		{"activating", object(0, quiet, busy)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				scale.Decide(c.in)
			}
		})
	}
}

// TestSteadyDecisionsAllocateLittle: at 10,000 objects and a poll each second
// almost every decision is one of these, and all that it makes is one sentence.
func TestSteadyDecisionsAllocateLittle(t *testing.T) {
	for name, in := range map[string]scale.Input{"steady": object(3, quiet, busy), "resting": object(0, quiet, quiet)} {
		if n := testing.AllocsPerRun(100, func() { scale.Decide(in) }); n > 2 {
			t.Errorf("%s: %v allocations per decision, want at most 2", name, n)
		}
	}
}
