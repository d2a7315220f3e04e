// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package eventing_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	testclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
	kedav1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/eventing"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/eventsink"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)

// world is a Hub with real HTTP, a clock that is stepped, and objects that stand
// in no cluster.
type world struct {
	*testing.T
	client   client.WithWatch
	clock    *testclock.FakeClock
	registry *prometheus.Registry
	http     *eventing.HTTP
	hub      *eventing.Hub
}

func newWorld(t *testing.T, objects ...client.Object) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, kedav1alpha1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	w := &world{T: t, client: fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build(), clock: testclock.NewFakeClock(start), registry: prometheus.NewRegistry()}
	w.http = &eventing.HTTP{
		ClusterName: "kubernetes-default", Namespace: "keda", Transport: &http.Transport{}, Timeout: 10 * time.Second,
		Auth: &auth.Resolver{Reader: w.client, Objects: w.client, ClusterNamespace: "keda"}, Token: eventing.AzureToken,
	}
	w.hub = eventing.New(eventing.Options{Sources: w.client, Sender: w.http, Metrics: eventing.NewMetrics(w.registry), Clock: w.clock, Log: logr.Discard()})
	return w
}

// run delivers until the test ends.
func (w *world) run() *world {
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := w.hub.Run(ctx); err != nil {
			w.Error(err)
		}
	}()
	w.Cleanup(func() {
		cancel()
		<-done
	})
	return w
}

func subscription(included, excluded []v1alpha1.CloudEventType) v1alpha1.EventSubscription {
	return v1alpha1.EventSubscription{IncludedEventTypes: included, ExcludedEventTypes: excluded}
}

// spec is of a source that delivers to a URL.
func spec(uri string) v1alpha1.CloudEventSourceSpec {
	return v1alpha1.CloudEventSourceSpec{Destination: v1alpha1.Destination{HTTP: &v1alpha1.CloudEventHTTP{URI: uri}}}
}

func namespaced(namespace, name string, s v1alpha1.CloudEventSourceSpec) *v1alpha1.CloudEventSource {
	return &v1alpha1.CloudEventSource{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Generation: 1}, Spec: s}
}

func ofCluster(name string, s v1alpha1.CloudEventSourceSpec) *v1alpha1.ClusterCloudEventSource {
	return &v1alpha1.ClusterCloudEventSource{ObjectMeta: metav1.ObjectMeta{Name: name, Generation: 1}, Spec: s}
}

func keyOf(o client.Object) eventing.Key { return eventing.SourceOf(o).Key }

// happens emits an event about an object of namespace shop. Its message is the
// number of the event.
func (w *world) happens(kind v1alpha1.CloudEventType, number int) {
	w.hub.Emit(eventing.Event{
		Type: kind, Namespace: "shop", Kind: "ScaledObject", Name: "Consumer", Reason: "Because", Message: fmt.Sprint(number),
	})
}

// eventually waits for what other goroutines do.
func (w *world) eventually(what string, check func() error) {
	w.Helper()
	end := time.Now().Add(time.Minute)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			w.Fatalf("not in time: %s: %v", what, err)
		}
		time.Sleep(time.Millisecond)
	}
}

// gets waits until a sink has taken the events with these messages, in their
// order, and no others.
func (w *world) gets(sink *eventsink.Sink, messages ...string) {
	w.Helper()
	w.eventually(fmt.Sprintf("messages %q", messages), func() error {
		var got []string
		for _, e := range sink.Events() {
			got = append(got, e.Data.Message)
		}
		if !slices.Equal(got, messages) {
			return fmt.Errorf("there are %q", got)
		}
		return nil
	})
}

// pause waits until a queue pauses between two attempts, and lets the pause pass.
func (w *world) pause(d time.Duration) {
	w.Helper()
	w.eventually("a pause", func() error {
		if !w.clock.HasWaiters() {
			return errors.New("nobody waits")
		}
		return nil
	})
	w.clock.Step(d)
}

// changed waits until the hub tells of a source.
func (w *world) changed(source client.Object) {
	w.Helper()
	select {
	case e := <-w.hub.Changed(keyOf(source).Kind):
		if client.ObjectKeyFromObject(e.Object) != client.ObjectKeyFromObject(source) {
			w.Fatalf("%s changed", e.Object.GetName())
		}
	case <-time.After(time.Minute):
		w.Fatal("nothing changed")
	}
}

// failure is the message of a source's failure, empty without one.
func (w *world) failure(source client.Object) string {
	if err := w.hub.Failure(eventing.SourceOf(source)); err != nil {
		return err.Error()
	}
	return ""
}

// metrics lists the series of delivery as "labels value", without zeros.
func (w *world) metrics(zeros bool) string {
	w.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		w.Fatal(err)
	}
	var lines []string
	for _, family := range families {
		for _, m := range family.GetMetric() {
			var labels []string
			for _, label := range m.GetLabel() {
				labels = append(labels, label.GetName()+"="+label.GetValue())
			}
			value := m.GetGauge().GetValue() + m.GetCounter().GetValue()
			if value != 0 || zeros {
				lines = append(lines, fmt.Sprintf("%s{%s} %v", strings.TrimPrefix(family.GetName(), "keda_cloudeventsource_events_"), strings.Join(labels, ","), value))
			}
		}
	}
	return strings.Join(lines, "\n")
}

func secret(namespace, name string, data map[string]string) *corev1.Secret {
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string][]byte{}}
	for key, value := range data {
		s.Data[key] = []byte(value)
	}
	return s
}

func authentication(namespace, name string, spec kedav1alpha1.TriggerAuthenticationSpec) client.Object {
	meta := metav1.ObjectMeta{Namespace: namespace, Name: name}
	if namespace == "" {
		return &kedav1alpha1.ClusterTriggerAuthentication{ObjectMeta: meta, Spec: spec}
	}
	return &kedav1alpha1.TriggerAuthentication{ObjectMeta: meta, Spec: spec}
}

// update changes an object as a user would.
func (w *world) update(o client.Object) {
	w.Helper()
	var current client.Object = &v1alpha1.CloudEventSource{}
	if _, ok := o.(*corev1.Secret); ok {
		current = &corev1.Secret{}
	}
	if err := w.client.Get(w.Context(), types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetName()}, current); err != nil {
		w.Fatal(err)
	}
	o.SetResourceVersion(current.GetResourceVersion())
	if err := w.client.Update(w.Context(), o); err != nil {
		w.Fatal(err)
	}
}
