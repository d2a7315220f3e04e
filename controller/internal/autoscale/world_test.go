// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	testclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/actuate"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/poll"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/workload"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// world is an engine with everything around it faked but the poller: an API
// server that knows one replica count for all, and a source with one value for
// all.
type world struct {
	*Engine
	api    *api
	source *fakeSource
	clock  *testclock.FakeClock
	events *recorder
}

// api is what the engine writes to and reads from.
type api struct {
	client.Client // panics when something unexpected is asked

	mu        sync.Mutex
	replicas  int32
	readErr   error // of the replicas
	scaleErr  error
	scaling   func(name string) error // if set, says what a write of the count comes to
	patches   []string
	jobs      []batchv1.Job // as the cache shows them
	created   []string
	createErr error
	deleted   []string
}

func (a *api) Get(_ context.Context, _ client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	d, ok := o.(*appsv1.Deployment)
	if !ok || a.readErr != nil {
		return errors.Join(a.readErr)
	}
	d.Spec.Replicas = new(a.replicas)
	return nil
}

func (a *api) List(_ context.Context, l client.ObjectList, _ ...client.ListOption) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if jobs, ok := l.(*batchv1.JobList); ok {
		jobs.Items = append(jobs.Items, a.jobs...)
	}
	return a.readErr
}

func (a *api) Create(_ context.Context, o client.Object, _ ...client.CreateOption) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.created = append(a.created, o.GetName())
	return a.createErr
}

func (a *api) Delete(_ context.Context, o client.Object, _ ...client.DeleteOption) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.deleted = append(a.deleted, o.GetName())
	return nil
}

func (a *api) Status() client.SubResourceWriter { return subresource{a, "status"} }

func (a *api) SubResource(name string) client.SubResourceClient { return subresource{a, name} }

func (a *api) written() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.patches...)
}

type subresource struct {
	*api
	name string
}

func (s subresource) Patch(_ context.Context, o client.Object, patch client.Patch, _ ...client.SubResourcePatchOption) error {
	if s.name == "scale" && s.scaling != nil {
		if err := s.scaling(o.GetName()); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	data, err := patch.Data(o)
	if s.name == "scale" && s.scaleErr != nil {
		return s.scaleErr
	}
	s.patches = append(s.patches, s.name+" "+string(data))
	return err
}

func (s subresource) Get(context.Context, client.Object, client.Object, ...client.SubResourceGetOption) error {
	panic("not in this test")
}

func (s subresource) Create(context.Context, client.Object, client.Object, ...client.SubResourceCreateOption) error {
	panic("not in this test")
}

func (s subresource) Update(context.Context, client.Object, ...client.SubResourceUpdateOption) error {
	panic("not in this test")
}

func (s subresource) Apply(context.Context, runtime.ApplyConfiguration, ...client.SubResourceApplyOption) error {
	panic("not in this test")
}

// recorder keeps the reasons and notes of events.
type recorder struct {
	mu   sync.Mutex
	told []string
}

func (r *recorder) Eventf(_, _ runtime.Object, _, reason, _, note string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, reason+": "+fmt.Sprintf(note, args...))
}

// fakeSource answers every query with one value.
type fakeSource struct {
	mu    sync.Mutex
	value float64
	err   error
}

func (f *fakeSource) set(value float64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.value, f.err = value, err
}

func (f *fakeSource) Read(_ context.Context, queries []scaler.Query) []scaler.Result {
	f.mu.Lock()
	defer f.mu.Unlock()
	results := make([]scaler.Result, len(queries))
	for i := range results {
		results[i] = scaler.Result{Readings: []scaler.Reading{{Value: f.value}}}
		if f.err != nil {
			results[i] = scaler.Result{Err: f.err}
		}
	}
	return results
}

func (*fakeSource) Close() error { return nil }

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{api: &api{}, source: &fakeSource{}, clock: testclock.NewFakeClock(start), events: &recorder{}}
	poller := poll.New(poll.Options{Clock: w.clock, Changed: func(id sample.Object) { w.Changed(id) }})
	w.Engine = New(Options{
		Poller: poller, Store: sample.NewStore(), Workloads: &workload.Reader{Cache: w.api, Live: w.api},
		Actuator: &actuate.Actuator{Client: w.api}, Cache: w.api, Live: w.api,
		ScaledObjects: report.NewScaledObjects(w.api, w.events, w.clock), ScaledJobs: report.NewScaledJobs(w.api, w.events, w.clock),
		Metrics: observe.New(prometheus.NewRegistry(), "", ""), Clock: w.clock, Log: logr.Discard(),
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = poller.Run(ctx) // nil
	}()
	tb.Cleanup(func() {
		cancel()
		<-done
	})
	return w
}

// object is a ScaledObject with one trigger. change adapts it.
func object(name string, change func(*v1alpha1.ScaledObject)) *v1alpha1.ScaledObject {
	o := &v1alpha1.ScaledObject{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(name), Generation: 1, CreationTimestamp: metav1.NewTime(start.Add(-time.Hour))},
		Spec: v1alpha1.ScaledObjectSpec{
			ScaleTargetRef: &v1alpha1.ScaleTarget{Name: name},
			CooldownPeriod: new(int32(10)),
			Triggers:       []v1alpha1.ScaleTrigger{{Type: "redis"}},
		},
	}
	if change != nil {
		change(o)
	}
	return o
}

// plan asks the world's source for the object's one metric.
func (w *world) plan(o *v1alpha1.ScaledObject) *ScaledObjectPlan {
	return &ScaledObjectPlan{
		Object:   o,
		Target:   workload.Ref{Namespace: o.Namespace, Name: o.Name, GVK: appsv1.SchemeGroupVersion.WithKind("Deployment"), Resource: "deployments"},
		Triggers: []Trigger{w.trigger(o.Name, 0)},
	}
}

func (w *world) trigger(list string, index int) Trigger {
	return Trigger{
		Index: index, Type: "redis", MetricType: "AverageValue",
		Metrics: []Metric{{Metric: trigger.Metric{Name: "redis-" + list, Target: 5}, FullName: fmt.Sprintf("s%d-redis-%s", index, list)}},
		Binding: &scaler.Binding{
			Server: "fake", Address: "fake:6379", Query: scaler.Query{Key: list},
			Open: func(context.Context) (scaler.Source, error) { return w.source, nil },
		},
	}
}

// ask asks the sources of an object now.
func (w *world) ask(tb testing.TB, id sample.Object) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := w.Poller.Ask(ctx, id); err != nil && !errors.Is(err, poll.ErrResting) {
		tb.Fatal(err)
	}
}

// look evaluates an object once and returns when it is to be looked at again.
func (w *world) look(tb testing.TB, id sample.Object) time.Time {
	tb.Helper()
	again, err := w.evaluate(context.Background(), id, w.subject(id))
	if err != nil {
		tb.Fatal(err)
	}
	return again
}
