// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package scale_test

import (
	"fmt"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scale"
)

// One message arrives, is worked on, and the target rests again.
func ExampleDecide() {
	in := scale.Input{
		Now: time.Date(2026, 8, 20, 12, 0, 0, 0, time.UTC),
		Max: 10, Cooldown: 5 * time.Minute,
		Triggers: []scale.Trigger{{Metric: "s0-redis-orders", Value: 7, Active: true}},
	}
	up := scale.Decide(in)
	fmt.Println(up.Why)

	in.Replicas, in.LastActive = *up.Target, up.LastActive
	in.Now = in.Now.Add(time.Minute)
	in.Triggers[0].Value, in.Triggers[0].Active = 0, false
	wait := scale.Decide(in)
	fmt.Println(wait.Why)

	in.Now = wait.NextAt
	fmt.Println(scale.Decide(in).Why)
	// Output:
	// 0 → 1: s0-redis-orders is 7, above its activation value 0
	// no trigger is active since 2026-08-20T12:00:00Z; scaling to 0 when the cooldown of 5m0s ends at 2026-08-20T12:05:00Z
	// 1 → 0: no trigger was active since 2026-08-20T12:00:00Z, and the cooldown of 5m0s is over
}
