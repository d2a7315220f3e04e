// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-logr/logr"
	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/actuate"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/poll"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// process is one controller: a real engine with its cache and its samples.
type process struct {
	*Engine
	*history
	view    *cache
	samples *samples
	former  bool // another process leads by now
	cancel  context.CancelFunc
	lists   int // how often the Jobs were listed in the present evaluation

	deciding    *decision
	queueJobsAt time.Time // when it last created a Job for a queue
	evaluatedAt time.Time // when it last came to a decision
	failedAt    time.Time // when it last could not list the Jobs
	requestAt   time.Time // when it last sent a request
	listedAt    time.Time // when it last listed the Jobs live
	listed      int       // the length of the cluster's log then
}

// decision is one evaluation as the model sees it.
type decision struct {
	reference
	queues   []measured
	oldest   time.Time       // when the first of the samples that count began to be read
	most     int             // what the reference allows
	exactly  int             // what it demands where nothing is in the way
	created  map[string]bool // Jobs that are there because of it
	answered int             // requests that were answered with success
	told     int             // Jobs that an event told of
	clear    bool            // nothing is in the way
	minimal  bool            // it is about the Jobs that always run
	epoch    int             // the cluster's when it began
	fresh    bool            // its samples began to be read after all that was done before
}

func newProcess(h *history, seen int) *process {
	p := &process{history: h, view: newCache(h.cluster, seen), samples: &samples{latest: map[string]sample.Sample{}}}
	live := liveClient{process: p}
	p.Engine = New(Options{
		Poller: p.samples, Store: sample.NewStore(), Actuator: &actuate.Actuator{Client: live},
		Cache: cacheClient{process: p}, Live: live,
		ScaledObjects: report.NewScaledObjects(live, p, h.clock), ScaledJobs: report.NewScaledJobs(live, p, h.clock),
		Metrics: h.metrics, Clock: h.clock, Log: logr.Discard(),
	})
	h.processes = append(h.processes, p)
	p.ScaleJob(h.plan())
	return p
}

// Eventf implements events.EventRecorder: it counts the Jobs that are told of.
func (p *process) Eventf(_, _ runtime.Object, _, reason, _, note string, args ...any) {
	if reason == v1alpha1.EventJobsCreated {
		n := 0
		if _, err := fmt.Sscanf(fmt.Sprintf(note, args...), "Created %d", &n); err != nil {
			p.Fatalf("event %q", fmt.Sprintf(note, args...))
		}
		p.deciding.told += n
	}
}

// evaluate lets the engine look at the object once, as it does after each poll.
func (p *process) evaluate(ctx context.Context) {
	p.deciding, p.lists = nil, 0
	_, err := p.subject(p.id).evaluate(ctx)
	if d := p.deciding; d != nil {
		p.check(d, err)
		p.evaluatedAt = p.clock.Now()
	}
}

// listing begins a decision, or makes it impossible.
func (p *process) listing(into client.ObjectList) error {
	if p.calm || !p.chance("list fails", 12) {
		if _, ok := into.(*batchv1.JobList); ok {
			p.deciding = p.decide()
		}
		return nil
	}
	p.failedAt = p.clock.Now()
	return errors.New("the list was lost")
}

// decide notes what a decision may come to, by what is really there.
func (p *process) decide() *decision {
	d := &decision{created: map[string]bool{}, reference: p.reference, oldest: p.clock.Now(), epoch: p.cluster.epoch}
	for i := range p.queues {
		m := measured{target: p.targets[i], activation: p.activations[i], unknown: true}
		if s, ok := p.samples.latest[queueName(i)]; ok {
			m.unknown, m.failed = false, s.Err != nil
			if s.Err == nil {
				m.length = s.Readings[0].Value
			}
			if began := s.At.Add(-s.Took); m.active() && began.Before(d.oldest) {
				d.oldest = began
			}
		}
		d.queues = append(d.queues, m)
	}
	unfinished := slices.DeleteFunc(p.cluster.unfinished(), p.cannotKnow)
	pending := 0
	for _, name := range unfinished {
		if !p.view.begun(name, p.conditions) {
			pending++
		}
	}
	d.most = d.atMost(d.queues, len(unfinished), pending)
	d.exactly = d.allowed(d.queues, len(unfinished), pending)
	d.minimal = len(unfinished) < d.least()
	// A request without an answer is waited for, and so is what a live list showed.
	settled := p.clock.Now().Sub(p.requestAt) >= time.Minute && p.clock.Now().Sub(p.listedAt) > 2*time.Second && len(p.late) == 0 && p.nesting == 0 && !p.former
	d.fresh = d.oldest.After(p.queueJobsAt) && d.oldest.After(p.failedAt) && d.oldest.After(p.since)
	d.clear = settled && (d.oldest.After(p.evaluatedAt) && d.fresh || d.minimal) && p.view.behind(p.cluster) == 0
	return d
}

// cannotKnow says that a former leader's request was carried out after this process
// has listed the Jobs for the first time, and that its cache does not show that yet.
// Names tell such a Job apart from those that this process wants.
func (p *process) cannotKnow(name string) bool {
	j := p.cluster.jobs[name]
	return j.by != p && j.since >= p.listed && p.view.jobs[name] == nil
}

// creating is what becomes of a request to create a Job, by its answer.
func (p *process) creating(ctx context.Context, job *batchv1.Job) error {
	d := p.deciding
	p.requestAt = p.clock.Now()
	if err := ctx.Err(); err != nil {
		return err
	}
	if !d.minimal {
		if !d.fresh {
			p.Fatalf("acts on what began to be read at %s; it acted at %s, could not list at %s and began at %s", d.oldest, p.queueJobsAt, p.failedAt, p.since)
		}
		defer func() { p.queueJobsAt = p.clock.Now() }()
	}
	p.sent[job.Name] = append(p.sent[job.Name], d)
	err := p.fate(ctx, job, d)
	switch {
	case err == nil:
		d.answered++
	case apierrors.IsAlreadyExists(err) && p.cannotKnow(job.Name):
		d.created[job.Name] = true
	}
	return err
}

func (p *process) fate(ctx context.Context, job *batchv1.Job, d *decision) error {
	if p.calm {
		return p.carryOut(job)
	}
	switch fate := p.draw("fate of a creation", 20); {
	case fate < 10:
		return p.carryOut(job)
	case fate < 12:
		d.clear = false
		return apierrors.NewForbidden(jobResource, job.Name, errors.New("quota"))
	case fate < 14: // the request is lost
		d.clear = false
		return errors.New("connection reset")
	case fate < 16: // the answer is lost
		d.clear = false
		_ = p.carryOut(job)
		return errors.New("connection reset")
	case fate < 17: // the answer is lost, and the request is on its way for a while
		d.clear = false
		p.late = append(p.late, request{job, d, p, p.clock.Now().Add(50 * time.Second)})
		return errors.New("timeout")
	default: // it takes its time, in which anything may happen
		d.clear = false
		p.meanwhile(p)
		p.deciding = d
		if err := ctx.Err(); err != nil {
			return err
		}
		return p.carryOut(job)
	}
}

// carryOut is the API server's part.
func (p *process) carryOut(job *batchv1.Job) error {
	if (p.former || p.nesting > 0) && p.tooLate(job, p.deciding) {
		return errors.New("connection refused")
	}
	err := p.cluster.create(job, p)
	if err == nil {
		p.appeared(job.Name)
	}
	return err
}

// deleting says that the engine deletes a Job.
func (p *process) deleting(name string) {
	if j := p.cluster.jobs[name]; !j.ended && generation(j.job) == fmt.Sprint(p.generation) {
		p.Fatalf("deletes %s, which is at work by the present spec", name)
	}
}

// check looks at a decision that was carried out.
func (p *process) check(d *decision, err error) {
	if d.told != d.answered {
		p.Fatalf("told of %d Jobs, created %d", d.told, d.answered)
	}
	if d.clear && err == nil && d.answered != d.exactly {
		p.Fatalf("nothing was in the way of %d Jobs, and %d were created: %+v by %+v", d.exactly, d.answered, d.queues, d.reference)
	}
}

// samples are the answers of the sources, as a Poller has them.
type samples struct {
	latest map[string]sample.Sample
	woken  bool
}

func (s *samples) Subscribe(poll.Subscription)                                  {}
func (s *samples) SetInterval(sample.Object, time.Duration)                     {}
func (s *samples) Unsubscribe(sample.Object)                                    {}
func (s *samples) Wake(sample.Object)                                           { s.woken = true }
func (s *samples) Ask(context.Context, sample.Object, ...*scaler.Binding) error { return nil }
func (s *samples) Latest(_, key string) (sample.Sample, bool) {
	latest, ok := s.latest[key]
	return latest, ok
}

// answer stores what a read of a queue came to.
func (s *samples) answer(key string, r reading, now time.Time, err error) {
	next := sample.Sample{At: now, Took: now.Sub(r.began), Err: err, Seq: s.latest[key].Seq + 1}
	if err == nil {
		next.Readings = []scaler.Reading{{Value: r.length}}
	}
	s.latest[key] = next
}
