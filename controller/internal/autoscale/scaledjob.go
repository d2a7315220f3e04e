// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/jobs"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/poll"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

// scaledJob is a ScaledJob being scaled.
type scaledJob struct {
	*Engine
	id sample.Object

	mu         sync.Mutex
	stopped    bool
	plan       *ScaledJobPlan
	series     [][]*observe.Series // by trigger and metric
	counted    []attempt           // the last sample of each trigger that its series have
	acted      []attempt           // the samples that were last acted on
	woken      bool                // the sources were asked once more since then
	unseen     jobs.Unseen
	deleted    map[string]struct{} // Jobs that the cache still shows
	listed     bool                // the Jobs were listed live once by this process
	reported   jobOutcome
	reportedAt time.Time
	fresh      bool
	decided    *v1alpha1.Decision // Jobs that were created, to be reported
}

// attempt names one sample of one query.
type attempt struct {
	query string
	seq   uint64
}

// ScaleJob scales a ScaledJob by a plan, in place of an earlier plan. began is true
// if there was none.
func (e *Engine) ScaleJob(plan *ScaledJobPlan) (began bool) {
	id := scaledJobID(plan.Object)
	s, ok := e.subject(id).(*scaledJob)
	if ok && s.plannedFor().UID != plan.Object.UID {
		s.stop()
		ok = false
	}
	if !ok {
		s = &scaledJob{Engine: e, id: id, deleted: map[string]struct{}{}}
	}
	s.adopt(plan)
	return e.register(id, s, poll.Subscription{
		Object: id, Interval: plan.Object.PollInterval(), Bindings: bindings(plan.Triggers),
	})
}

func (s *scaledJob) plannedFor() *v1alpha1.ScaledJob {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.plan.Object
}

// stop implements subject.
func (s *scaledJob) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
}

func (s *scaledJob) adopt(plan *ScaledJobPlan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan, s.fresh, s.series = plan, true, nil
	if len(s.counted) != len(plan.Triggers) {
		s.counted = make([]attempt, len(plan.Triggers))
	}
	series := s.Metrics.Series(s.id, sources(plan.Triggers))
	for i := range plan.Triggers {
		n := len(plan.Triggers[i].Metrics)
		s.series = append(s.series, series[:n])
		series = series[n:]
	}
}

// evaluate implements subject.
func (s *scaledJob) evaluate(ctx context.Context) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return time.Time{}, nil
	}
	input, attempts, err := s.input(ctx)
	if err != nil {
		return time.Time{}, err // a list that failed is not a list of no Jobs
	}
	decision := jobs.Decide(input)
	acted := s.act(ctx, input, decision, attempts)
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
	in.Spent = s.spent(in.Triggers, attempts)
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

// spent says that a sample which counts was acted on before: its messages may be
// taken by now, and their Jobs finished. Where another trigger has news, the
// sources are asked once more, so that the Jobs for it need not wait for the next
// poll of the others.
func (s *scaledJob) spent(triggers []jobs.Trigger, attempts []attempt) bool {
	spent, news := false, false
	for i := range triggers {
		if t := &triggers[i]; !t.Active || t.Waiting || t.Err != "" {
			continue
		}
		if slices.Contains(s.acted, attempts[i]) {
			spent = true
		} else {
			news = true
		}
	}
	if spent && news && !s.woken {
		s.woken = true
		s.Poller.Wake(s.id)
	}
	return spent
}

func waiting(triggers []jobs.Trigger) bool {
	return slices.ContainsFunc(triggers, func(t jobs.Trigger) bool { return t.Waiting })
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
		if s.counted[index] != attempts[index] {
			m.record(latest, value, active, err)
		}
		out.QueueLength += value
		out.Active = out.Active || active
		if t.MetricType != autoscalingv2.ValueMetricType {
			out.Target += m.metric.Target / float64(len(t.Metrics))
		}
	}
	s.counted[index] = attempts[index]
	return out
}
