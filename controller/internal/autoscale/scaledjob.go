// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/actuate"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/jobs"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/poll"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

// scaledJob is a ScaledJob being scaled.
type scaledJob struct {
	*Engine
	id sample.Object

	mu       sync.Mutex
	plan     *ScaledJobPlan
	series   [][]*observe.Series // by trigger and metric
	seen     []uint64            // the last attempt of each trigger that was counted
	acted    []attempt           // the samples that were last decided on
	unseen   jobs.Unseen
	listed   bool // the Jobs were listed live once by this process
	reported jobOutcome
	fresh    bool
}

// attempt names one sample of one query.
type attempt struct {
	query string
	seq   uint64
}

// jobOutcome is what an evaluation reports; comparing it is cheap.
type jobOutcome struct {
	active, ready v1alpha1.Condition
	activity      string
	lastActive    time.Time
}

// ScaleJob scales a ScaledJob by a plan, in place of an earlier plan.
func (e *Engine) ScaleJob(plan *ScaledJobPlan) {
	id := scaledJobID(plan.Object)
	s, ok := e.subject(id).(*scaledJob)
	if !ok || s.plannedFor().UID != plan.Object.UID {
		s = &scaledJob{Engine: e, id: id}
	}
	s.adopt(plan)
	e.register(id, s, types(plan.Triggers), poll.Subscription{
		Object: id, Interval: plan.Object.PollInterval(), Bindings: bindings(plan.Triggers),
	})
}

func (s *scaledJob) plannedFor() *v1alpha1.ScaledJob {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.plan.Object
}

func (s *scaledJob) adopt(plan *ScaledJobPlan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan, s.fresh = plan, true
	s.seen, s.series = make([]uint64, len(plan.Triggers)), nil
	for i := range plan.Triggers {
		t := &plan.Triggers[i]
		var series []*observe.Series
		for _, m := range t.Metrics {
			series = append(series, s.Metrics.Series(s.id, m.FullName, cmp.Or(t.Name, t.Type), t.Index))
		}
		s.series = append(s.series, series)
	}
}

// evaluate implements subject.
func (s *scaledJob) evaluate(ctx context.Context) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.settle(s.id)
	input, attempts, err := s.input(ctx)
	if err != nil {
		return time.Time{}, err // a list that failed is not a list of no Jobs
	}
	decision := jobs.Decide(input)
	acted := s.act(ctx, decision, attempts)
	return time.Time{}, errors.Join(acted, s.report(ctx, input, decision))
}

// input observes the triggers and the Jobs. attempts says which samples it saw.
func (s *scaledJob) input(ctx context.Context) (jobs.Input, []attempt, error) {
	o := s.plan.Object
	scaling := o.Scaling()
	in := jobs.Input{
		Now: s.Clock.Now(), Min: o.MinReplicas(), Max: o.MaxReplicas(),
		Strategy: jobs.StrategyOf(scaling), Calculation: scaling.Calculation,
		SuccessfulHistory: o.SuccessfulHistory(), FailedHistory: o.FailedHistory(),
		Generation: o.Generation, Gradual: o.RolloutStrategy() == v1alpha1.RolloutGradual,
	}
	attempts := make([]attempt, len(s.plan.Triggers))
	for i := range s.plan.Triggers {
		in.Triggers = append(in.Triggers, s.look(i, attempts))
	}
	in.Spent = slices.Equal(s.acted, attempts)
	var err error
	in.Jobs, err = s.jobs(ctx, in.Strategy.UsesPending(), scaling.PendingPodConditions)
	if err != nil {
		return in, attempts, err
	}
	in.Expected = s.unseen.Count(in.Jobs, in.Now)
	if !s.listed {
		s.caughtUp(in.Jobs)
	}
	return in, attempts, nil
}

// look reads the latest sample of one trigger: its queue is the sum of its
// metrics, and the target their mean, where metrics with a target of type Value
// count as zero.
func (s *scaledJob) look(index int, attempts []attempt) jobs.Trigger {
	t := &s.plan.Triggers[index]
	out := jobs.Trigger{Waiting: true}
	if len(t.Metrics) > 0 {
		out.Metric = t.Metrics[0].FullName
	}
	if t.Binding == nil {
		out.Waiting, out.Err = false, "a "+t.Type+" trigger has no queue to make Jobs for"
		return out
	}
	latest, ok := s.Poller.Latest(t.Binding.Server, t.Binding.Query.Key)
	if !ok {
		return out
	}
	out.Waiting, attempts[index] = false, attempt{t.Binding.Query.Key, latest.Seq}
	for i := range t.Metrics {
		m := &metricState{trigger: t, metric: &t.Metrics[i], reading: i, series: s.series[index][i]}
		value, active, err := read(latest, m)
		if err != nil {
			out.Err = err.Error()
		}
		s.record(index, m, latest, value, active, err)
		out.QueueLength += value
		out.Active = out.Active || active
		if t.MetricType != autoscalingv2.ValueMetricType {
			out.Target += m.metric.Target / float64(len(t.Metrics))
		}
	}
	s.seen[index] = latest.Seq
	return out
}

func (s *scaledJob) record(index int, m *metricState, latest sample.Sample, value float64, active bool, err error) {
	switch {
	case s.seen[index] == latest.Seq:
	case err != nil:
		m.series.Failed()
	default:
		m.series.Sampled(value, active, latest.Took)
	}
}

// act creates and deletes Jobs. A creation whose outcome is unknown keeps its
// place until the cache shows it or enough time has passed.
func (s *scaledJob) act(ctx context.Context, d jobs.Decision, attempts []attempt) error {
	var errs []error
	for _, name := range d.Delete {
		errs = append(errs, s.Actuator.DeleteJob(ctx, s.id.Namespace, name, metav1.DeletePropagationBackground))
	}
	errs = append(errs, s.rollOut(ctx, d.Rollout))
	s.acted = attempts
	created := 0
	for range d.Create {
		if err := s.create(ctx); err != nil {
			s.ScaledJobs.Event(s.plan.Object, report.Warning(v1alpha1.EventJobCreateFailed, err.Error()))
			errs = append(errs, err)
			break
		}
		created++
	}
	if created > 0 {
		s.ScaledJobs.Event(s.plan.Object, report.Normal(v1alpha1.EventJobsCreated, "Created "+d.Why))
		s.Log.Info("created jobs", "namespace", s.id.Namespace, "scaledJob", s.id.Name, "jobs", created, "why", d.Why)
	}
	return errors.Join(errs...)
}

func (s *scaledJob) create(ctx context.Context) error {
	job := actuate.NewJob(s.plan.Object, s.Version)
	s.unseen.Add(job.Name, s.Clock.Now())
	err := s.Actuator.CreateJob(ctx, job)
	if refused := apierrors.ReasonForError(err); err != nil && refused != metav1.StatusReasonUnknown && !apierrors.IsTimeout(err) && !apierrors.IsServerTimeout(err) {
		s.unseen.Drop(job.Name) // the API server answered, and said no
	}
	return err
}

// rollOut deletes the Jobs of earlier generations.
func (s *scaledJob) rollOut(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	o := s.plan.Object
	s.ScaledJobs.Event(o, report.Normal(v1alpha1.EventScaledJobRolloutCleanupStarted, fmt.Sprintf("Deleting %d Jobs of earlier generations", len(names))))
	var errs []error
	for _, name := range names {
		errs = append(errs, s.Actuator.DeleteJob(ctx, s.id.Namespace, name, o.RolloutPropagation()))
	}
	if err := errors.Join(errs...); err != nil {
		s.ScaledJobs.Event(o, report.Warning(v1alpha1.EventScaledJobRolloutCleanupFailed, err.Error()))
		return err
	}
	s.ScaledJobs.Event(o, report.Normal(v1alpha1.EventScaledJobRolloutCleanupCompleted, fmt.Sprintf("Deleted %d Jobs of earlier generations", len(names))))
	return nil
}

// report writes what changed since the last report.
func (s *scaledJob) report(ctx context.Context, in jobs.Input, d jobs.Decision) error {
	out := jobOutcome{active: d.Active, ready: d.Ready, lastActive: s.reported.lastActive}
	if d.LastActive.Sub(out.lastActive) >= lastActiveGrain {
		out.lastActive = d.LastActive
	}
	activity := map[string]v1alpha1.TriggerActivityStatus{}
	for _, t := range in.Triggers {
		if t.Waiting || t.Metric == "" {
			continue
		}
		activity[t.Metric] = v1alpha1.TriggerActivityStatus{IsActive: t.Active}
		out.activity += fmt.Sprint(boolInt(t.Active))
	}
	if out == s.reported && !s.fresh {
		return nil
	}
	err := s.ScaledJobs.Update(ctx, s.plan.Object, func(status *v1alpha1.ScaledJobStatus, now metav1.Time) {
		for _, c := range []v1alpha1.Condition{out.active, out.ready} {
			if c.Status != "" {
				status.Conditions.Set(c.Type, c.Status, c.Reason, c.Message, now)
			}
		}
		if !out.lastActive.IsZero() {
			status.LastActiveTime = new(metav1.NewTime(out.lastActive).Rfc3339Copy())
		}
		status.TriggersActivity = activity
	})
	if err == nil {
		s.reported, s.fresh = out, false
	}
	return err
}
