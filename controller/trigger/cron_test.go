// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func TestCronWindow(t *testing.T) {
	office := trigger.Cron{Timezone: "Europe/Paris", Start: "0 8 * * 1-5", End: "0 18 * * 1-5", DesiredReplicas: 10}
	night := trigger.Cron{Timezone: "America/New_York", Start: "0 22 * * *", End: "0 6 * * *", DesiredReplicas: 2}
	overlap := trigger.Cron{Timezone: "UTC", Start: "0 * * * *", End: "30 9 * * *", DesiredReplicas: 3}
	same := trigger.Cron{Timezone: "UTC", Start: "0 8 * * *", End: "0 8 * * 1", DesiredReplicas: 1}
	for name, test := range map[string]struct {
		cron   trigger.Cron
		now    string
		active bool
		change string
	}{
		"before opening":     {office, "2026-11-20T07:59:59+01:00", false, "2026-11-20T08:00:00+01:00"},
		"at the opening":     {office, "2026-11-20T08:00:00+01:00", true, "2026-11-20T18:00:00+01:00"},
		"during the day":     {office, "2026-11-20T11:00:00Z", true, "2026-11-20T17:00:00Z"},
		"at closing":         {office, "2026-11-20T18:00:00+01:00", false, "2026-11-23T08:00:00+01:00"},
		"at the weekend":     {office, "2026-11-21T12:00:00+01:00", false, "2026-11-23T08:00:00+01:00"},
		"over midnight":      {night, "2026-11-20T23:30:00-05:00", true, "2026-11-21T06:00:00-05:00"},
		"after midnight":     {night, "2026-11-21T05:59:59-05:00", true, "2026-11-21T06:00:00-05:00"},
		"by day":             {night, "2026-11-21T12:00:00-05:00", false, "2026-11-21T22:00:00-05:00"},
		"clocks go forward":  {office, "2026-03-30T05:59:00Z", false, "2026-03-30T06:00:00Z"},
		"clocks go back":     {office, "2026-10-26T06:30:00Z", false, "2026-10-26T07:00:00Z"},
		"start comes first":  {overlap, "2026-11-20T08:30:00Z", false, "2026-11-20T09:00:00Z"},
		"end comes first":    {overlap, "2026-11-20T09:10:00Z", true, "2026-11-20T09:30:00Z"},
		"both at one moment": {same, "2026-11-22T12:00:00Z", true, "2026-11-23T08:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			now := at(t, test.now)
			replicas, active := test.cron.Desired(now)
			if active != test.active {
				t.Errorf("active = %t, want %t", active, test.active)
			}
			want := 0.0
			if test.active {
				want = float64(test.cron.DesiredReplicas)
			}
			if replicas != want {
				t.Errorf("replicas = %v, want %v", replicas, want)
			}
			if got := test.cron.NextChange(now); !got.Equal(at(t, test.change)) {
				t.Errorf("next change at %s, want %s", got, test.change)
			}
		})
	}
}

// Between now and NextChange nothing changes, and time always moves on.
func TestCronIsConstantUntilNextChange(t *testing.T) {
	expression := rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf("%d %d * * %d", rapid.IntRange(0, 59).Draw(t, "minute"), rapid.IntRange(0, 23).Draw(t, "hour"),
			rapid.IntRange(0, 6).Draw(t, "day"))
	})
	rapid.Check(t, func(t *rapid.T) {
		cron := trigger.Cron{
			Timezone: rapid.SampledFrom([]string{"UTC", "Europe/Paris", "America/New_York", "Asia/Kathmandu"}).Draw(t, "zone"),
			Start:    expression.Draw(t, "start"), End: expression.Draw(t, "end"), DesiredReplicas: 1,
		}
		now := time.Unix(rapid.Int64Range(1.7e9, 1.9e9).Draw(t, "now"), 0)
		change := cron.NextChange(now)
		if !change.After(now) {
			t.Fatalf("next change %s is not after %s", change, now)
		}
		_, before := cron.Desired(now)
		fraction := rapid.Float64Range(0, 0.999999).Draw(t, "fraction")
		moment := now.Add(time.Duration(fraction * float64(change.Sub(now))))
		if _, during := cron.Desired(moment); during != before {
			t.Fatalf("at %s it is %t, but at %s it was %t and the next change is at %s", moment, during, now, before, change)
		}
	})
}

func ExampleCron_Desired() {
	cron := trigger.Cron{Timezone: "Europe/Paris", Start: "0 8 * * 1-5", End: "0 18 * * 1-5", DesiredReplicas: 10}
	friday := time.Date(2026, time.November, 20, 16, 30, 0, 0, time.UTC)
	fmt.Println(cron.Desired(friday))
	fmt.Println(cron.NextChange(friday).UTC())
	// Output:
	// 10 true
	// 2026-11-20 17:00:00 +0000 UTC
}
