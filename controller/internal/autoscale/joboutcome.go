// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/jobs"
)

// jobOutcome is what an evaluation reports; comparing it is cheap.
type jobOutcome struct {
	active, ready v1alpha1.Condition
	waiting       bool
	activity      string
	lastActive    time.Time
}

// quiet is the outcome without the words that may differ at each attempt.
func (o jobOutcome) quiet() jobOutcome {
	o.active.Message, o.ready.Message = "", ""
	return o
}

// report writes what changed since the last report.
func (s *scaledJob) report(ctx context.Context, in jobs.Input, d jobs.Decision) error {
	if waiting(in.Triggers) && d.Active.Status == "" && d.Ready.Status == "" {
		return nil // nothing is known yet; what was known before a restart still holds
	}
	out, activity := s.outcome(in, d)
	if !s.fresh && s.decided == nil && (out == s.reported || out.quiet() == s.reported.quiet() && in.Now.Sub(s.reportedAt) < messageGrain) {
		return nil
	}
	err := s.ScaledJobs.Update(ctx, s.plan.Object, func(status *v1alpha1.ScaledJobStatus, now metav1.Time) {
		said, observed := []v1alpha1.Condition{out.active, out.ready}, !out.waiting
		if troubled(s.fresh, status.Conditions, v1alpha1.ReasonScaledJobCheckFailed) {
			said, observed = []v1alpha1.Condition{out.active}, false
		}
		for _, c := range said {
			if c.Status != "" {
				status.Conditions.Set(c.Type, c.Status, c.Reason, c.Message, now)
			}
		}
		if observed {
			status.ObservedGeneration = s.plan.Object.Generation
		}
		if !out.lastActive.IsZero() {
			status.LastActiveTime = new(metav1.NewTime(out.lastActive).Rfc3339Copy())
		}
		status.TriggersActivity = activity
		status.LastDecision = status.LastDecision.Latest(s.decided)
	})
	if err == nil {
		s.reported, s.reportedAt, s.fresh, s.decided = out, in.Now, false, nil
	}
	return err
}

// outcome is what there is to report, and the activity of each metric.
func (s *scaledJob) outcome(in jobs.Input, d jobs.Decision) (jobOutcome, map[string]v1alpha1.TriggerActivityStatus) {
	out := jobOutcome{active: d.Active, ready: d.Ready, waiting: waiting(in.Triggers), lastActive: s.reported.lastActive}
	if d.LastActive.Sub(out.lastActive) >= lastActiveGrain {
		out.lastActive = d.LastActive
	}
	activity := map[string]v1alpha1.TriggerActivityStatus{}
	for _, t := range in.Triggers {
		if t.Waiting || t.Metric == "" {
			continue
		}
		activity[t.Metric] = v1alpha1.TriggerActivityStatus{IsActive: t.Active}
		out.activity += strconv.Itoa(boolInt(t.Active))
	}
	return out, activity
}
