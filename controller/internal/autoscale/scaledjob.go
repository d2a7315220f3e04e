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
	"k8s.io/apimachinery/pkg/types"

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
	planned    time.Time
	series     [][]*observe.Series // by trigger and metric
	counted    []attempt           // the last sample of each trigger that its series have
	since      time.Time           // samples of reads that began before are spent
	owed       bool                // the sources are to be asked anew if theirs are
	woken      bool                // they were
	unseen     jobs.Unseen
	ordinal    int64                  // the highest of all Jobs that were seen or created
	deleted    map[types.UID]struct{} // Jobs that the cache still shows
	listed     bool                   // the Jobs were listed live once by this process
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
		before := e.Clock.Now().Add(-1) // what begins to be read from now on counts
		s = &scaledJob{Engine: e, id: id, since: before, deleted: map[types.UID]struct{}{}}
	}
	s.adopt(plan)
	return e.register(id, s, poll.Subscription{
		Object: id, Interval: plan.Object.PollInterval(), Bindings: bindings(plan.Triggers, plan.Object.PollInterval()),
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
	s.plan, s.planned, s.fresh, s.owed, s.series = plan, s.Clock.Now(), true, true, nil
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
	input, err := s.input(ctx)
	if err != nil { // a list that failed is not a list of no Jobs
		s.since, s.owed, s.woken = s.Clock.Now(), true, false
		return time.Time{}, err
	}
	decision := jobs.Decide(input)
	acted := s.act(ctx, input, decision)
	return s.again(input, decision), errors.Join(acted, s.report(ctx, input, decision))
}

// rolloutTime is how soon the Jobs that a rollout deleted are likely to be gone.
const rolloutTime = time.Second

// again is when to look at the object although no sample came in: soon after a
// rollout, and while a source fails. That is asked less and less often, but the Jobs
// that always run, and the history, are looked after all the same.
func (s *scaledJob) again(in jobs.Input, d jobs.Decision) time.Time {
	if len(d.Rollout) > 0 {
		return in.Now.Add(rolloutTime)
	}
	if slices.ContainsFunc(in.Triggers, func(t jobs.Trigger) bool { return t.Err != "" }) {
		return in.Now.Add(s.plan.Object.PollInterval())
	}
	return time.Time{}
}

// input observes the triggers and the Jobs.
func (s *scaledJob) input(ctx context.Context) (jobs.Input, error) {
	o := s.plan.Object
	scaling := o.Scaling()
	in := jobs.Input{
		Now: s.Clock.Now(), Min: o.MinReplicas(), Max: o.MaxReplicas(),
		Strategy: jobs.StrategyOf(scaling), Calculation: scaling.Calculation,
		SuccessfulHistory: o.SuccessfulHistory(), FailedHistory: o.FailedHistory(),
		Generation: o.Generation, Gradual: o.RolloutStrategy() == v1alpha1.RolloutGradual,
	}
	var looks looks
	for i := range s.plan.Triggers {
		in.Triggers = append(in.Triggers, s.look(i, &looks))
	}
	in.Spent = looks.spent
	s.timed(s.id, looks.newest)
	live := !s.listed || s.unseen.Overdue(in.Now)
	var err error
	in.Jobs, err = s.jobs(ctx, live, in.Strategy.UsesPending(), scaling.PendingPodConditions)
	if err != nil {
		return in, err
	}
	in.Expected, s.listed = s.unseen.Expected(in.Jobs, live, in.Now), true
	s.askAgain(looks)
	return in, nil
}

// looks is what the samples that count are worth together.
type looks struct {
	// spent says that one of them was read, at least in part, before the last
	// decision was carried out: its messages may be taken by now, and their Jobs
	// finished.
	spent bool
	// news says that one of them was not looked at before; newest is the last of these.
	news   bool
	newest sample.Sample
}

// askAgain asks the sources once more where samples are spent although there are
// news, so that the Jobs for these need not wait for the next poll.
func (s *scaledJob) askAgain(l looks) {
	if l.spent && (l.news || s.owed) && !s.woken {
		s.woken, s.owed = true, false
		s.Poller.Wake(s.id)
	}
}

func waiting(triggers []jobs.Trigger) bool {
	return slices.ContainsFunc(triggers, func(t jobs.Trigger) bool { return t.Waiting })
}

// look reads the latest sample of one trigger: its queue is the sum of its
// metrics, and the target their mean, where metrics with a target of type Value
// count as zero.
func (s *scaledJob) look(index int, looks *looks) jobs.Trigger {
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
	this := attempt{t.Binding.Query.Key, latest.Seq}
	fresh := s.counted[index] != this
	if fresh {
		looks.newest = newer(looks.newest, latest, s.planned)
	}
	out.Waiting, s.counted[index] = false, this
	for i := range t.Metrics {
		m := &metricState{trigger: t, metric: &t.Metrics[i], reading: i, series: s.series[index][i]}
		value, active, err := read(latest, m)
		if err != nil {
			out.Err = err.Error()
		}
		if fresh {
			m.record(latest, value, active, err)
		}
		out.QueueLength += value
		out.Active = out.Active || active
		if t.MetricType != autoscalingv2.ValueMetricType {
			out.Target += m.metric.Target / float64(len(t.Metrics))
		}
	}
	if out.Counts() {
		looks.news = looks.news || fresh
		looks.spent = looks.spent || !latest.At.Add(-latest.Took).After(s.since)
	}
	return out
}
