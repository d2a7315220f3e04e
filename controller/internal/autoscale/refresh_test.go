// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/poll"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// counted is a source of its own that counts how often it is asked, and answers no
// sooner than it is let.
type counted struct {
	reads atomic.Int32
	let   chan struct{}
}

func (c *counted) Read(ctx context.Context, queries []scaler.Query) []scaler.Result {
	c.reads.Add(1)
	results := make([]scaler.Result, len(queries))
	for i := range results {
		results[i].Readings = []scaler.Reading{{Value: 3}}
	}
	select {
	case <-c.let:
	case <-ctx.Done():
	}
	return results
}

func (*counted) Close() error { return nil }

func (c *counted) bind(t *Trigger, server string) {
	t.Binding.Server, t.Binding.Address, t.Binding.Timeout = server, server, 30*time.Second
	t.Binding.Open = func(context.Context) (scaler.Source, error) { return c, nil }
}

// TestCachedTriggerKeepsItsPollingInterval: while an object is active, its triggers are
// asked as often as the HPA looks at them, except those with useCachedMetrics.
func TestCachedTriggerKeepsItsPollingInterval(t *testing.T) {
	w := newWorld(t)
	o := object("web", func(o *v1alpha1.ScaledObject) { o.Spec.PollingInterval = new(int32(300)) })
	plan := w.plan(o)
	plan.Triggers = append(plan.Triggers, w.trigger("cached", 1))
	plan.Triggers[1].Cached = true
	recorded := &recordedPoller{Poller: w.Poller}
	w.Poller = recorded
	w.ScaleObject(plan)
	id := scaledObjectID(o)
	w.source.set(7, nil)
	w.ask(t, id)
	w.look(t, id)
	if b := recorded.subscribed.Bindings; recorded.interval != 15*time.Second || b[0].Floor != 0 || b[1].Floor != 300*time.Second {
		t.Errorf("an active object is asked every %s, its triggers not more often than every %s and %s", recorded.interval, b[0].Floor, b[1].Floor)
	}
}

// recordedPoller remembers how often an object is to be asked, and can do something in
// the moment before a subscription is made.
type recordedPoller struct {
	Poller
	before     func()
	subscribed poll.Subscription
	interval   time.Duration
}

func (r *recordedPoller) Subscribe(s poll.Subscription) {
	if r.before != nil {
		r.before()
	}
	r.subscribed, r.interval = s, s.Interval
	r.Poller.Subscribe(s)
}

func (r *recordedPoller) SetInterval(id sample.Object, interval time.Duration) {
	r.interval = interval
	r.Poller.SetInterval(id, interval)
}

// TestRefreshAsksWhatTheMetricIsMadeOf: a read of one metric neither waits for the slow
// source of another nor asks a source with useCachedMetrics.
func TestRefreshAsksWhatTheMetricIsMadeOf(t *testing.T) {
	w := newWorld(t)
	o := object("web", nil)
	id := scaledObjectID(o)
	cached, slow := &counted{let: make(chan struct{})}, &counted{let: make(chan struct{}, 1)}
	close(cached.let)
	plan := w.plan(o)
	plan.Triggers = append(plan.Triggers, w.trigger("cached", 1), w.trigger("slow", 2))
	plan.Triggers[1].Cached = true
	cached.bind(&plan.Triggers[1], "cached")
	slow.bind(&plan.Triggers[2], "slow")
	w.ScaleObject(plan)
	slow.let <- struct{}{}
	w.ask(t, id)
	w.look(t, id)
	before := cached.reads.Load()

	w.source.set(8, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := w.Refresh(ctx, id, "s0-redis-web"); err != nil {
		t.Fatal(err)
	}
	if got, _ := w.Store.Latest(id, "s0-redis-web"); got.Value != 8 {
		t.Errorf("the refreshed value is %v", got.Value)
	}
	for _, metric := range []string{"s1-redis-cached", "S1-Redis-Cached", "none"} {
		if err := w.Refresh(ctx, id, metric); err != nil {
			t.Errorf("%s: %v", metric, err)
		}
	}
	if n := cached.reads.Load() - before; n != 0 {
		t.Errorf("the source with useCachedMetrics was asked %d times", n)
	}
}

// TestFallbackFollowsWhatRuns: while a dead source is left alone, the answer of a
// fallback that keeps the replicas follows those that somebody else set.
func TestFallbackFollowsWhatRuns(t *testing.T) {
	const metric = "s0-redis-web"
	w, id := keeping(t, 8)
	w.ask(t, id)
	if again := w.look(t, id); again.IsZero() || again.After(w.clock.Now().Add(w.HPAPeriod/2)) {
		t.Errorf("it is looked at again at %s, now is %s", again, w.clock.Now())
	}
	if err := w.Poller.Ask(t.Context(), id); !errors.Is(err, poll.ErrResting) {
		t.Fatalf("the source is not left alone: %v", err)
	}
	w.api.replicas = 4
	if err := w.Refresh(t.Context(), id, metric); err != nil {
		t.Fatal(err)
	}
	if got, _ := w.Store.Latest(id, metric); got.Value != 4*5 {
		t.Errorf("the HPA is told %+v, want the value for 4 replicas", got)
	}
}
