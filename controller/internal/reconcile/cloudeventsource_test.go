// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	eventingv1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/eventing"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
)

// sourcesWorld is a reconciler of CloudEventSources whose check says what a test
// tells it, and whose cache shows no status, as a cache that lags behind does.
type sourcesWorld struct {
	*cloudEventSources
	failure error
	patches []string
}

func newSourcesWorld(t *testing.T) *sourcesWorld {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := eventingv1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	w := &sourcesWorld{}
	source := &eventingv1alpha1.CloudEventSource{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "a", UID: "1", Generation: 1},
		Spec:       eventingv1alpha1.CloudEventSourceSpec{Destination: eventingv1alpha1.Destination{HTTP: &eventingv1alpha1.CloudEventHTTP{URI: "http://sink"}}},
	}
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(source).WithInterceptorFuncs(interceptor.Funcs{
		SubResourcePatch: func(_ context.Context, _ client.Client, subresource string, o client.Object, p client.Patch, _ ...client.SubResourcePatchOption) error {
			data, err := p.Data(o)
			w.patches = append(w.patches, subresource+" "+string(data))
			return err
		},
	}).Build()
	registry := prometheus.NewRegistry()
	w.cloudEventSources = &cloudEventSources{
		CloudEventSources: &CloudEventSources{
			Client: c, Metrics: observe.New(registry, "", ""), Check: func(context.Context, *eventing.Source) error { return w.failure },
			Hub: eventing.New(eventing.Options{Sources: c, Metrics: eventing.NewMetrics(registry), Clock: clocktesting.NewFakeClock(time.Now()), Log: logr.Discard()}),
		},
		kind: eventingv1alpha1.KindCloudEventSource, new: func() client.Object { return &eventingv1alpha1.CloudEventSource{} },
		reported: map[types.NamespacedName]reported{},
	}
	return w
}

func (w *sourcesWorld) reconcile(t *testing.T) ctrl.Result {
	t.Helper()
	result, err := w.Reconcile(t.Context(), ctrl.Request{NamespacedName: types.NamespacedName{Namespace: "shop", Name: "a"}})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestCloudEventSourceStatusIsWrittenWhenItChanges: one patch for each change, none
// for a message that only names other ports, and none because the cache lags.
//
// Differs: CloudEvents
// KEDA: The condition of a failed source says only that it failed.
// Here: It says what the sink answered, or what the authentication lacks.
// Why: Whoever wonders why no events arrive looks there first.
// Old: not available
func TestCloudEventSourceStatusIsWrittenWhenItChanges(t *testing.T) {
	w := newSourcesWorld(t)
	key := types.NamespacedName{Namespace: "shop", Name: "a"}
	wrote := func(n int, words ...string) {
		t.Helper()
		if len(w.patches) != n {
			t.Fatalf("there are %d patches, want %d: %q", len(w.patches), n, w.patches)
		}
		for _, word := range words {
			if !strings.Contains(w.patches[n-1], word) {
				t.Errorf("the patch is %s, want %q", w.patches[n-1], word)
			}
		}
	}
	for range 3 {
		if again := w.reconcile(t).RequeueAfter; again != 0 {
			t.Errorf("a source that works is looked at again in %s", again)
		}
	}
	wrote(1, "status ", `"reason":"CloudEventSourceActive","status":"True","type":"Active"`)

	w.failure = errors.New("port 4711 is closed")
	if again := w.reconcile(t).RequeueAfter; again != checkRetry {
		t.Errorf("a source that fails is looked at again in %s", again)
	}
	wrote(2, `"status":"False"`, "CloudEventSourceFailed", "port 4711 is closed")
	w.failure = errors.New("port 4712 is closed")
	if again := w.reconcile(t).RequeueAfter; again != checkRetry {
		t.Errorf("a source that fails otherwise is looked at again in %s", again)
	}
	wrote(2)

	last := w.reported[key]
	last.at = last.at.Add(-mistakeRetry)
	w.reported[key] = last
	w.reconcile(t)
	wrote(3, "port 4712 is closed")

	var source eventingv1alpha1.CloudEventSource
	if err := w.Client.Get(t.Context(), key, &source); err != nil {
		t.Fatal(err)
	}
	source.Generation = 2
	if err := w.Client.Update(t.Context(), &source); err != nil {
		t.Fatal(err)
	}
	w.failure = errors.New("port 4713 is closed")
	w.reconcile(t)
	wrote(4, "port 4713 is closed")
	w.failure = nil
	w.reconcile(t)
	wrote(5, `"status":"True"`)

	if err := w.Client.Delete(t.Context(), &source); err != nil {
		t.Fatal(err)
	}
	w.reconcile(t)
	if len(w.reported) > 0 {
		t.Errorf("of a source that is gone is left %v", w.reported)
	}
}

// TestConditionsOfOthersStay: what else is in the status is not touched.
func TestConditionsOfOthersStay(t *testing.T) {
	w := newSourcesWorld(t)
	object := &eventingv1alpha1.CloudEventSource{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "a", UID: "1"}}
	now := metav1.NewTime(time.Unix(0, 0))
	object.Status.Conditions.Set("Other", metav1.ConditionTrue, "Because", "", now)
	object.Status.Conditions.Set(v1alpha1.ConditionActive, metav1.ConditionUnknown, "", "", now)
	source := eventing.SourceOf(object)
	if _, err := w.report(t.Context(), object, source, nil); err != nil {
		t.Fatal(err)
	}
	if len(w.patches) != 1 || !strings.Contains(w.patches[0], `"type":"Other"`) {
		t.Errorf("patches %q", w.patches)
	}
	if object.Status.Conditions.Get(v1alpha1.ConditionActive).Status != metav1.ConditionUnknown {
		t.Error("the cached object was changed")
	}
}
