// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"fmt"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/jobs"
)

// 180 files wait, five may be worked on at a time, and the cache shows two of the
// three Jobs that were created a moment ago.
func ExampleDecide() {
	d := jobs.Decide(jobs.Input{
		Max:      5,
		Strategy: jobs.Default{},
		Triggers: []jobs.Trigger{{Metric: "s0-redis-csvs-to-process", QueueLength: 180, Target: 1, Active: true}},
		Jobs:     []jobs.Job{{Name: "csv-a"}, {Name: "csv-b", Pending: true}},
		Expected: 1,
	})
	fmt.Println(d.Create)
	fmt.Println(d.Why)
	// Output:
	// 2
	// 2 Jobs: a queue of 180 asks for 5, running are 3 of at most 5, 2 of them pending
}
