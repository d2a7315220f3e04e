// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	eventingv1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
)

// env is what one test works with: a namespace, a client and a Redis of its own.
type env struct {
	*testing.T
	ns    string
	c     client.Client
	ctl   *controller
	redis *source.RedisServer
}

var scheme = sync.OnceValue(func() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(s), v1alpha1.AddToScheme(s), eventingv1alpha1.AddToScheme(s)); err != nil {
		panic(err)
	}
	return s
})

func newEnv(t *testing.T, ctl *controller) *env {
	t.Helper()
	config, err := testCluster.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(config, client.Options{Scheme: scheme()})
	if err != nil {
		t.Fatal(err)
	}
	e := &env{T: t, ns: testCluster.Namespace(t), c: c, ctl: ctl, redis: source.Redis(t)}
	t.Cleanup(func() {
		if t.Failed() && e.ctl != nil {
			t.Logf("the controller's log about %s:\n%s", e.ns, e.ctl.log.about(e.ns))
		}
	})
	t.Cleanup(func() { // what is left in a namespace holds it, and the next controller would find it
		ctx := context.Background()
		for _, o := range []client.Object{&v1alpha1.ScaledObject{}, &v1alpha1.ScaledJob{}, &eventingv1alpha1.CloudEventSource{}} {
			if err := c.DeleteAllOf(ctx, o, client.InNamespace(e.ns)); err != nil {
				t.Error(err)
			}
		}
	})
	return e
}

// apply does what kubectl apply does with YAML. Names without a namespace are in
// the test's own.
func (e *env) apply(manifests ...string) {
	e.Helper()
	if err := e.tryApply(manifests...); err != nil {
		e.Fatal(err)
	}
}

func (e *env) tryApply(manifests ...string) error {
	for _, text := range strings.Split(strings.Join(manifests, "\n---\n"), "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(text), &o.Object); err != nil {
			return fmt.Errorf("%w in\n%s", err, text)
		}
		if len(o.Object) == 0 {
			continue
		}
		if o.GetNamespace() == "" && !strings.HasPrefix(o.GetKind(), "Cluster") {
			o.SetNamespace(e.ns)
		}
		err := e.c.Apply(e.Context(), client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("kubectl"), client.ForceOwnership)
		if err != nil {
			return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

// get reads an object of the namespace; the test fails if it is not there.
func (e *env) get(o client.Object, name string) {
	e.Helper()
	if err := e.c.Get(e.Context(), client.ObjectKey{Namespace: e.ns, Name: name}, o); err != nil {
		e.Fatal(err)
	}
}

func (e *env) so(name string) *v1alpha1.ScaledObject {
	e.Helper()
	o := &v1alpha1.ScaledObject{}
	e.get(o, name)
	return o
}

func (e *env) sj(name string) *v1alpha1.ScaledJob {
	e.Helper()
	o := &v1alpha1.ScaledJob{}
	e.get(o, name)
	return o
}

// hpa is nil when there is none.
func (e *env) hpa(name string) *autoscalingv2.HorizontalPodAutoscaler {
	e.Helper()
	h := &autoscalingv2.HorizontalPodAutoscaler{}
	err := e.c.Get(e.Context(), client.ObjectKey{Namespace: e.ns, Name: name}, h)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		e.Fatal(err)
	}
	return h
}

func (e *env) replicas(deployment string) int32 {
	e.Helper()
	d := &appsv1.Deployment{}
	e.get(d, deployment)
	return *d.Spec.Replicas
}

// scaled waits for a Deployment's replica count.
func (e *env) scaled(deployment string, want int32) {
	e.Helper()
	e.eventually(fmt.Sprintf("%s has %d replicas", deployment, want), func() error {
		if got := e.replicas(deployment); got != want {
			return fmt.Errorf("it has %d", got)
		}
		return nil
	})
}

// conditions of an object, whatever its kind.
func (e *env) conditions(o client.Object) v1alpha1.Conditions {
	e.Helper()
	e.get(o, o.GetName())
	switch o := o.(type) {
	case *v1alpha1.ScaledObject:
		return o.Status.Conditions
	case *v1alpha1.ScaledJob:
		return o.Status.Conditions
	}
	e.Fatalf("%T has no conditions", o)
	return nil
}

func scaledObject(name string) client.Object {
	return &v1alpha1.ScaledObject{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

func scaledJob(name string) client.Object {
	return &v1alpha1.ScaledJob{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

// condition waits for a condition's status and reason, and for words in its
// message.
func (e *env) condition(o client.Object, kind v1alpha1.ConditionType, status metav1.ConditionStatus, reason string, words ...string) v1alpha1.Condition {
	e.Helper()
	var c v1alpha1.Condition
	e.eventually(fmt.Sprintf("%s is %s, %s %q", kind, status, reason, words), func() error {
		c = e.conditions(o).Get(kind)
		if c.Status != status || c.Reason != reason {
			return fmt.Errorf("it is %s, %s: %s", c.Status, c.Reason, c.Message)
		}
		for _, word := range words {
			if !strings.Contains(c.Message, word) {
				return fmt.Errorf("its message is %q", c.Message)
			}
		}
		return nil
	})
	return c
}

// isReady waits until a ScaledObject is Ready for its present generation.
func (e *env) isReady(name string) *v1alpha1.ScaledObject {
	e.Helper()
	var so *v1alpha1.ScaledObject
	e.eventually(name+" is Ready", func() error {
		so = e.so(name)
		c := so.Status.Conditions.Get(v1alpha1.ConditionReady)
		if c.Status != metav1.ConditionTrue || so.Status.ObservedGeneration != so.Generation {
			return fmt.Errorf("Ready is %s, %s: %s (generation %d of %d)", c.Status, c.Reason, c.Message, so.Status.ObservedGeneration, so.Generation)
		}
		return nil
	})
	return so
}

// event waits for an event about an object, and for words in its note.
func (e *env) event(object, reason string, words ...string) eventsv1.Event {
	e.Helper()
	var found eventsv1.Event
	e.eventually(fmt.Sprintf("event %s of %s with %q", reason, object, words), func() error {
		var seen []string
		for _, ev := range e.events(object) {
			seen = append(seen, ev.Reason+": "+ev.Note)
			if ev.Reason != reason {
				continue
			}
			missing := false
			for _, word := range words {
				missing = missing || !strings.Contains(ev.Note, word)
			}
			if !missing {
				found = ev
				return nil
			}
		}
		return fmt.Errorf("there are %q", seen)
	})
	return found
}

func (e *env) events(object string) []eventsv1.Event {
	e.Helper()
	var list eventsv1.EventList
	if err := e.c.List(e.Context(), &list, client.InNamespace(e.ns)); err != nil {
		e.Fatal(err)
	}
	var out []eventsv1.Event
	for _, ev := range list.Items {
		if ev.Regarding.Name == object {
			out = append(out, ev)
		}
	}
	return out
}

// gone waits until an object does not exist.
func (e *env) gone(o client.Object, name string) {
	e.Helper()
	e.eventually(fmt.Sprintf("%T %s is gone", o, name), func() error {
		err := e.c.Get(e.Context(), client.ObjectKey{Namespace: e.ns, Name: name}, o)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is there, finalizers %v, error %w", o.GetFinalizers(), err)
	})
}

func (e *env) eventsOf(object, reason string) []eventsv1.Event {
	e.Helper()
	return slices.DeleteFunc(e.events(object), func(ev eventsv1.Event) bool { return ev.Reason != reason })
}

func (e *env) delete(o client.Object, name string) {
	e.Helper()
	o.SetNamespace(e.ns)
	o.SetName(name)
	if err := e.c.Delete(e.Context(), o); err != nil {
		e.Fatal(err)
	}
}

// patch merges JSON into an object.
func (e *env) patch(o client.Object, name, patch string) {
	e.Helper()
	o.SetNamespace(e.ns)
	o.SetName(name)
	if err := e.c.Patch(e.Context(), o, client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
		e.Fatal(err)
	}
}

// annotate sets an annotation of a ScaledObject; an empty value removes it.
func (e *env) annotate(name, key, value string) {
	e.Helper()
	quoted := "null"
	if value != "" {
		quoted = fmt.Sprintf("%q", value)
	}
	e.patch(&v1alpha1.ScaledObject{}, name, fmt.Sprintf(`{"metadata":{"annotations":{%q:%s}}}`, key, quoted))
}

func (e *env) eventually(what string, check func() error) {
	e.Helper()
	eventually(e.T, what, check)
}

// jobs lists the Jobs of the namespace.
func (e *env) jobs() []batchv1.Job {
	e.Helper()
	var list batchv1.JobList
	if err := e.c.List(e.Context(), &list, client.InNamespace(e.ns)); err != nil {
		e.Fatal(err)
	}
	return list.Items
}

// polled waits until the test's Redis was asked n more times.
func (e *env) polled(n int64) {
	e.Helper()
	asked := func() int64 { return e.redis.Stat("cmdstat_evalsha") + e.redis.Stat("cmdstat_eval") }
	begin := asked()
	e.eventually(fmt.Sprintf("%d more polls", n), func() error {
		if got := asked() - begin; got < n {
			return fmt.Errorf("there were %d", got)
		}
		return nil
	})
}

// deployment is a workload with pods that are simulated.
func deployment(name string, replicas int) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s}
spec:
  replicas: %[2]d
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec: {containers: [{name: main, image: none}]}
`, name, replicas)
}

// redisObject is a ScaledObject of a Deployment of the same name, with one redis
// trigger on a list that is called after both. more is added to the spec.
func (e *env) redisObject(name, more string) string {
	return e.redisObjectAt(name, e.redis.Address, more)
}

func (e *env) redisObjectAt(name, address, more string) string {
	return fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: %s}
spec:
  scaleTargetRef: {name: %[1]s}
  pollingInterval: 1
  cooldownPeriod: 1
  triggers: [{type: redis, metadata: {address: "%s", listName: "%s"}}]
  %s
`, name, address, e.list(name), strings.ReplaceAll(strings.TrimSpace(more), "\n", "\n  "))
}

// list is the Redis key of an object of this test.
func (e *env) list(name string) string { return e.ns + "-" + name }
