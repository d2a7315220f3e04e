// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package eventing_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/eventing"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/eventsink"
)

const (
	ready  = v1alpha1.ScaledObjectReadyType
	failed = v1alpha1.ScaledObjectFailedType
	paused = v1alpha1.ScaledObjectPausedType
)

// TestFilterOfOneSourceLeavesTheOthersAlone has three sources with filters of
// their own.
//
// Covers: field CloudEventSource.spec.eventSubscription.includedEventTypes; field CloudEventSource.spec.eventSubscription.excludedEventTypes
// Differs: CloudEvents
// KEDA: An event that the filter of one source excludes is not delivered to the sources that come after it either, in an order that changes from event to event.
// Here: The filter of a source decides about that source only.
// Why: Adding a source with a filter must not silence the others.
// Old: not available
func TestFilterOfOneSourceLeavesTheOthersAlone(t *testing.T) {
	all, some, most := eventsink.New(t), eventsink.New(t), eventsink.New(t)
	included, excluded := spec(some.URL), spec(most.URL)
	included.EventSubscription = subscription([]v1alpha1.CloudEventType{failed}, nil)
	excluded.EventSubscription = subscription(nil, []v1alpha1.CloudEventType{ready, paused})
	w := newWorld(t, namespaced("shop", "a", included), namespaced("shop", "b", spec(all.URL)), namespaced("shop", "c", excluded)).run()
	for i, kind := range []v1alpha1.CloudEventType{ready, failed, paused, v1alpha1.ScaledObjectRemovedType} {
		w.happens(kind, i)
	}
	w.gets(all, "0", "1", "2", "3")
	w.gets(some, "1")
	w.gets(most, "1", "3")
}

// TestSourceOfANamespaceHearsOfNoOther has sources in two namespaces and one of
// the cluster.
//
// Differs: CloudEvents
// KEDA: A CloudEventSource is sent the events of all namespaces.
// Here: It is sent those of its own namespace; a ClusterCloudEventSource is sent all, and those of ClusterTriggerAuthentications.
// Why: Who may write to one namespace must not learn what happens in the others.
// Old: use a ClusterCloudEventSource
func TestSourceOfANamespaceHearsOfNoOther(t *testing.T) {
	here, there, everywhere := eventsink.New(t), eventsink.New(t), eventsink.New(t)
	w := newWorld(t, namespaced("shop", "a", spec(here.URL)), namespaced("bank", "a", spec(there.URL)), ofCluster("a", spec(everywhere.URL))).run()
	for i, namespace := range []string{"shop", "bank", ""} {
		w.hub.Emit(eventing.Event{Type: ready, Namespace: namespace, Message: fmt.Sprint(i)})
	}
	w.gets(here, "0")
	w.gets(there, "1")
	w.gets(everywhere, "0", "1", "2")
	want := strings.Join([]string{
		"emitted_total{cloudeventsource=a,eventsink=http,namespace=,state=emitted} 1",
		"emitted_total{cloudeventsource=a,eventsink=http,namespace=bank,state=emitted} 2",
		"emitted_total{cloudeventsource=a,eventsink=http,namespace=shop,state=emitted} 2",
	}, "\n")
	w.eventually("the counters", func() error {
		if got := w.metrics(false); got != want {
			return fmt.Errorf("they are\n%s", got)
		}
		return nil
	})
}

// TestSinkThatComesBack gives a dead sink five chances, then reports it, and works
// again when it does.
//
// Covers: metric keda_cloudeventsource_events_emitted_total
// Differs: CloudEvents
// KEDA: After five failed attempts a source is inactive, and gets no event any more until its spec is changed or the operator restarts.
// Here: The event is given up, Active is False with what the sink answered, and with the next event that is taken Active is True again.
// Why: Sinks restart, and nobody should have to edit a source after that.
// Old: not available
// Differs: CloudEvents
// KEDA: Each failed attempt adds one to keda_cloudeventsource_events_emitted_total with state failed, so that an event which no attempt delivered counts five times, and one that the second attempt delivered counts as failed and as emitted.
// Here: An event counts once: as emitted, or as failed when it is given up.
// Why: The metric counts events, and what arrived late was not lost.
// Old: multiply the failed by five
func TestSinkThatComesBack(t *testing.T) {
	sink := eventsink.New(t)
	source := namespaced("shop", "a", spec(sink.URL))
	w := newWorld(t, source).run()
	sink.Answer(http.StatusServiceUnavailable)
	w.happens(failed, 1)
	for n, pause := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
		w.pause(pause - time.Nanosecond)
		if asked := sink.Asked(); asked != n+1 {
			t.Fatalf("asked %d times after %d pauses", asked, n)
		}
		w.clock.Step(time.Nanosecond)
	}
	w.changed(source)
	if got := w.failure(source); sink.Asked() != 5 || !strings.Contains(got, "after 5 attempts") || !strings.Contains(got, "503 Service Unavailable") {
		t.Errorf("asked %d times; the failure is %q", sink.Asked(), got)
	}
	sink.Answer(http.StatusOK)
	w.happens(ready, 2)
	w.changed(source)
	w.gets(sink, "2")
	if got := w.failure(source); got != "" {
		t.Errorf("the failure is %q", got)
	}
	if got := w.metrics(false); got != "emitted_total{cloudeventsource=a,eventsink=http,namespace=shop,state=emitted} 1\n"+
		"emitted_total{cloudeventsource=a,eventsink=http,namespace=shop,state=failed} 1" {
		t.Errorf("metrics:\n%s", got)
	}
}

// TestCorrectionCountsAtOnce: a source is read for each attempt, and what was said
// of the spec before does not count for the next.
func TestCorrectionCountsAtOnce(t *testing.T) {
	sink := eventsink.New(t)
	source := namespaced("shop", "a", spec("http://127.0.0.1:1/events"))
	w := newWorld(t, source).run()
	w.happens(ready, 1)
	w.pause(0)
	corrected := namespaced("shop", "a", spec(sink.URL))
	corrected.Generation = 2
	w.update(corrected)
	w.clock.Step(time.Second)
	w.gets(sink, "1")
	if w.failure(source) != "" || w.failure(corrected) != "" {
		t.Errorf("failures %q and %q", w.failure(source), w.failure(corrected))
	}
}

// TestSlowSinkDelaysNobodyElse: every source has a queue of its own.
//
// Covers: metric keda_cloudeventsource_events_queued
// Differs: CloudEvents
// KEDA: All sources share one queue of 1,024 events; while a sink is slow, the others wait, and an event that finds no room within ten seconds is lost to everybody.
// Here: Every source has a queue of 1,024 events; in a full one the oldest gives way, and is counted as failed.
// Why: A dead sink must not cost another its events, nor the newest the oldest.
// Old: not available
func TestSlowSinkDelaysNobodyElse(t *testing.T) {
	slow, quick := eventsink.New(t), eventsink.New(t)
	slowSource := namespaced("shop", "slow", spec(slow.URL))
	w := newWorld(t, slowSource, ofCluster("quick", spec(quick.URL))).run()
	slow.Hang()
	w.happens(ready, 0)
	w.eventually("the slow sink has the first event", func() error {
		if slow.Asked() != 1 {
			return fmt.Errorf("it was asked %d times", slow.Asked())
		}
		return nil
	})
	var all, kept []string
	for i := range 1024 + 3 {
		if i > 0 {
			w.happens(ready, i)
		}
		all = append(all, fmt.Sprint(i))
	}
	w.gets(quick, all...)
	if got := w.metrics(false); !strings.Contains(got, "queued{namespace=shop} 1024") || !strings.Contains(got, "cloudeventsource=slow,eventsink=http,namespace=shop,state=failed} 2") {
		t.Errorf("metrics:\n%s", got)
	}
	slow.Resume()
	kept = append([]string{"0"}, all[3:]...) // the first was on its way
	w.gets(slow, kept...)
	w.eventually("nothing is queued", func() error {
		if got := w.metrics(false); strings.Contains(got, "queued") {
			return fmt.Errorf("metrics:\n%s", got)
		}
		return nil
	})
}

// TestNothingIsLostBeforeTheHubRuns: what happens while a new leader starts is
// delivered.
func TestNothingIsLostBeforeTheHubRuns(t *testing.T) {
	sink := eventsink.New(t)
	w := newWorld(t, namespaced("shop", "a", spec(sink.URL)))
	w.happens(ready, 1)
	w.happens(failed, 2)
	if sink.Asked() > 0 {
		t.Fatal("it was delivered before Run")
	}
	w.run().gets(sink, "1", "2")
}

// TestForgottenSource leaves no series, and nothing is delivered to it any more.
func TestForgottenSource(t *testing.T) {
	sink := eventsink.New(t)
	source, twin := namespaced("shop", "a", spec(sink.URL)), ofCluster("a", spec(sink.URL))
	w := newWorld(t, source).run()
	w.hub.Track(eventing.SourceOf(source))
	w.hub.Track(eventing.SourceOf(twin))
	if got := w.metrics(true); strings.Count(got, "emitted_total{cloudeventsource=a,eventsink=http,namespace=shop,state=") != 2 || strings.Count(got, "queued{") != 2 {
		t.Errorf("series before the first event:\n%s", got)
	}
	sink.Answer(http.StatusBadGateway)
	w.happens(ready, 1)
	w.pause(0)
	w.hub.Forget(keyOf(source))
	w.hub.Forget(keyOf(twin))
	if got := w.metrics(true); got != "" {
		t.Errorf("series are left:\n%s", got)
	}
	if err := w.client.Delete(t.Context(), source); err != nil {
		t.Fatal(err)
	}
	w.clock.Step(time.Minute)
	asked := sink.Asked()
	w.happens(ready, 2)
	if sink.Asked() != asked || w.metrics(true) != "" {
		t.Errorf("a source that is gone is asked %d times, series:\n%s", sink.Asked()-asked, w.metrics(true))
	}
}

// TestSourceThatGoesWithEventsInItsQueue is forgotten by its queue.
func TestSourceThatGoesWithEventsInItsQueue(t *testing.T) {
	sink := eventsink.New(t)
	source := namespaced("shop", "a", spec(sink.URL))
	w := newWorld(t, source)
	w.happens(ready, 1)
	if err := w.client.Delete(t.Context(), source); err != nil {
		t.Fatal(err)
	}
	w.run().eventually("the series are gone", func() error {
		if got := w.metrics(true); got != "" {
			return fmt.Errorf("series:\n%s", got)
		}
		return nil
	})
	if sink.Asked() > 0 {
		t.Error("an event was delivered for a source that is gone")
	}
}

// TestSourceThatIsMadeAgain has a cache that shows a source as gone for a moment,
// in which something happens: that is for the source that took its place.
func TestSourceThatIsMadeAgain(t *testing.T) {
	sink := eventsink.New(t)
	w := newWorld(t, namespaced("shop", "a", spec(sink.URL)))
	var once sync.Once
	w.hub.Sources = interceptor.NewClient(w.client, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, options ...client.GetOption) (err error) {
			once.Do(func() {
				err = apierrors.NewNotFound(schema.GroupResource{}, key.Name)
				w.happens(failed, 2)
			})
			if err != nil {
				return err
			}
			return c.Get(ctx, key, o, options...)
		},
	})
	w.happens(ready, 1)
	w.run().gets(sink, "1", "2")
}

// TestFailureIsOfOneObject: what failed for a source that was deleted is not said
// of one that was created with its name, although both are of the first generation.
func TestFailureIsOfOneObject(t *testing.T) {
	sink := eventsink.New(t)
	sink.Answer(http.StatusServiceUnavailable)
	source, again := namespaced("shop", "a", spec(sink.URL)), namespaced("shop", "a", spec(sink.URL))
	source.UID, again.UID = "1", "2"
	w := newWorld(t, source).run()
	w.happens(ready, 1)
	for _, pause := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
		w.pause(pause)
	}
	w.changed(source)
	if w.failure(source) == "" || w.failure(again) != "" {
		t.Errorf("failures %q and %q", w.failure(source), w.failure(again))
	}
}

// TestFullQueueCountsWhatGaveWay: a source of the cluster loses an event of the
// namespace that filled its queue, not of the one that comes after it.
func TestFullQueueCountsWhatGaveWay(t *testing.T) {
	w := newWorld(t, ofCluster("a", spec("http://127.0.0.1:1")))
	for range 1024 {
		w.hub.Emit(eventing.Event{Type: ready, Namespace: "loud"})
	}
	w.happens(ready, 1)
	if got, want := w.metrics(false), "emitted_total{cloudeventsource=a,eventsink=http,namespace=loud,state=failed} 1\nqueued{namespace=} 1024"; got != want {
		t.Errorf("metrics:\n%s\nwant\n%s", got, want)
	}
}
