// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var promise = Promise{Files: 4, Rows: 3, MaxJobs: 2, MinPeak: 2, MaxConsumers: 3}

// good is a run that keeps the promise.
func good() Run {
	t0 := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	run := Run{MostJobs: 2, Timeline: []Point{{Replicas: 0}, {At: time.Second, Replicas: 3}, {At: 9 * time.Second, Replicas: 0}}}
	for i := range promise.Files {
		day := fmt.Sprintf("2026010%d", i+1)
		q := [Items]int{i, 1, 2, 3, 4}
		run.Evidence.Raw = append(run.Evidence.Raw, Totals{Name: day, Rows: promise.Rows, Quantities: q})
		run.Evidence.Aggregated = append(run.Evidence.Aggregated, Totals{Name: day, Quantities: q})
		run.Evidence.Processed = append(run.Evidence.Processed, Entry{Name: day, By: fmt.Sprint("job", i/2)})
		run.Evidence.Published = append(run.Evidence.Published, Entry{Name: day, By: "consumer"})
		begin := t0.Add(time.Duration(i/2) * 10 * time.Second)
		run.Jobs = append(run.Jobs, Job{Name: fmt.Sprint("job", i), Created: begin, Finished: begin.Add(10 * time.Second), Succeeded: true})
	}
	return run
}

func TestVerifyHoldsAGoodRun(t *testing.T) {
	for _, c := range Verify(good(), promise) {
		if !c.OK {
			t.Errorf("%s: %s", c.Name, c.Detail)
		}
	}
}

func TestVerifyFindsEachFlaw(t *testing.T) {
	tests := []struct {
		name   string
		spoil  func(*Run)
		detail string // of the one check that fails
	}{
		{"a raw file is missing", func(r *Run) { drop(&r.Evidence, 3) }, "3 files"},
		{"a raw file is short", func(r *Run) { r.Evidence.Raw[1].Rows = 2 }, "20260102 has 2 rows"},
		{"a sum is wrong", func(r *Run) { r.Evidence.Aggregated[2].Quantities[0]++ }, "missing or wrong: 20260103"},
		{"an aggregated file is for no raw one", func(r *Run) {
			r.Evidence.Aggregated = append(r.Evidence.Aggregated, Totals{Name: "20270101"})
		}, "5 files"},
		{"processed twice", func(r *Run) {
			r.Evidence.Processed = append(r.Evidence.Processed, r.Evidence.Processed[0])
		}, "20260101 2 times"},
		{"never processed", func(r *Run) { r.Evidence.Processed = r.Evidence.Processed[1:] }, "20260101 0 times"},
		{"published twice", func(r *Run) { r.Evidence.Published[1].Name = "20260101" }, "20260101 2 times, 20260102 0 times"},
		{"a name is left in a worker's hands", func(r *Run) { r.Evidence.Lengths.CSVsInWork = 1 }, "1 left"},
		{"a Job failed", func(r *Run) { r.Jobs[2].Succeeded = false }, "1 of 4 did not: job2"},
		{"the watch saw too many Jobs", func(r *Run) { r.MostJobs = 3 }, "at most 3 by watching, 2"},
		{"the times tell of too many Jobs", func(r *Run) { r.Jobs[2].Created = r.Jobs[2].Created.Add(-time.Second) }, "3 by the times"},
		{"too few consumers", func(r *Run) { r.Timeline[1].Replicas = 1 }, "0 → 1 at 1s → 0 at 9s"},
		{"too many consumers", func(r *Run) { r.Timeline[1].Replicas = 4 }, "→ 4"},
		{"consumers stay", func(r *Run) { r.Timeline = r.Timeline[:2] }, "0 → 3 at 1s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run := good()
			tt.spoil(&run)
			checks := Verify(run, promise)
			var failed []string
			for _, c := range checks {
				if !c.OK {
					failed = append(failed, c.Detail)
				}
			}
			if len(failed) != 1 || !strings.Contains(failed[0], tt.detail) {
				t.Errorf("failed checks %q, want one with %q", failed, tt.detail)
			}
		})
	}
}

// drop removes a day from everything.
func drop(e *Evidence, i int) {
	e.Raw, e.Aggregated, e.Processed, e.Published = e.Raw[:i], e.Aggregated[:i], e.Processed[:i], e.Published[:i]
}

func TestVerifyRefusesAnEmptyRun(t *testing.T) {
	for _, c := range Verify(Run{}, promise) {
		if c.OK && !strings.Contains(c.Name, "nothing is left") {
			t.Errorf("an empty run passes %q", c.Name)
		}
	}
}

func TestAtOnceCountsJobsThatStillRun(t *testing.T) {
	t0 := time.Unix(0, 0)
	jobs := []Job{{Created: t0}, {Created: t0.Add(time.Second), Finished: t0.Add(2 * time.Second)}, {Created: t0.Add(2 * time.Second)}}
	if got := AtOnce(jobs); got != 2 {
		t.Errorf("AtOnce = %d, want 2", got)
	}
}
