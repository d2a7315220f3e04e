// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"slices"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/jobs"
)

func BenchmarkDecide(b *testing.B) {
	ended := make([]jobs.Job, 200)
	for i := range ended {
		ended[i] = jobs.Job{Name: "done", State: jobs.Complete, Finished: noon.Add(time.Duration(-i) * time.Second), Generation: 1}
	}
	for _, c := range []struct {
		name string
		in   jobs.Input
	}{
		{"nothing waits", object(nil, queue(0))},
		{"busy", object(run(10, 2), queue(50), queue(20))},
		{"creating", object(run(5, 2), queue(50))},
		{"history of 200", object(slices.Concat(run(10, 2), ended), queue(50))},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				jobs.Decide(c.in)
			}
		})
	}
}

// TestSteadyDecisionsDoNotAllocate: most polls find nothing to do.
func TestSteadyDecisionsDoNotAllocate(t *testing.T) {
	for name, in := range map[string]jobs.Input{"nothing waits": object(nil, queue(0)), "busy": object(run(10, 2), queue(50), queue(20))} {
		if n := testing.AllocsPerRun(100, func() { jobs.Decide(in) }); n != 0 {
			t.Errorf("%s: %v allocations per decision, want none", name, n)
		}
	}
}
