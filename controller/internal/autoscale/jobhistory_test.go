// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	testclock "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// history is one life of a ScaledJob: a cluster in which everything goes wrong that
// can, and the controllers that lead one after the other.
type history struct {
	*rapid.T
	clock     *testclock.FakeClock
	metrics   *observe.Metrics
	cluster   *cluster
	processes []*process
	leader    *process
	since     time.Time // when the present leader began to look at the object
	id        sample.Object

	reference
	queues               []messages
	targets, activations []float64
	conditions           bool // pendingPodConditions
	gradual, foreground  bool
	keep                 int
	generation           int64

	arrived int
	reads   map[string]reading
	sent    map[string][]*decision // who wanted a Job of this name
	late    []request
	nesting int
	waiting *process // it waits for an answer
	calm    bool     // no faults any more
}

// reading is a read of a queue that is under way: its length when it began.
type reading struct {
	began  time.Time
	length float64
}

// request is one that the API server has not carried out yet.
type request struct {
	job    *batchv1.Job
	of     *decision
	by     *process
	expiry time.Time
}

func queueName(i int) string { return fmt.Sprint("queue", i) }

// draw is a random number below n.
func (h *history) draw(what string, n int) int { return rapid.IntRange(0, n-1).Draw(h.T, what) }

// chance is true once in n times.
func (h *history) chance(what string, n int) bool { return h.draw(what, n) == n-1 }

func newHistory(t *rapid.T, metrics *observe.Metrics) *history {
	h := &history{
		T: t, clock: testclock.NewFakeClock(start), metrics: metrics, generation: 1,
		id:    sample.Object{Kind: v1alpha1.KindScaledJob, Namespace: "default", Name: "work"},
		reads: map[string]reading{}, sent: map[string][]*decision{},
	}
	h.reference = reference{
		strategy:    []v1alpha1.ScalingStrategyType{"default", "custom", "accurate", "eager"}[h.draw("strategy", 4)],
		calculation: []v1alpha1.MultipleScalersCalculation{"max", "min", "avg", "sum"}[h.draw("calculation", 4)],
		maximum:     1 + h.draw("maximum", 6), minimum: max(0, h.draw("minimum", 8)-4),
	}
	if h.strategy == "custom" {
		h.deduction, h.share = h.draw("deduction", 3), float64(h.draw("share", 5))/4
	}
	for i := range 1 + h.draw("queues", 3) {
		h.queues = append(h.queues, messages{visible: h.chance(fmt.Sprint("visible", i), 2)})
		h.targets = append(h.targets, float64(1+h.draw("target", 2)))
		h.activations = append(h.activations, float64(h.draw("activation", 2)))
	}
	h.conditions, h.gradual, h.foreground = h.chance("conditions", 2), h.chance("gradual", 2), h.chance("foreground", 2)
	h.keep = h.draw("history", 3)
	h.cluster = newCluster(h.clock.Now, h.queues...)
	h.lead(0)
	return h
}

// lead makes a new process the leader, whose cache has seen some changes.
func (h *history) lead(seen int) {
	h.pass()
	h.begins()
	h.leader = newProcess(h, seen)
	h.pass()
}

// begins says that a leader begins to look at the object. Where the newest Job is gone
// it cannot know the next name, and what was sent before is too late.
func (h *history) begins() {
	h.since = h.clock.Now()
	if h.cluster.jobs[h.cluster.newest] == nil {
		h.cluster.epoch++
	}
}

func (h *history) pass() { h.clock.Step(time.Millisecond) }

// plan is the present spec.
func (h *history) plan() *ScaledJobPlan {
	o := &v1alpha1.ScaledJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "work", UID: "work", Generation: h.generation},
		Spec: v1alpha1.ScaledJobSpec{
			JobTargetRef:    &batchv1.JobSpec{},
			MinReplicaCount: new(int32(h.minimum)), MaxReplicaCount: new(int32(h.maximum)),
			SuccessfulJobsHistoryLimit: new(int32(h.keep)), FailedJobsHistoryLimit: new(int32(h.keep)),
			Rollout: &v1alpha1.Rollout{},
			ScalingStrategy: &v1alpha1.ScalingStrategy{
				Strategy: h.strategy, MultipleScalersCalculation: h.calculation,
				CustomScalingQueueLengthDeduction: new(int32(h.deduction)), CustomScalingRunningJobPercentage: fmt.Sprint(h.share),
			},
		},
	}
	if h.gradual {
		o.Spec.Rollout.Strategy = v1alpha1.RolloutGradual
	}
	if h.foreground {
		o.Spec.Rollout.PropagationPolicy = "foreground"
	}
	if h.conditions {
		o.Spec.ScalingStrategy.PendingPodConditions = []corev1.PodConditionType{"Taken"}
	}
	plan := &ScaledJobPlan{Object: o}
	for i := range h.queues {
		plan.Triggers = append(plan.Triggers, Trigger{
			Index: i, Type: "redis", MetricType: "AverageValue",
			Metrics: []Metric{{FullName: fmt.Sprintf("s%d-%s", i, queueName(i)), Metric: trigger.Metric{Target: h.targets[i], Activation: h.activations[i]}}},
			Binding: &scaler.Binding{Server: "fake", Query: scaler.Query{Key: queueName(i)}},
		})
	}
	return plan
}

// appeared checks a Job that the API server has just made: one of the decisions that
// asked for it allows it. One that somebody deleted before its answer came may be
// made again.
func (h *history) appeared(name string) {
	unfinished := len(h.cluster.unfinished())
	for _, d := range h.sent[name] {
		if (d.created[name] || len(d.created) < d.most) && unfinished <= d.maximum {
			d.created[name] = true
			return
		}
	}
	d := h.sent[name][len(h.sent[name])-1]
	h.Fatalf("%s is one too many: %d of %d created, %d unfinished of at most %d, %+v by %+v",
		name, len(d.created), d.most, unfinished, d.maximum, d.queues, d.reference)
}

// tooLate says that a request took longer than the model allows. Names tell requests
// apart that two leaders send, as long as the newest Job is there, by which a leader
// knows the next name, and Jobs are not created and deleted meanwhile.
func (h *history) tooLate(job *batchv1.Job, d *decision) bool {
	_, used := h.cluster.used[job.Name]
	return d.epoch != h.cluster.epoch || used && h.cluster.jobs[job.Name] == nil
}

// land carries out a request whose answer nobody waits for any more.
func (h *history) land() {
	if len(h.late) == 0 {
		return
	}
	r := h.late[0]
	h.late = h.late[1:]
	if h.clock.Now().After(r.expiry) || h.tooLate(r.job, r.of) {
		return
	}
	if h.cluster.create(r.job, r.by) == nil {
		h.appeared(r.job.Name)
	}
}

// meanwhile lets things happen while a process waits for an answer. It may lose the
// lead, and may or may not notice before it goes on.
func (h *history) meanwhile(p *process) {
	if h.nesting > 0 {
		return
	}
	h.nesting, h.waiting = 1, p
	defer func() { h.nesting, h.waiting = 0, nil }()
	actions := h.actions()
	delete(actions, "")
	names := slices.Sorted(maps.Keys(actions))
	for range h.draw("meanwhile", 12) {
		actions[rapid.SampledFrom(names).Draw(h.T, "action")](h.T)
	}
}

// oldSnapshot is a recent moment at which a new process's cache may begin.
func (h *history) oldSnapshot() int {
	return max(0, len(h.cluster.log)-h.draw("behind", 6))
}

// pick is a random Job.
func (h *history) pick(act func(name string)) {
	if names := h.cluster.names(); len(names) > 0 {
		act(names[h.draw("job", len(names))])
	}
}

func (h *history) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"":         func(*rapid.T) { h.clock.Step(time.Duration(1+h.draw("milliseconds", 4000)) * time.Millisecond) },
		"evaluate": func(*rapid.T) { h.evaluate() },
		"poll":     func(*rapid.T) { h.poll() },
		"poll and evaluate": func(*rapid.T) {
			h.pass()
			h.pollAll()
			h.evaluate()
		},
		"messages arrive": func(*rapid.T) { h.arrive() },
		"start":           func(*rapid.T) { h.pick(h.cluster.start) },
		"take":            func(*rapid.T) { h.pick(h.cluster.take) },
		"complete":        func(*rapid.T) { h.pick(func(name string) { h.finish(name, batchv1.JobComplete) }) },
		"fail":            func(*rapid.T) { h.pick(func(name string) { h.cluster.end(name, batchv1.JobFailed) }) },
		"somebody deletes a Job": func(*rapid.T) {
			h.pick(func(name string) { h.cluster.remove(name, metav1.DeletePropagationBackground) })
		},
		"the cache shows": func(*rapid.T) { h.show() },
		"land":            func(*rapid.T) { h.land() },
		"restart":         func(*rapid.T) { h.restart() },
		"change the spec": func(*rapid.T) { h.change() },
		"pause and go on": func(*rapid.T) { h.pauseAndGoOn() },
	}
}

func (h *history) evaluate() {
	p := h.leader
	if p == h.waiting {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p.cancel = cancel
	h.pass()
	p.evaluate(ctx)
	h.pass()
}

func (h *history) arrive() {
	q, n := h.draw("queue", len(h.queues)), 1+h.draw("messages", 6)
	h.cluster.queues[q].waiting += n
	h.arrived += n
}

// finish completes a Job that has taken a message.
func (h *history) finish(name string, as batchv1.JobConditionType) {
	if h.cluster.jobs[name].message >= 0 {
		h.cluster.end(name, as)
	}
}

func (h *history) show() {
	for range h.draw("changes", 8) {
		if n := h.leader.view.behind(h.cluster); n > 0 {
			h.leader.view.show(h.draw("change", n))
		}
	}
}

// poll begins a read of a queue, or ends one that is under way.
func (h *history) poll() {
	name := queueName(h.draw("queue", len(h.queues)))
	r, reading := h.reads[name]
	if !reading {
		h.begin(name)
		return
	}
	h.answer(name, r)
}

func (h *history) begin(name string) {
	h.pass()
	var i int
	if _, err := fmt.Sscanf(name, "queue%d", &i); err != nil {
		h.Fatalf("%v", err)
	}
	h.reads[name] = reading{h.clock.Now(), float64(h.cluster.queues[i].length())}
}

func (h *history) answer(name string, r reading) {
	h.pass()
	var err error
	if !h.calm && h.chance("poll fails", 8) {
		err = errors.New("no answer")
	}
	h.leader.samples.answer(name, r, h.clock.Now(), err)
	delete(h.reads, name)
}

func (h *history) pollAll() {
	for i := range h.queues {
		if name := queueName(i); h.reads[name] == (reading{}) {
			h.begin(name)
		}
		h.answer(queueName(i), h.reads[queueName(i)])
	}
}

// restart ends the leading process and starts another, whose cache is as old as it
// happens to be. The one before may be in the middle of something, and may or may
// not notice that it leads no more before it goes on.
func (h *history) restart() {
	if h.leader == h.waiting {
		h.leader.former = true
		if h.chance("it notices", 2) {
			h.leader.cancel()
		}
	}
	h.lead(h.oldSnapshot())
}

// change changes the spec.
func (h *history) change() {
	if h.leader == h.waiting {
		return
	}
	h.pass()
	h.generation++
	h.maximum, h.minimum = 1+h.draw("maximum", 6), max(0, h.draw("minimum", 8)-4)
	h.gradual = h.chance("gradual", 2)
	h.leader.ScaleJob(h.plan())
	h.pass()
}

// pauseAndGoOn stops scaling and starts it again. Somebody else asks the same
// queues, so that their samples are still there.
func (h *history) pauseAndGoOn() {
	if h.leader == h.waiting {
		return
	}
	h.pass()
	h.leader.Stop(h.id)
	h.begins()
	h.leader.ScaleJob(h.plan())
	h.pass()
}
