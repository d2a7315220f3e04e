// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
)

// testReplicasThatCannotBeRead: while the target's count cannot be read nothing is
// decided, and the object says so. The engine may be first, or the reconciler, which
// the HPA controller wakes.
func testReplicasThatCannotBeRead(e *env) {
	const widget = `{apiVersion: example.test/v1, kind: Widget, metadata: {name: widget}, spec: {replicas: 0}}`
	e.apply(widget, e.redisObject("widget", "scaleTargetRef: {apiVersion: example.test/v1, kind: Widget, name: widget}"))
	e.isReady("widget")
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(schema.GroupVersionKind{Group: "example.test", Version: "v1", Kind: "Widget"})
	e.delete(u, "widget")
	e.redis.Push(e.list("widget"), 1)
	e.eventually("the object says so", func() error {
		var so v1alpha1.ScaledObject
		e.get(&so, "widget")
		if c := so.Status.Conditions.Get(v1alpha1.ConditionReady); c.Status != metav1.ConditionFalse || !strings.Contains(c.Message, "Widget "+e.ns+"/widget") {
			return fmt.Errorf("Ready is %s: %s", c.Status, c.Message)
		}
		return nil
	})
	e.apply(widget)
	e.isReady("widget")
	e.eventually("the widget has a replica", func() error {
		e.get(u, "widget")
		if got, _, err := unstructured.NestedInt64(u.Object, "spec", "replicas"); got != 1 || err != nil {
			return fmt.Errorf("it has %d, error %w", got, err)
		}
		return nil
	})
}

// testCountThatTheTargetRefuses: a count that the schema of the target does not
// allow is told, as every other write that fails, and does not keep a deleted
// object from going.
func testCountThatTheTargetRefuses(e *env) {
	e.apply(widget("widget"), e.redisObject("widget", "scaleTargetRef: {apiVersion: example.test/v1, kind: Widget, name: widget}\nminReplicaCount: 21"))
	e.event("widget", v1alpha1.EventScaleTargetActivationFailed, "spec.replicas", "less than or equal to 20")
	e.delete(&v1alpha1.ScaledObject{}, "widget")
	e.gone(&v1alpha1.ScaledObject{}, "widget")
}

// testRestoredCountIsTheTargetsOwn: an object that moved to another target restores
// what that one had.
//
// Covers: field ScaledObject.status.originalReplicaCount
//
// Differs: Scaling
// KEDA: The original replica count is noted once. When scaleTargetRef changes, restoreToOriginalReplicaCount gives the new target the count of the old one.
// Here: It is noted anew for each target.
// Why: A count belongs to a workload.
// Old: not available
func testRestoredCountIsTheTargetsOwn(e *env) {
	moved := func(target string) string {
		return e.redisObject("web", "scaleTargetRef: {name: "+target+"}\nadvanced: {restoreToOriginalReplicaCount: true}")
	}
	e.apply(deployment("small", 2), deployment("large", 7), moved("small"))
	e.scaled("small", 0)
	e.apply(moved("large"))
	e.scaled("large", 0)
	if got := *e.isReady("web").Status.OriginalReplicaCount; got != 7 {
		e.Errorf("status.originalReplicaCount is %d", got)
	}
	e.delete(&v1alpha1.ScaledObject{}, "web")
	e.scaled("large", 7)
}

// testForeignStatus: what somebody else writes to a status, as KEDA does where it still
// ran for a moment, is put right although nothing happens to the object.
func testForeignStatus(e *env) {
	e.apply(deployment("web", 0), e.redisObject("web", "pollingInterval: 600"), deployment("held", 0), e.redisObject("held", ""), e.redisJob("work", longRunning, "pollingInterval: 600"))
	e.annotate("held", v1alpha1.AnnotationPaused, "true")
	for _, o := range []client.Object{scaledObject("web"), scaledObject("held"), scaledJob("work")} {
		e.eventually(o.GetName()+" is as it will be", func() error {
			if c := e.conditions(o); !c.IsTrue(v1alpha1.ConditionReady) || c.IsTrue(v1alpha1.ConditionPaused) != (o.GetName() == "held") {
				return fmt.Errorf("it says %+v", c)
			}
			return nil
		})
	}
	for _, o := range []client.Object{scaledObject("web"), scaledObject("held"), scaledJob("work")} {
		e.eventually("the status of "+o.GetName()+" is put right", func() func() error {
			before := e.conditions(o)
			e.patchStatus(o, o.GetName(), `{"status":{"hpaName":"nobody's","conditions":[{"type":"Ready","status":"False","reason":"Edited"}]}}`)
			return func() error {
				after := e.conditions(o)
				for _, kind := range []v1alpha1.ConditionType{v1alpha1.ConditionReady, v1alpha1.ConditionActive, v1alpha1.ConditionPaused} {
					if after.Get(kind) != before.Get(kind) {
						return fmt.Errorf("it says %+v, and said %+v", after.Get(kind), before.Get(kind))
					}
				}
				return nil
			}
		}())
	}
}

// testAuthenticationRefs: a trigger authenticates by what it refers to, in its
// namespace or for the whole cluster.
//
// Covers: field ScaledObject.spec.triggers.authenticationRef; field ScaledObject.spec.triggers.authenticationRef.name; field ScaledObject.spec.triggers.authenticationRef.kind
func testAuthenticationRefs(e *env) {
	server := source.HTTP(e)
	for _, name := range []string{"own", "shared"} {
		server.Route("/"+name, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer token-of-"+name {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			_, _ = w.Write([]byte(`{"backlog": 1}`))
		})
	}
	const keda = "keda" // where what ClusterTriggerAuthentications refer to lies
	cluster := e.ns + "-shared"
	for namespace, name := range map[string]string{e.ns: "own", keda: cluster} {
		token := map[string]string{e.ns: "token-of-own", keda: "token-of-shared"}[namespace]
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, StringData: map[string]string{"token": token}}
		if err := e.c.Create(e.Context(), secret); err != nil {
			e.Fatal(err)
		}
		e.Cleanup(func() { _ = e.c.Delete(context.Background(), secret) }) // its namespace may be gone
	}
	e.apply(`{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: own}, spec: {secretTargetRef: [{parameter: token, name: own, key: token}]}}`,
		fmt.Sprintf(`{apiVersion: keda.sh/v1alpha1, kind: ClusterTriggerAuthentication, metadata: {name: %[1]s}, spec: {secretTargetRef: [{parameter: token, name: %[1]s, key: token}]}}`, cluster),
		deployment("own", 0), deployment("shared", 0))
	e.Cleanup(func() {
		cta := &v1alpha1.ClusterTriggerAuthentication{ObjectMeta: metav1.ObjectMeta{Name: cluster}}
		if err := e.c.Delete(context.Background(), cta); err != nil {
			e.Error(err)
		}
	})
	object := func(name, ref string) string {
		return fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: %[1]s}
spec:
  scaleTargetRef: {name: %[1]s}
  pollingInterval: 1
  triggers:
    - type: metrics-api
      metadata: {url: "%[2]s/%[1]s", valueLocation: backlog, targetValue: "5", authMode: bearer}
      authenticationRef: %[3]s
`, name, server.URL, ref)
	}
	e.apply(object("own", "{name: own}"), object("shared", "{name: "+cluster+", kind: ClusterTriggerAuthentication}"))
	e.scaled("own", 1)
	e.scaled("shared", 1)
	if got := *e.isReady("shared").Status.AuthenticationsTypes; got != cluster {
		e.Errorf("status.authenticationsTypes is %q", got)
	}
}
