// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package evidence holds what the demo observes and judges whether it happened as promised. The workload inside the
// cluster reports files and ledgers as an Evidence, the orchestrator adds the Jobs and the timeline that it watched, and
// Verify turns all of it into a list of checks. It is pure: no client, no clock.
package evidence

import "time"

// Items is the number of different items in the sales files, numbered from 1.
const Items = 5

// Lengths is how much work waits, is in hand and is done, on both queues at one moment.
type Lengths struct {
	CSVsWaiting    int `json:"csvsWaiting"`
	CSVsInWork     int `json:"csvsInWork"`
	CSVsDone       int `json:"csvsDone"`
	ReportsWaiting int `json:"reportsWaiting"`
	ReportsInWork  int `json:"reportsInWork"`
	ReportsDone    int `json:"reportsDone"`
}

// Totals are the quantities of one day's file by item: Quantities[0] is that of item 1.
type Totals struct {
	Name       string     `json:"name"` // of the raw file, YYYYMMDD.csv
	Rows       int        `json:"rows"`
	Quantities [Items]int `json:"quantities"`
}

// Entry is a line of a ledger: who finished what, and when. It is written together with the removal of the work from
// the worker's hands, so that there is one for each time that the work was done.
type Entry struct {
	Name  string    `json:"name"`
	By    string    `json:"by"`
	Began time.Time `json:"began"`
	Ended time.Time `json:"ended"`
}

// Evidence is what the shared volume and Redis hold when the work is over.
type Evidence struct {
	Lengths    Lengths  `json:"lengths"`
	Raw        []Totals `json:"raw"`        // the generated files, read again and summed
	Aggregated []Totals `json:"aggregated"` // what the processors wrote; Rows is 0
	Processed  []Entry  `json:"processed"`
	Published  []Entry  `json:"published"`
}

// Job is a Job of the ScaledJob. Times have the resolution of the Kubernetes API, a second.
type Job struct {
	Name              string
	Created, Finished time.Time // Finished is zero while it runs
	Succeeded         bool
}

// Point is what was seen at one moment. At is the time since the start of the work.
type Point struct {
	At       time.Duration
	Lengths  Lengths
	Jobs     int // unfinished Jobs
	Finished int // finished Jobs
	Replicas int // of the consumer, as asked for
	Ready    int // of them
}

// Run is all that is known of one run of the demo.
type Run struct {
	Evidence Evidence
	Jobs     []Job
	// MostJobs is the largest number of unfinished Jobs at any event of the watch, which has no gaps between samples.
	MostJobs int
	Timeline []Point
}

// Promise is what a run is held to.
type Promise struct {
	Files, Rows           int
	MaxJobs               int
	MinPeak, MaxConsumers int // the consumer must reach at least MinPeak replicas and stay within MaxConsumers
}

// Check is one verdict: what was to hold, whether it does, and what was seen.
type Check struct {
	Name   string
	OK     bool
	Detail string
}
