// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package autoscale takes objects from new samples to actions: it observes
// (samples, replicas, Jobs), lets the pure packages scale, jobs, fallback and
// formula decide, has actuate act, publishes the answers that the metrics
// adapters mirror, and reports. Reconcilers register plans; poll says when an
// object has a new sample. An object is worked on by one goroutine at a time.
package autoscale

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/actuate"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/poll"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/workload"
)

// Options are the engine's collaborators and settings.
type Options struct {
	// Poller holds the samples; in the process it is a *poll.Poller.
	Poller Poller
	// Store takes the answers for the metrics adapters.
	Store *sample.Store
	// Workloads reads scale targets; Actuator writes to them.
	Workloads *workload.Reader
	Actuator  *actuate.Actuator
	// Cache and Live read Jobs and pods: Live is used where a cache that is
	// behind would cost a Job too many.
	Cache, Live client.Reader
	// ScaledObjects and ScaledJobs write status and events.
	ScaledObjects *report.ScaledObjects
	ScaledJobs    *report.ScaledJobs
	// Metrics receives what happened, for Prometheus.
	Metrics *observe.Metrics
	// HPAPeriod is how often the HPA controller looks at a metric; default 15 s.
	HPAPeriod time.Duration
	// Workers evaluate objects side by side; default 8. Half as many more do so for
	// objects whose last evaluation failed, which an API server may take long to refuse:
	// however many these are, they keep no others waiting.
	Workers int
	// Version is put on the labels of Jobs.
	Version string
	Clock   clock.WithTicker
	Log     logr.Logger
}

// Poller asks event sources; *poll.Poller says how each method works.
type Poller interface {
	Subscribe(s poll.Subscription)
	SetInterval(id sample.Object, interval time.Duration)
	Unsubscribe(id sample.Object)
	Latest(server, key string) (sample.Sample, bool)
	Ask(ctx context.Context, id sample.Object, only ...*scaler.Binding) error
	Wake(id sample.Object)
}

// subject is an object that can be evaluated.
type subject interface {
	// evaluate observes, decides, acts and reports once. It returns when to look
	// again although nothing new came in; zero means never.
	evaluate(ctx context.Context) (time.Time, error)
	// stop waits for an evaluation in progress, and makes later ones do nothing.
	stop()
}

// Engine evaluates registered objects.
type Engine struct {
	Options
	queue   workqueue.TypedRateLimitingInterface[sample.Object]
	failing workqueue.TypedInterface[sample.Object] // from the queue, those that failed last time

	mu        sync.RWMutex
	subjects  map[sample.Object]subject
	settled   map[sample.Object]struct{} // published or stopped by this process; nil once Expect was called
	unsettled map[sample.Object]struct{} // those that Expect named and that are not
}

// New returns an engine that works while Run runs.
func New(o Options) *Engine {
	if o.HPAPeriod <= 0 {
		o.HPAPeriod = 15 * time.Second
	}
	if o.Workers <= 0 {
		o.Workers = 8
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[sample.Object](100*time.Millisecond, 30*time.Second)
	return &Engine{
		Options:  o,
		subjects: map[sample.Object]subject{},
		settled:  map[sample.Object]struct{}{},
		queue: workqueue.NewTypedRateLimitingQueueWithConfig(limiter, workqueue.TypedRateLimitingQueueConfig[sample.Object]{
			Name: "autoscale", Clock: o.Clock,
		}),
		failing: workqueue.NewTyped[sample.Object](),
	}
}

// Run evaluates objects until ctx ends.
func (e *Engine) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	for range e.Workers {
		workers.Go(func() { serve(e.queue, func(id sample.Object) { e.next(ctx, id) }) })
	}
	for range max(1, e.Workers/2) {
		workers.Go(func() { serve(e.failing, func(id sample.Object) { e.work(ctx, id) }) })
	}
	<-ctx.Done()
	e.queue.ShutDown()
	e.failing.ShutDown()
	workers.Wait()
	return nil
}

// serve does the work of a queue until it is shut down.
func serve(queue workqueue.TypedInterface[sample.Object], do func(sample.Object)) {
	for {
		id, shutdown := queue.Get()
		if shutdown {
			return
		}
		do(id)
		queue.Done(id)
	}
}

// next evaluates an object, or leaves it to those who do so for objects that failed.
func (e *Engine) next(ctx context.Context, id sample.Object) {
	if e.queue.NumRequeues(id) > 0 {
		e.failing.Add(id)
		return
	}
	e.work(ctx, id)
}

// work evaluates an object, if it is still there, and has it evaluated again in time.
func (e *Engine) work(ctx context.Context, id sample.Object) {
	s := e.subject(id)
	if s == nil || ctx.Err() != nil {
		e.queue.Forget(id)
		return
	}
	again, err := e.evaluate(ctx, id, s)
	if err != nil {
		e.Log.Error(err, "cannot act on samples", "kind", id.Kind, "namespace", id.Namespace, "name", id.Name)
		e.queue.AddRateLimited(id)
		return
	}
	e.queue.Forget(id)
	if !again.IsZero() {
		e.queue.AddAfter(id, max(0, again.Sub(e.Clock.Now())))
	}
}

// evaluate evaluates an object, guarded.
func (e *Engine) evaluate(ctx context.Context, id sample.Object, s subject) (again time.Time, err error) {
	err = e.guarded(id, func() (err error) {
		again, err = s.evaluate(ctx)
		return err
	})
	return again, err
}

// Changed says that an object has new samples; poll calls it.
func (e *Engine) Changed(id sample.Object) { e.queue.Add(id) }

func (e *Engine) subject(id sample.Object) subject {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.subjects[id]
}

// Stop stops scaling an object: it is paused, deleted, or cannot be scaled as it
// is. Its answers are forgotten. When it returns, nothing acts on the object any
// more. stopped is false if it was not being scaled.
func (e *Engine) Stop(id sample.Object) (stopped bool) {
	e.mu.Lock()
	s := e.subjects[id]
	delete(e.subjects, id)
	e.mu.Unlock()
	e.Poller.Unsubscribe(id)
	if s != nil {
		s.stop()
	}
	e.Store.Forget(id)
	e.Metrics.Halt(id)
	e.settle(id)
	return s != nil
}

// register makes an object known and evaluates it soon: what it depends on may be
// there already. began is false if it was known before.
func (e *Engine) register(id sample.Object, s subject, subscription poll.Subscription) (began bool) {
	e.mu.Lock()
	_, known := e.subjects[id]
	e.subjects[id] = s
	e.mu.Unlock()
	if len(subscription.Bindings) > 0 {
		e.Poller.Subscribe(subscription)
	} else {
		e.Poller.Unsubscribe(id)
	}
	e.queue.Add(id)
	return !known
}

// Refresh asks the sources of one metric now and publishes what they say, for a metrics
// adapter that wants a fresher answer. It ends with ctx. Triggers that have
// useCachedMetrics are not asked, and neither are servers that rest; what a fallback
// answers for them follows what runs all the same.
func (e *Engine) Refresh(ctx context.Context, id sample.Object, metric string) error {
	s, ok := e.subject(id).(*scaledObject)
	if !ok {
		return fmt.Errorf("%s %s/%s is not being scaled", id.Kind, id.Namespace, id.Name)
	}
	if asked := s.asked(metric); len(asked) > 0 {
		if err := e.Poller.Ask(ctx, id, asked...); err != nil && !errors.Is(err, poll.ErrResting) {
			return err
		}
	}
	return e.guarded(id, func() error { return s.publishLatest(ctx) })
}

// Expect names the objects that exist when this process becomes the leader. Once
// each of them was published or stopped, the store is complete: until then the
// metrics adapters keep the answers of the leader before.
func (e *Engine) Expect(objects []sample.Object) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.unsettled = map[sample.Object]struct{}{}
	for _, id := range objects {
		if _, done := e.settled[id]; !done {
			e.unsettled[id] = struct{}{}
		}
	}
	e.settled = nil
	if len(e.unsettled) == 0 {
		e.Store.MarkComplete()
	}
}

// settle says that an object's answers are as they should be.
func (e *Engine) settle(id sample.Object) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.settled != nil {
		e.settled[id] = struct{}{}
	}
	if _, waited := e.unsettled[id]; !waited {
		return
	}
	delete(e.unsettled, id)
	if len(e.unsettled) == 0 {
		e.Store.MarkComplete()
	}
}

// guarded looks at an object. A panic costs this look, not the process.
func (e *Engine) guarded(id sample.Object, look func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("evaluating %s %s/%s panicked (%T); please report this as a bug", id.Kind, id.Namespace, id.Name, cause)
			e.Log.Error(err, "A panic was contained", "stack", string(debug.Stack()))
		}
	}()
	return look()
}
