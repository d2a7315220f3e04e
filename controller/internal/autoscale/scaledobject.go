// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/actuate"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/poll"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scale"
)

// scaledObject is a ScaledObject being scaled.
type scaledObject struct {
	*Engine
	id sample.Object

	mu         sync.Mutex
	stopped    bool
	plan       *ScaledObjectPlan
	planned    time.Time
	metrics    []*metricState    // one per external metric, in order
	derived    []*observe.Series // of the plan's formula, or of its cpu and memory
	replicas   *int32            // at the last evaluation by this plan; nil before it
	lastActive time.Time
	active     bool
	reported   outcome
	reportedAt time.Time
	fresh      bool               // the plan is new: report whatever comes out
	decided    *v1alpha1.Decision // a change of the count that is to be reported
	refused    string             // why the last write of the count failed, as told
}

// ScaleObject scales a ScaledObject by a plan, in place of an earlier plan. began
// is true if there was none.
func (e *Engine) ScaleObject(plan *ScaledObjectPlan) (began bool) {
	id := scaledObjectID(plan.Object)
	s, ok := e.subject(id).(*scaledObject)
	if ok && s.plannedFor().UID != plan.Object.UID {
		s.stop()
		ok = false
	}
	if !ok {
		s = &scaledObject{Engine: e, id: id}
		s.restore(plan)
	}
	s.mu.Lock() // until the subscription is made: an evaluation in between would set another interval
	defer s.mu.Unlock()
	s.adopt(plan)
	return e.register(id, s, poll.Subscription{
		Object: id, Interval: plan.interval(s.active, e.HPAPeriod), Bindings: bindings(plan.Triggers, plan.Object.PollInterval()),
	})
}

// restore takes over from an earlier process what only the status knows. An
// object that was active when it was last reported counts as active until now:
// the time since then was nobody's to measure.
func (s *scaledObject) restore(plan *ScaledObjectPlan) {
	status := s.ScaledObjects.Read(plan.Object)
	s.active = status.Conditions.IsTrue(v1alpha1.ConditionActive)
	if status.LastActiveTime != nil {
		s.lastActive = status.LastActiveTime.Time
	}
	if s.active {
		s.lastActive = s.Clock.Now()
	}
}

// LastActive is when a ScaledObject that is being scaled was last active, to the moment;
// the status may be behind it. It is zero for one that never was, and for one that is
// not being scaled.
func (e *Engine) LastActive(id sample.Object) time.Time {
	s, ok := e.subject(id).(*scaledObject)
	if !ok {
		return time.Time{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastActive
}

// adopt puts a plan in place of an earlier one. The caller holds the lock.
func (s *scaledObject) adopt(plan *ScaledObjectPlan) {
	s.metrics = s.metricStates(plan)
	if plan.Modifiers == nil {
		for _, series := range s.derived { // cpu and memory are active always
			series.Active(true)
		}
	}
	s.plan, s.planned, s.fresh, s.replicas = plan, s.Clock.Now(), true, nil
}

func (s *scaledObject) plannedFor() *v1alpha1.ScaledObject {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.plan.Object
}

// stop implements subject.
func (s *scaledObject) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
}

// evaluate implements subject.
func (s *scaledObject) evaluate(ctx context.Context) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return time.Time{}, nil
	}
	replicas, err := s.Workloads.Replicas(ctx, s.plan.Target)
	if err != nil {
		return time.Time{}, errors.Join(err, s.unreadable(ctx, err))
	}
	s.replicas = &replicas
	seen := s.observe(ctx, replicas)
	decision := scale.Decide(s.input(replicas, seen))
	s.timed(s.id, seen.newest)
	acted := s.act(ctx, replicas, decision)
	s.publish(seen)
	if !decision.LastActive.IsZero() {
		s.lastActive = decision.LastActive
	}
	if active := decision.Active.Status; active != "" { // else it is as it was
		s.pace(active == metav1.ConditionTrue)
	}
	if err := s.report(ctx, seen, decision); err != nil {
		return time.Time{}, errors.Join(acted, err)
	}
	return s.again(decision.NextAt, seen.relative), acted
}

// again is when to look at the object although no sample came in. Without a
// trigger that is polled, nothing else would notice that somebody scaled the
// target out of its bounds. And what a fallback answers may depend on what runs: an
// answer for two ready pods, given when six are, would have the HPA run three times
// as many.
func (s *scaledObject) again(next time.Time, relative bool) time.Time {
	resync := s.Clock.Now()
	switch {
	case relative:
		resync = resync.Add(s.HPAPeriod / looksPerHPAPeriod)
	case len(s.metrics) == 0:
		resync = resync.Add(s.plan.Object.PollInterval())
	default:
		return next
	}
	if next.IsZero() || resync.Before(next) {
		return resync
	}
	return next
}

// looksPerHPAPeriod is how often the answers of a fallback follow what runs in the
// time between two looks of the HPA.
const looksPerHPAPeriod = 5

func (s *scaledObject) input(replicas int32, seen observation) scale.Input {
	o := s.plan.Object
	pause, _ := o.Pause() // the reconciler refuses what cannot be parsed
	in := scale.Input{
		Now: s.Clock.Now(), Created: o.CreationTimestamp.Time,
		Min: o.MinReplicas(), Max: o.MaxReplicas(), Idle: o.IdleReplicas(),
		Cooldown: o.Cooldown(), InitialCooldown: o.InitialCooldown(),
		Replicas: replicas, LastActive: s.lastActive,
		Triggers: seen.triggers, Composite: seen.composite,
		ForceActive: o.ForcesActivation(), PauseScaleIn: pause.ScaleIn, PauseScaleOut: pause.ScaleOut,
	}
	if o.Spec.Fallback != nil {
		in.Fallback = new(seen.fallbackReplicas)
	}
	return in
}

// act writes the replica count that was decided on. A count that somebody else
// changed in between is not an error: the next sample decides anew.
func (s *scaledObject) act(ctx context.Context, replicas int32, d scale.Decision) error {
	if d.Target == nil {
		return nil
	}
	err := s.Actuator.Scale(ctx, s.plan.Target, replicas, *d.Target)
	switch {
	case errors.Is(err, actuate.ErrMoved):
		s.queue.AddAfter(s.id, 100*time.Millisecond)
		return nil
	case err != nil:
		s.tellRefusal(replicas, *d.Target, err)
		return err
	case d.Event != "":
		s.ScaledObjects.Event(s.plan.Object, report.Normal(d.Event, fmt.Sprintf("Scaled %s: %s", s.plan.Target, d.Why)))
	}
	s.refused = ""
	s.decided = &v1alpha1.Decision{
		Time: metav1.NewTime(s.Clock.Now()).Rfc3339Copy(), From: replicas, To: *d.Target,
		By: v1alpha1.DecidedByController, Why: d.Because,
	}
	s.Log.Info("scaled", "namespace", s.id.Namespace, "scaledObject", s.id.Name, "target", s.plan.Target.String(), "why", d.Why)
	return nil
}

// tellRefusal makes an event of a count that cannot be written, once for each
// reason: the write is tried again and again.
func (s *scaledObject) tellRefusal(from, to int32, cause error) {
	if s.refused == cause.Error() {
		return
	}
	s.refused = cause.Error()
	reason := v1alpha1.EventScaleTargetActivationFailed
	if to < from {
		reason = v1alpha1.EventScaleTargetDeactivationFailed
	}
	s.ScaledObjects.Event(s.plan.Object, report.Warning(reason, s.refused))
}

// pace polls an active object as often as the HPA looks at it.
func (s *scaledObject) pace(active bool) {
	if s.active == active {
		return
	}
	s.active = active
	s.Poller.SetInterval(s.id, s.plan.interval(active, s.HPAPeriod))
}
