// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	"sigs.k8s.io/yaml"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/ownership"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/webhook"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/workload"
)

// server keeps the handlers by their paths.
type server struct {
	ctrlwebhook.Server
	handlers map[string]http.Handler
}

func (s *server) Register(path string, handler http.Handler) { s.handlers[path] = handler }

// indexes gives a fake client the fields of ownership.Index.
type indexes struct{ *fake.ClientBuilder }

func (i indexes) IndexField(_ context.Context, o client.Object, field string, value client.IndexerFunc) error {
	i.WithIndex(o, field, value)
	return nil
}

// cluster is an API server with admission.
type cluster struct {
	*testing.T
	server
	registry *prometheus.Registry
	lists    int
}

// newCluster has the given objects, as YAML. Deployments called unreadable cannot
// be read, and what a name begins with "theirs" is not this controller's.
func newCluster(t *testing.T, objects ...string) *cluster {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	c := &cluster{T: t, server: server{handlers: map[string]http.Handler{}}, registry: prometheus.NewRegistry()}
	builder := fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(interceptor.Funcs{
		Get: func(ctx context.Context, w client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			if key.Name == "unreadable" {
				return errors.New("etcd is away")
			}
			return w.Get(ctx, key, o, opts...)
		},
		List: func(ctx context.Context, w client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			c.lists++
			return w.List(ctx, list, opts...)
		},
	})
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(appsv1.SchemeGroupVersion.WithKind("Deployment"), meta.RESTScopeNamespace)
	for _, text := range objects {
		builder = builder.WithObjects(decode(t, scheme, text))
	}
	if err := ownership.Index(t.Context(), indexes{builder}); err != nil {
		t.Fatal(err)
	}
	reads := builder.WithRESTMapper(mapper).Build()
	webhook.Register(&c.server, webhook.Options{
		Scheme: scheme, Cache: reads, Live: reads, Templates: &workload.Reader{Cache: reads, Live: reads}, Registry: c.registry,
		Outside: func(o client.Object) string {
			if strings.HasPrefix(o.GetName(), "theirs") {
				return "it watches others"
			}
			return ""
		},
	})
	return c
}

func decode(t *testing.T, scheme *runtime.Scheme, text string) client.Object {
	t.Helper()
	var kind runtime.TypeMeta
	if err := yaml.Unmarshal([]byte(text), &kind); err != nil {
		t.Fatal(err)
	}
	o, err := scheme.New(kind.GroupVersionKind())
	if err == nil {
		err = yaml.UnmarshalStrict([]byte(text), o)
	}
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	object, _ := o.(client.Object)
	object.SetNamespace("default")
	return object
}

// review asks about the change from one object to another; before is empty for a
// new one.
func (c *cluster) review(before, after string, dryRun bool) admission.Response {
	c.Helper()
	raw := func(text string) runtime.RawExtension {
		data, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			c.Fatal(err)
		}
		return runtime.RawExtension{Raw: data}
	}
	var kind runtime.TypeMeta
	if err := yaml.Unmarshal([]byte(after), &kind); err != nil {
		c.Fatal(err)
	}
	request := admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{Operation: admissionv1.Create, Namespace: "default", Object: raw(after), DryRun: &dryRun}}
	if before != "" {
		request.Operation, request.OldObject = admissionv1.Update, raw(before)
	}
	hook, ok := c.handlers["/validate-keda-sh-v1alpha1-"+strings.ToLower(kind.Kind)].(*ctrlwebhook.Admission)
	if !ok {
		c.Fatalf("nobody answers for %s", kind.Kind)
	}
	return hook.Handler.Handle(c.Context(), request)
}

// said is the answer as one text: "denied: …" or "allowed", and the warnings.
func said(r admission.Response) string {
	text := "allowed"
	if !r.Allowed {
		text = "denied: " + r.Result.Message
	}
	for _, w := range r.Warnings {
		text += "\nwarning: " + w
	}
	return text
}

// object is a ScaledObject of the Deployment web.
func object(name, spec string) string {
	return "{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: " + name + "}, spec: {scaleTargetRef: {name: web}, " + spec + "}}"
}

const queue = "triggers: [{type: redis, metadata: {address: 'redis:6379', listName: jobs}}]"

// TestAllThatIsWrongIsSaidInOneOrder repeats one request: the answer names
// everything, in the same order each time.
//
// Differs: Admission
// KEDA: The checks run in random order and the first error ends them, so that one object is refused for another reason each time, and is mended error by error.
// Here: All violations are named at once, in the order of the fields and then of the looks at the cluster, with field, value and remedy.
// Why: One round of mending is enough, and answers can be compared.
// Old: not available
func TestAllThatIsWrongIsSaidInOneOrder(t *testing.T) {
	c := newCluster(t, object("other", queue), "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: legacy}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}}")
	bad := object("bad", `minReplicaCount: 5, maxReplicaCount: 3, fallback: {failureThreshold: -1, replicas: 2},
		triggers: [{type: redis, name: a, metadata: {address: nowhere}}, {type: prometheuss, name: a, metadata: {}}]`)
	first := said(c.review("", bad, false))
	at := 0
	for _, want := range []string{
		"spec.minReplicaCount (5) must not be greater than maxReplicaCount, which is 3; lower it", "spec.triggers[0].metadata.listName", "spec.triggers[0].metadata.address",
		`spec.triggers[1].name ("a") is the name of two triggers`, `spec.triggers[1].type ("prometheuss") is no trigger type; did you mean "prometheus"?`,
		"spec.fallback.failureThreshold (-1) must be at least 0", "ScaledObject default/other already scales", "HorizontalPodAutoscaler default/legacy already scales",
	} {
		next := strings.Index(first[at:], want)
		if next < 0 {
			t.Fatalf("%q is missing, or stands elsewhere, in %s", want, first)
		}
		at += next
	}
	for range 10 {
		if diff := cmp.Diff(first, said(c.review("", bad, false))); diff != "" {
			t.Fatalf("the same request is answered otherwise:\n%s", diff)
		}
	}
}

// TestWhatIsNotChangedIsNotChecked: an object that could not be created today,
// because it was stored without a webhook or by an earlier release, can still be
// labelled, finalized and deleted.
//
// Differs: Admission
// KEDA: Only an update that removes a finalizer passes unseen; one that adds a label or a finalizer to an object that was stored without the webhook is refused, also the controller's own.
// Here: An update that leaves spec and annotations alone is not checked, nor is one of an object that is being deleted.
// Why: Nobody can mend an object that its controller cannot claim.
// Old: not available
func TestWhatIsNotChangedIsNotChecked(t *testing.T) {
	c := newCluster(t)
	stored := "{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: bad, finalizers: [finalizer.keda.sh, theirs]}, spec: {scaleTargetRef: {name: web}, triggers: []}}"
	for name, test := range map[string]struct {
		after   string
		allowed bool
	}{
		"a finalizer goes":   {strings.Replace(stored, "finalizer.keda.sh, ", "", 1), true},
		"a label comes":      {strings.Replace(stored, "name: bad", "name: bad, labels: {a: b}", 1), true},
		"an owner comes":     {strings.Replace(stored, "name: bad", "name: bad, ownerReferences: [{name: a}]", 1), true},
		"it is deleted":      {strings.NewReplacer("triggers: []", "triggers: [], minReplicaCount: -1", "name: bad", "name: bad, deletionTimestamp: '2026-01-02T03:04:05Z'").Replace(stored), true},
		"the spec changes":   {strings.Replace(stored, "triggers: []", "triggers: [], minReplicaCount: 1", 1), false},
		"an annotation does": {strings.Replace(stored, "name: bad", "name: bad, annotations: {autoscaling.keda.sh/paused: 'true'}", 1), false},
	} {
		if r := c.review(stored, test.after, false); r.Allowed != test.allowed || test.allowed && len(r.Warnings) > 0 {
			t.Errorf("%s: %s", name, said(r))
		}
	}
	for _, kind := range []string{"ScaledJob", "TriggerAuthentication", "ClusterTriggerAuthentication"} {
		bad := "{apiVersion: keda.sh/v1alpha1, kind: " + kind + ", metadata: {name: bad, finalizers: [a]}, spec: {triggers: [], secretTargetRef: [{}]}}"
		if r := c.review(bad, strings.Replace(bad, "[a]", "[]", 1), false); !r.Allowed {
			t.Errorf("%s: %s", kind, said(r))
		}
		if r := c.review("", bad, false); r.Allowed {
			t.Errorf("a bad %s is allowed", kind)
		}
	}
}

// TestPausingIsNoConflict: whoever finds two that scale one target can pause one of
// them. To hold a count, or to scale again, it must be the only one.
//
// Differs: Admission
// KEDA: While something else scales the target of an object, each change of the object is refused, also the one that pauses it.
// Here: An object that is paused, and holds no count, may stand beside an HPA or another ScaledObject of its target.
// Why: Pausing one of two autoscalers that fight is the first remedy.
// Old: not available
func TestPausingIsNoConflict(t *testing.T) {
	c := newCluster(t, object("other", queue), "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: legacy}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}}")
	annotated := func(annotation string) string {
		return strings.Replace(object("web", queue), "name: web", "name: web, creationTimestamp: '2026-01-02T03:04:05Z', annotations: {"+annotation+"}", 1)
	}
	for _, step := range []struct {
		from, to string
		allowed  bool
	}{
		{"", "autoscaling.keda.sh/paused: 'true'", true},
		{"autoscaling.keda.sh/paused: 'true'", "autoscaling.keda.sh/paused: 'true', a: b", true},
		{"autoscaling.keda.sh/paused: 'true'", "autoscaling.keda.sh/paused-replicas: '3'", false},
		{"autoscaling.keda.sh/paused: 'true'", "", false},
	} {
		if r := c.review(annotated(step.from), annotated(step.to), false); r.Allowed != step.allowed {
			t.Errorf("from %q to %q: %s", step.from, step.to, said(r))
		}
	}
}

// TestMetrics counts each reason once for an object, and no dry runs.
//
// Covers: metric keda_webhook_scaled_object_validations_total; metric keda_webhook_scaled_object_validation_errors_total
//
// Differs: Metrics
// KEDA: A refused object counts under the one reason that happened to be found first, and dry runs count like others.
// Here: It counts once under each of its reasons. Dry runs do not count.
// Why: Terraform and Argo CD make dry runs all day; what was never written is no refusal to alert on.
// Old: not available
func TestMetrics(t *testing.T) {
	c := newCluster(t)
	bad := object("bad", "minReplicaCount: 5, maxReplicaCount: 3, triggers: [{type: redis, metadata: {}}, {type: redis, metadata: {}}]")
	good := object("good", queue)
	for _, r := range []struct {
		before, after string
		dryRun        bool
	}{{"", good, false}, {"", bad, false}, {good, bad, false}, {"", bad, true}, {bad, strings.Replace(bad, "name: bad", "name: bad, labels: {a: b}", 1), false}} {
		c.review(r.before, r.after, r.dryRun)
	}
	const want = `
# HELP keda_webhook_scaled_object_validation_errors_total ScaledObjects that admission refused, once for each reason, dry runs apart.
# TYPE keda_webhook_scaled_object_validation_errors_total counter
keda_webhook_scaled_object_validation_errors_total{action="create",namespace="default",reason="incorrect-replicas"} 1
keda_webhook_scaled_object_validation_errors_total{action="create",namespace="default",reason="incorrect-triggers"} 1
keda_webhook_scaled_object_validation_errors_total{action="update",namespace="default",reason="incorrect-replicas"} 1
keda_webhook_scaled_object_validation_errors_total{action="update",namespace="default",reason="incorrect-triggers"} 1
# HELP keda_webhook_scaled_object_validations_total ScaledObjects that admission looked at, dry runs apart.
# TYPE keda_webhook_scaled_object_validations_total counter
keda_webhook_scaled_object_validations_total{action="create",namespace="default"} 2
keda_webhook_scaled_object_validations_total{action="update",namespace="default"} 1
`
	if err := testutil.GatherAndCompare(c.registry, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

// TestWhatNobodyLooksAtIsSaid warns of objects outside of the controller's scope,
// which would otherwise wait in silence.
func TestWhatNobodyLooksAtIsSaid(t *testing.T) {
	c := newCluster(t, object("other", queue))
	for name, text := range map[string]string{
		"ScaledObject":          object("theirs", queue),
		"TriggerAuthentication": "{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: theirs}, spec: {secretTargetRef: [{parameter: a, name: b, key: c}]}}",
	} {
		if got, want := said(c.review("", text, false)), "allowed\nwarning: metadata is outside of what the controller works on: it watches others"; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if c.lists > 0 {
		t.Errorf("%d lists for objects that others see to", c.lists)
	}
}

// TestWorkDoesNotGrow: an object without cpu and memory costs three indexed
// lookups; one with them one more list, of the namespace's LimitRanges.
func TestWorkDoesNotGrow(t *testing.T) {
	c := newCluster(t, deployment("{name: main, resources: {requests: {cpu: 1}}}"))
	c.review("", object("a", queue), false)
	if c.lists != 3 {
		t.Errorf("%d lists, want 3", c.lists)
	}
	if c.review("", object("a", "minReplicaCount: 1, "+cpu), false); c.lists != 7 {
		t.Errorf("%d lists, want 4 more", c.lists)
	}
}

func TestGarbageIsRefused(t *testing.T) {
	c := newCluster(t)
	hook, _ := c.handlers["/validate-keda-sh-v1alpha1-scaledobject"].(*ctrlwebhook.Admission)
	for _, text := range []string{"", "[]", `{"spec": {"triggers": 5}}`} {
		r := hook.Handler.Handle(t.Context(), admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{Operation: admissionv1.Create, Object: runtime.RawExtension{Raw: json.RawMessage(text)}}})
		if r.Allowed || r.Result.Code != http.StatusBadRequest {
			t.Errorf("%q: %s, code %d", text, said(r), r.Result.Code)
		}
	}
}

// deployment is the Deployment web with the given containers.
func deployment(containers string) string {
	return "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {containers: [" + containers + "]}}}}"
}

const cpu = "triggers: [{type: cpu, metricType: Utilization, metadata: {value: '50'}}]"

// TestNobodyMovesToATakenTarget: an object may be changed although a younger one
// wants its target, but it may not take that one's target, or HPA, away.
func TestNobodyMovesToATakenTarget(t *testing.T) {
	c := newCluster(t, strings.Replace(object("younger", queue), "younger", "younger, creationTimestamp: '2021-01-02T03:04:05Z'", 1))
	old := func(target, more string) string {
		return strings.NewReplacer("name: old}", "name: old, creationTimestamp: '2020-01-02T03:04:05Z'}", "name: web", "name: "+target).Replace(object("old", more+queue))
	}
	named := func(name string) string {
		return "advanced: {horizontalPodAutoscalerConfig: {name: " + name + "}}, "
	}
	for name, test := range map[string]struct{ before, after, want string }{
		"it has the target already": {old("web", ""), old("web", "maxReplicaCount: 5, "), "allowed"},
		"it moves there":            {old("api", ""), old("web", ""), "which ScaledObject default/younger already scales"},
		"it takes the HPA":          {old("api", ""), old("api", named("keda-hpa-younger")), "which belongs to ScaledObject default/younger"},
		"it moves elsewhere":        {old("api", ""), old("other", named("mine")), "allowed"},
	} {
		if got := said(c.review(test.before, test.after, false)); !strings.Contains(got, test.want) {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
