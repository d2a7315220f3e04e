// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	testclock "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/actuate"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/autoscale"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/ownership"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/poll"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/workload"
)

// bench is a reconciler of ScaledObjects between an API server and a cache that may
// lag behind it, without an engine that evaluates.
type bench struct {
	*testing.T
	*ScaledObjects
	server   client.WithWatch // the API server
	told     *told
	registry *prometheus.Registry

	replicas int32 // of every workload
	// refuse ends requests other than reads with an error; they are called as in
	// "patch ScaledObject", "patch scale", "update HorizontalPodAutoscaler".
	refuse map[string]error
	// hidden objects are not in the cache yet.
	hidden func(client.Object) bool
	// kept objects are in the cache still.
	kept *autoscalingv2.HorizontalPodAutoscaler
	// read is called when an object was read from the cache.
	read func(client.Object)
}

// told keeps events as "Reason: note".
type told struct {
	mu     sync.Mutex
	events []string
}

func (r *told) Eventf(_, _ runtime.Object, _, reason, _, note string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, reason+": "+fmt.Sprintf(note, args...))
}

func (r *told) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() { r.events = nil }()
	return strings.Join(r.events, "\n")
}

// idlePoller asks nobody.
type idlePoller struct{ autoscale.Poller }

func (idlePoller) Subscribe(poll.Subscription) {}
func (idlePoller) Unsubscribe(sample.Object)   {}

// indexes are those of a fake client.
type indexes struct{ *fake.ClientBuilder }

func (i indexes) IndexField(_ context.Context, o client.Object, field string, value client.IndexerFunc) error {
	i.WithIndex(o, field, value)
	return nil
}

func newBench(t *testing.T, objects ...client.Object) *bench {
	t.Helper()
	b := &bench{T: t, told: &told{}, registry: prometheus.NewRegistry(), replicas: 3, refuse: map[string]error{}}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(appsv1.SchemeGroupVersion.WithKind("Deployment"), meta.RESTScopeNamespace)
	mapper.Add(appsv1.SchemeGroupVersion.WithKind("StatefulSet"), meta.RESTScopeNamespace)
	builder := fake.NewClientBuilder().WithScheme(scheme).WithRESTMapper(mapper).WithObjects(objects...).WithStatusSubresource(&v1alpha1.ScaledObject{})
	if err := ownership.Index(t.Context(), indexes{builder}); err != nil {
		t.Fatal(err)
	}
	b.server = builder.Build()
	live := interceptor.NewClient(b.server, b.writes(scheme, interceptor.Funcs{}))
	cached := interceptor.NewClient(b.server, b.writes(scheme, interceptor.Funcs{Get: b.cachedGet, List: b.cachedList}))
	events := report.NewScaledObjects(live, b.told, testclock.NewFakeClock(time.Now()))
	workloads, metrics := &workload.Reader{Cache: cached, Live: live}, observe.New(b.registry, "", "")
	b.ScaledObjects = &ScaledObjects{Status: events, Dependencies: Dependencies{
		Client: cached, Live: live, Auth: &auth.Resolver{Reader: live, Objects: cached}, References: NewReferences(), Metrics: metrics,
		Workloads: workloads, Actuator: &actuate.Actuator{Client: live},
		Engine: autoscale.New(autoscale.Options{
			Poller: idlePoller{}, Store: sample.NewStore(), Workloads: workloads, Cache: cached, Live: live, ScaledObjects: events, Metrics: metrics, Log: logr.Discard(),
		}),
	}}
	return b
}

// writes adds to funcs the requests that may be refused, and scales.
func (b *bench) writes(scheme *runtime.Scheme, funcs interceptor.Funcs) interceptor.Funcs {
	refused := func(verb string, o client.Object) error {
		gvks, _, err := scheme.ObjectKinds(o)
		return errors.Join(err, b.refuse[verb+" "+gvks[0].Kind])
	}
	funcs.Patch = func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
		if err := refused("patch", o); err != nil {
			return err
		}
		return c.Patch(ctx, o, p, opts...)
	}
	funcs.Update = func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
		if err := refused("update", o); err != nil {
			return err
		}
		return c.Update(ctx, o, opts...)
	}
	funcs.Create = func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
		if err := refused("create", o); err != nil {
			return err
		}
		return c.Create(ctx, o, opts...)
	}
	funcs.SubResourceGet = func(_ context.Context, _ client.Client, _ string, _, scale client.Object, _ ...client.SubResourceGetOption) error {
		if err := b.refuse["get scale"]; err != nil {
			return err
		}
		u, _ := scale.(*unstructured.Unstructured)
		return unstructured.SetNestedField(u.Object, int64(b.replicas), "spec", "replicas")
	}
	funcs.SubResourcePatch = func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
		if err := b.refuse["patch "+sub]; err != nil || sub == "scale" {
			return err
		}
		return c.SubResource(sub).Patch(ctx, o, p, opts...)
	}
	return funcs
}

func (b *bench) cachedGet(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if h, ok := o.(*autoscalingv2.HorizontalPodAutoscaler); ok && b.kept != nil && b.kept.Name == key.Name {
		b.kept.DeepCopyInto(h)
		return nil
	}
	err := c.Get(ctx, key, o, opts...)
	if b.read != nil {
		b.read(o)
	}
	if err == nil && b.hidden != nil && b.hidden(o) {
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	return err
}

func (b *bench) cachedList(ctx context.Context, c client.WithWatch, l client.ObjectList, opts ...client.ListOption) error {
	err := c.List(ctx, l, opts...)
	if hpas, ok := l.(*autoscalingv2.HorizontalPodAutoscalerList); ok && b.kept != nil {
		hpas.Items = []autoscalingv2.HorizontalPodAutoscaler{*b.kept.DeepCopy()}
	}
	if hpas, ok := l.(*autoscalingv2.HorizontalPodAutoscalerList); ok && b.hidden != nil {
		all := hpas.Items
		hpas.Items = nil
		for i := range all {
			if !b.hidden(&all[i]) {
				hpas.Items = append(hpas.Items, all[i])
			}
		}
	}
	return err
}

// web is a ScaledObject of the Deployment web.
func web(change func(*v1alpha1.ScaledObject)) *v1alpha1.ScaledObject {
	o := &v1alpha1.ScaledObject{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "default", Name: "web", UID: "1", Generation: 1,
			Labels: map[string]string{v1alpha1.LabelScaledObjectName: "web"}, Finalizers: []string{v1alpha1.Finalizer},
		},
		Spec: v1alpha1.ScaledObjectSpec{
			ScaleTargetRef: &v1alpha1.ScaleTarget{Name: "web"},
			Triggers:       []v1alpha1.ScaleTrigger{{Type: "redis", Metadata: map[string]string{"address": "redis:6379", "listName": "jobs"}}},
		},
	}
	if change != nil {
		change(o)
	}
	return o
}

var webKey = client.ObjectKey{Namespace: "default", Name: "web"}

func (b *bench) reconcile() ctrl.Result {
	b.Helper()
	result, err := b.Reconcile(b.Context(), ctrl.Request{NamespacedName: webKey})
	if err != nil {
		b.Fatal(err)
	}
	return result
}

// object is the ScaledObject as the API server has it.
func (b *bench) object() *v1alpha1.ScaledObject {
	b.Helper()
	var so v1alpha1.ScaledObject
	if err := b.server.Get(b.Context(), webKey, &so); err != nil {
		b.Fatal(err)
	}
	return &so
}

func (b *bench) change(change func(*v1alpha1.ScaledObject)) {
	b.Helper()
	so := b.object()
	change(so)
	so.Generation++
	if err := b.server.Update(b.Context(), so); err != nil {
		b.Fatal(err)
	}
}

// hpas are the names of the HPAs that the API server has.
func (b *bench) hpas() (names []string) {
	b.Helper()
	var list autoscalingv2.HorizontalPodAutoscalerList
	if err := b.server.List(b.Context(), &list); err != nil {
		b.Fatal(err)
	}
	for i := range list.Items {
		names = append(names, list.Items[i].Name)
	}
	return names
}
