// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"errors"
	"strings"
	"time"
	_ "time/tzdata" // the provider checks time zones on machines that have no database of them

	"github.com/robfig/cron/v3"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// Cron asks for a number of replicas from each start to the next end. Reading it
// needs only a clock; the window logic is here.
type Cron struct {
	// Start and End are five-field cron expressions in Timezone, an IANA name.
	Start, End, Timezone string
	// DesiredReplicas is the value inside the window.
	DesiredReplicas int64
}

func defineCron() Definition {
	return Definition{
		Type: "cron", Title: "Cron", Typed: true,
		Prose: "Scales to a number of replicas between two moments that recur, such as the opening hours of a shop.\n\n" +
			"From each `start` to the next `end` the trigger is active and asks for `desiredReplicas`; outside it is inactive and asks " +
			"for none, so that the other triggers and the minimum decide. Expressions have five fields (minute, hour, day of month, " +
			"month, day of week) and follow the time zone through its daylight saving changes.\n\n" +
			"The horizontal pod autoscaler leaves a number of replicas alone that is within a tenth of what is asked for. With many " +
			"replicas, a cron trigger beside them can therefore end up slightly below `desiredReplicas`.",
		Example: Example{Metadata: map[string]string{
			"timezone": "Europe/Paris", "start": "0 8 * * 1-5", "end": "0 18 * * 1-5", "desiredReplicas": "10",
		}},
		New: func() Trigger { return new(Cron) },
	}
}

// Declare implements Trigger.
func (t *Cron) Declare(p *param.Set) {
	p.String(&t.Timezone, "timezone", "IANA name of the time zone, such as `Europe/Paris`.").Required().Check(timezone)
	p.String(&t.Start, "start", "Cron expression of the moments at which the window opens: minute, hour, day of the month, month and day of the week.").
		Required().Check(schedule)
	p.String(&t.End, "end", "Cron expression of the moments at which the window closes.").Required().Check(schedule)
	p.Int(&t.DesiredReplicas, "desiredReplicas", "Replicas inside the window.").Required().Min(1)
	p.Rule("`start` and `end` must differ.", func() error {
		if t.Start == t.End {
			return errors.New("must differ from \"end\"; the window would never close")
		}
		return nil
	}, "start", "end")
}

// Metrics implements External. The target is always one: the value itself is a
// number of replicas.
func (t *Cron) Metrics() []Metric {
	fields := strings.NewReplacer(" ", "", "*", "x", "/", "Sl", "?", "Qm", ",", "Cm")
	return []Metric{{
		Name:    "cron-" + t.Timezone + "-" + fields.Replace(t.Start) + "-" + fields.Replace(t.End),
		Target:  1,
		Integer: true,
	}}
}

// Desired returns the trigger's value and whether it is active: DesiredReplicas
// and true inside the window, zero and false outside. It is inside when the next
// start does not come before the next end. The parameters must be valid.
func (t *Cron) Desired(now time.Time) (replicas float64, active bool) {
	start, end := t.next(now)
	if start.Before(end) {
		return 0, false
	}
	return float64(t.DesiredReplicas), true
}

// NextChange returns the next start or end after now: until then Desired does
// not change.
func (t *Cron) NextChange(now time.Time) time.Time {
	start, end := t.next(now)
	if start.Before(end) {
		return start
	}
	return end
}

// next returns the first start and the first end after now.
func (t *Cron) next(now time.Time) (start, end time.Time) {
	location, err := time.LoadLocation(t.Timezone)
	if err != nil {
		location = time.UTC
	}
	return nextTime(t.Start, now.In(location)), nextTime(t.End, now.In(location))
}

var cronParser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// nextTime returns the zero time if the expression is invalid, which Declare
// excludes.
func nextTime(expression string, now time.Time) time.Time {
	if strings.Contains(expression, "TZ=") {
		return time.Time{}
	}
	s, err := cronParser.Parse(expression)
	if err != nil {
		return time.Time{}
	}
	return s.Next(now)
}

// schedule checks a cron expression. One that never comes, such as 30 February,
// is refused too; any five years tell.
func schedule(expression string) error {
	if nextTime(expression, time.Unix(0, 0).UTC()).IsZero() {
		return errors.New("must be a cron expression of five fields that comes true some day, for example 0 8 * * 1-5")
	}
	return nil
}

func timezone(name string) error {
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return errors.New("must be an IANA time zone, for example Europe/Paris or UTC")
	}
	return nil
}
