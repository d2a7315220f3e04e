// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/fallback"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scale"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// lastActiveGrain is how precisely lastActiveTime is kept in the status of an
// active object: writing it at each poll would cost a write per poll and object.
// In memory it is exact, and a status that says "active" counts as active.
const lastActiveGrain = 30 * time.Second

// messageGrain is how soon a condition is written again of which only the message
// differs. Messages of failing sources may name ports or request numbers that
// differ at each attempt.
const messageGrain = time.Minute

// outcome is what an evaluation reports, in a form that is cheap to compare: an
// evaluation that comes to the same writes nothing.
type outcome struct {
	active, ready, fallback v1alpha1.Condition
	complete                bool
	activity                string
	failures                string
	lastActive              time.Time
}

// quiet is the outcome without the words that may differ at each attempt.
func (o outcome) quiet() outcome {
	o.active.Message, o.ready.Message, o.fallback.Message = "", "", ""
	return o
}

func (s *scaledObject) outcome(seen observation, d scale.Decision) outcome {
	o := outcome{active: d.Active, ready: d.Ready, complete: seen.complete, lastActive: s.lastActive}
	if seen.complete || len(seen.inFallback) > 0 {
		o.fallback = fallbackCondition(seen)
	}
	if old := s.reported.lastActive; d.Active.Status == metav1.ConditionTrue && s.lastActive.Sub(old) < lastActiveGrain {
		o.lastActive = old
	}
	var activity, failures strings.Builder
	for _, t := range seen.triggers {
		activity.WriteByte('0' + byte(boolInt(t.Active || t.InFallback)))
	}
	if s.plan.Object.Spec.Fallback != nil {
		for _, m := range s.metrics {
			failures.WriteString(strconv.Itoa(int(s.shown(m.health).Failures)))
			failures.WriteByte(' ')
		}
	}
	o.activity, o.failures = activity.String(), failures.String()
	return o
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func fallbackCondition(seen observation) v1alpha1.Condition {
	c := v1alpha1.Condition{Type: v1alpha1.ConditionFallback, Status: metav1.ConditionFalse,
		Reason: v1alpha1.ReasonNoFallbackFound, Message: "no fallback is in use"}
	if len(seen.inFallback) > 0 {
		c.Status, c.Reason = metav1.ConditionTrue, v1alpha1.ReasonFallbackExists
		c.Message = "the fallback stands in for " + strings.Join(seen.inFallback, ", ")
	}
	return c
}

// report writes what changed since the last report. The generation of the spec
// counts as observed once every trigger was asked by it: conditions before that
// speak of the spec before.
func (s *scaledObject) report(ctx context.Context, seen observation, d scale.Decision) error {
	if !seen.complete && d.Active.Status == "" && d.Ready.Status == "" {
		return nil // nothing is known yet; what was known before a restart still holds
	}
	out, at := s.outcome(seen, d), s.Clock.Now()
	if !s.fresh && s.decided == nil && (out == s.reported || out.quiet() == s.reported.quiet() && at.Sub(s.reportedAt) < messageGrain) {
		return nil
	}
	err := s.ScaledObjects.Update(ctx, s.plan.Object, func(status *v1alpha1.ScaledObjectStatus, now metav1.Time) {
		said, observed := []v1alpha1.Condition{out.active, out.ready, out.fallback}, out.complete
		if troubled(s.fresh, status.Conditions, v1alpha1.ReasonScaledObjectCheckFailed) {
			said, observed = []v1alpha1.Condition{out.active, out.fallback}, false
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
		status.TriggersActivity = activities(seen, status.TriggersActivity)
		status.Health = s.healths()
		status.LastDecision = status.LastDecision.Latest(s.decided)
	})
	if err == nil {
		s.reported, s.reportedAt, s.fresh, s.decided = out, at, false, nil
	}
	return err
}

// troubled says that an object was looked at in vain since its plan was made and was
// fresh. That is told until there is a new plan.
func troubled(fresh bool, c v1alpha1.Conditions, failed string) bool {
	return !fresh && c.Get(v1alpha1.ConditionReady).Reason == failed
}

// activities is status.triggersActivity; triggers that were not asked yet keep what
// was known of them.
func activities(seen observation, before map[string]v1alpha1.TriggerActivityStatus) map[string]v1alpha1.TriggerActivityStatus {
	out := map[string]v1alpha1.TriggerActivityStatus{}
	for _, t := range seen.triggers {
		known, ok := before[t.Metric]
		switch {
		case t.Resource:
		case !t.Waiting:
			out[t.Metric] = v1alpha1.TriggerActivityStatus{IsActive: t.Active || t.InFallback}
		case ok:
			out[t.Metric] = known
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// healths is status.health; it is kept only while a fallback is configured.
func (s *scaledObject) healths() map[string]v1alpha1.HealthStatus {
	if s.plan.Object.Spec.Fallback == nil || len(s.metrics) == 0 {
		return nil
	}
	out := map[string]v1alpha1.HealthStatus{}
	for _, m := range s.metrics {
		out[m.metric.FullName] = s.shown(m.health).Status()
	}
	return out
}

// shown is a metric's health as the status shows it. Failures beyond the threshold
// make no difference, and counting on would write the status at every failing poll.
func (s *scaledObject) shown(h fallback.Health) fallback.Health {
	h.Failures = min(h.Failures-1, s.plan.Object.Spec.Fallback.FailureThreshold) + 1
	return h
}

// unreadable reports that the target's replica count cannot be read.
func (s *scaledObject) unreadable(ctx context.Context, cause error) error {
	s.fresh = true
	return s.ScaledObjects.Update(ctx, s.plan.Object, func(status *v1alpha1.ScaledObjectStatus, now metav1.Time) {
		status.Conditions.Set(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonErrorGettingCurrentReplicas, cause.Error(), now)
	})
}

// publish hands the answers to the metrics adapters, once every metric was asked:
// before that, whatever the adapters know is better.
func (s *scaledObject) publish(seen observation) {
	if !seen.complete {
		return
	}
	s.Store.Publish(s.id, seen.answers)
	s.settle(s.id)
}

// asked are the queries that a metric is made of, except those of triggers that are
// content with the last poll's value. A formula is made of all.
func (s *scaledObject) asked(metric string) (bindings []*scaler.Binding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.metrics {
		of := s.plan.Modifiers != nil || strings.EqualFold(m.metric.FullName, metric) // HPAs ask in lower case
		if of && !m.trigger.Cached {
			bindings = append(bindings, m.trigger.Binding)
		}
	}
	return bindings
}

// publishLatest publishes the newest samples without deciding anything. Before the
// first evaluation nobody knows the replicas, which some fallbacks keep.
func (s *scaledObject) publishLatest(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || s.replicas == nil {
		return nil
	}
	if s.plan.Object.Spec.Fallback != nil {
		replicas, err := s.Workloads.Replicas(ctx, s.plan.Target)
		if err != nil {
			return err
		}
		s.replicas = &replicas
	}
	s.publish(s.observe(ctx, *s.replicas))
	return nil
}

// combined is as old as the oldest of the answers, and as slow as the slowest.
func combined(answers []sample.Answer) sample.Answer {
	var out sample.Answer
	for _, a := range answers {
		if out.At.IsZero() || a.At.Before(out.At) {
			out.At = a.At
		}
		out.Took = max(out.Took, a.Took)
	}
	return out
}
