// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Verify judges a run. Every promise gives one check, held or not.
func Verify(run Run, p Promise) []Check {
	e := run.Evidence
	return []Check{
		raw(e.Raw, p),
		aggregated(e),
		onceEach("each CSV was processed exactly once", "processed", "Jobs", e.Processed, names(e.Raw)),
		onceEach("each report was published exactly once", "published", "consumers", e.Published, names(e.Raw)),
		empty(e.Lengths),
		succeeded(run.Jobs),
		bounded(run, p),
		risesAndFalls(run.Timeline, p),
	}
}

func raw(files []Totals, p Promise) Check {
	c := Check{Name: fmt.Sprintf("%d raw CSVs of %d rows", p.Files, p.Rows), Detail: fmt.Sprintf("%d files", len(files))}
	c.OK = len(files) == p.Files && len(unique(names(files))) == p.Files
	for _, f := range files {
		if f.Rows != p.Rows {
			c.OK, c.Detail = false, fmt.Sprintf("%s has %d rows", f.Name, f.Rows)
		}
	}
	return c
}

// aggregated compares every raw file with what became of it.
func aggregated(e Evidence) Check {
	c := Check{Name: "one aggregated CSV for each raw one, with its sums", OK: len(e.Aggregated) == len(e.Raw) && len(e.Raw) > 0}
	sums := map[string][Items]int{}
	for _, a := range e.Aggregated {
		sums[a.Name] = a.Quantities
	}
	var total [Items]int
	var wrong []string
	for _, r := range e.Raw {
		got, ok := sums[r.Name]
		if !ok || got != r.Quantities {
			wrong = append(wrong, r.Name)
		}
		for i, q := range got {
			total[i] += q
		}
	}
	c.OK = c.OK && len(wrong) == 0
	c.Detail = fmt.Sprintf("%d files; items 1-%d sold %s", len(e.Aggregated), Items, strings.Trim(fmt.Sprint(total), "[]"))
	if len(wrong) > 0 {
		c.Detail = fmt.Sprintf("%d files; missing or wrong: %s", len(e.Aggregated), some(wrong))
	}
	return c
}

// onceEach compares a ledger with the names that belong in it.
func onceEach(name, done, workers string, ledger []Entry, want []string) Check {
	times, by := map[string]int{}, map[string]bool{}
	for _, e := range ledger {
		times[e.Name]++
		by[e.By] = true
	}
	var wrong []string
	for _, w := range want {
		if times[w] != 1 {
			wrong = append(wrong, fmt.Sprintf("%s %d times", w, times[w]))
		}
	}
	c := Check{Name: name, OK: len(wrong) == 0 && len(ledger) == len(want) && len(want) > 0}
	c.Detail = fmt.Sprintf("%d %s by %d %s", len(ledger), done, len(by), workers)
	if len(wrong) > 0 {
		c.Detail += "; " + some(wrong)
	}
	return c
}

func empty(l Lengths) Check {
	left := l.CSVsWaiting + l.CSVsInWork + l.ReportsWaiting + l.ReportsInWork
	return Check{Name: "nothing is left in the queues or in anybody's hands", OK: left == 0, Detail: fmt.Sprintf("%d left", left)}
}

func succeeded(jobs []Job) Check {
	var wrong []string
	for _, j := range jobs {
		if !j.Succeeded {
			wrong = append(wrong, j.Name)
		}
	}
	c := Check{Name: "every Job succeeded", OK: len(jobs) > 0 && len(wrong) == 0, Detail: fmt.Sprintf("%d Jobs", len(jobs))}
	if len(wrong) > 0 {
		c.Detail = fmt.Sprintf("%d of %d did not: %s", len(wrong), len(jobs), some(wrong))
	}
	return c
}

// bounded uses both what the watch saw and the times that the Jobs themselves carry.
func bounded(run Run, p Promise) Check {
	byTimes := AtOnce(run.Jobs)
	return Check{
		Name:   fmt.Sprintf("never more than %d Jobs at a time", p.MaxJobs),
		OK:     len(run.Jobs) > 0 && run.MostJobs <= p.MaxJobs && byTimes <= p.MaxJobs,
		Detail: fmt.Sprintf("at most %d by watching, %d by the times of the Jobs", run.MostJobs, byTimes),
	}
}

// AtOnce is the largest number of Jobs that ran at the same time, by their own times. One that ends in the second in
// which another is created has made room for it.
func AtOnce(jobs []Job) int {
	type change struct {
		at time.Time
		by int
	}
	var changes []change
	for _, j := range jobs {
		changes = append(changes, change{j.Created, 1})
		if !j.Finished.IsZero() {
			changes = append(changes, change{j.Finished, -1})
		}
	}
	slices.SortFunc(changes, func(a, b change) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return a.by - b.by
	})
	running, most := 0, 0
	for _, c := range changes {
		running += c.by
		most = max(most, running)
	}
	return most
}

func risesAndFalls(points []Point, p Promise) Check {
	peak := 0
	for _, pt := range points {
		peak = max(peak, pt.Replicas)
	}
	ok := len(points) > 0 && points[0].Replicas == 0 && points[len(points)-1].Replicas == 0
	return Check{
		Name:   fmt.Sprintf("the consumer went from 0 to several (at most %d) and back to 0", p.MaxConsumers),
		OK:     ok && peak >= p.MinPeak && peak <= p.MaxConsumers,
		Detail: Course(points),
	}
}

// Course writes the replicas of the consumer as they changed: "0 → 4 at 12s → 0 at 61s".
func Course(points []Point) string {
	var b strings.Builder
	last := -1
	for i, p := range points {
		switch {
		case p.Replicas == last:
		case i == 0:
			fmt.Fprintf(&b, "%d", p.Replicas)
		default:
			fmt.Fprintf(&b, " → %d at %ds", p.Replicas, int(p.At.Seconds()))
		}
		last = p.Replicas
	}
	return b.String()
}

func names(files []Totals) []string {
	var out []string
	for _, f := range files {
		out = append(out, f.Name)
	}
	return out
}

func unique(names []string) []string {
	out := slices.Sorted(slices.Values(names))
	return slices.Compact(out)
}

// some lists the first few of what may be many.
func some(all []string) string {
	const few = 5
	if len(all) <= few {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:few], ", "), len(all)-few)
}
