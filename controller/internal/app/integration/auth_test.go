// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
)

// Secrets of these tests. They may be nowhere but in Secrets.
const (
	firstPassword  = "planted-secret-one"
	secondPassword = "planted-secret-two"
)

func secret(name, password string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Secret, metadata: {name: %s}, stringData: {password: %s}}", name, password)
}

// authenticated is a ScaledObject that logs in to a Redis by an authentication.
func (e *env) authenticated(name, authentication string, redis *source.RedisServer) string {
	return fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: %[1]s}
spec:
  scaleTargetRef: {name: %[1]s}
  pollingInterval: 1
  cooldownPeriod: 1
  triggers: [{type: redis, authenticationRef: {%[2]s}, metadata: {address: "%[3]s", listName: "%[4]s"}}]
`, name, authentication, redis.Address, e.list(name))
}

// unspoken fails when a planted secret is in a status, an event or a log.
func (e *env) unspoken(names ...string) {
	e.Helper()
	said := e.ctl.log.String()
	for _, name := range names {
		for _, ev := range e.events(name) {
			said += ev.Note + "\n"
		}
		so := e.so(name)
		status, err := json.Marshal(so.Status)
		if err != nil {
			e.Fatal(err)
		}
		said += string(status) + "\n"
	}
	for _, secret := range []string{firstPassword, secondPassword} {
		if at := strings.Index(said, secret); at >= 0 {
			e.Errorf("a secret was told: …%s…", said[max(0, at-100):min(len(said), at+100)])
		}
	}
}

// testAuthenticationSources: each kind of source gives the parameter.
//
// Covers: field TriggerAuthentication.spec.secretTargetRef.*; field TriggerAuthentication.spec.configMapTargetRef.*; field TriggerAuthentication.spec.env.parameter; field TriggerAuthentication.spec.env.name
func testAuthenticationSources(e *env) {
	redis := source.Redis(e.T, "requirepass "+firstPassword)
	e.apply(secret("redis", firstPassword),
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: redis}, data: {user: default, pass: "+firstPassword+"}}",
		`{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: by-secret},
		  spec: {secretTargetRef: [{parameter: password, name: redis, key: password}]}}`,
		`{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: by-configmap},
		  spec: {configMapTargetRef: [{parameter: username, name: redis, key: user}, {parameter: password, name: redis, key: pass}]}}`,
		`{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: by-env},
		  spec: {env: [{parameter: password, name: REDIS_PASSWORD}]}}`,
		e.withEnvironment("by-env"), deployment("by-secret", 0), deployment("by-configmap", 0))
	names := []string{"by-secret", "by-configmap", "by-env"}
	for _, name := range names {
		e.apply(e.authenticated(name, "name: "+name, redis))
		redis.Push(e.list(name), 1)
	}
	for _, name := range names {
		if so := e.isReady(name); *so.Status.AuthenticationsTypes != name {
			e.Errorf("status.authenticationsTypes is %q", *so.Status.AuthenticationsTypes)
		}
		e.scaled(name, 1)
	}
	e.eventually("the authentication knows its users", func() error {
		ta := &v1alpha1.TriggerAuthentication{}
		e.get(ta, "by-env")
		if got := ta.Status.ScaledObjectNamesStr; got != "by-env" {
			return fmt.Errorf("they are %q", got)
		}
		return nil
	})
	e.unspoken(names...)
}

// withEnvironment is a Deployment whose container has the password in its
// environment.
func (e *env) withEnvironment(name string) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s}
spec:
  replicas: 0
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      containers:
        - name: main
          image: none
          env:
            - {name: BASE, valueFrom: {secretKeyRef: {name: redis, key: password}}}
            - {name: REDIS_PASSWORD, value: $(BASE)}
`, name)
}

// testClusterAuthentication: the sources of a cluster-wide authentication are in
// the namespace of the controller.
func testClusterAuthentication(e *env) {
	redis := source.Redis(e.T, "requirepass "+firstPassword)
	e.apply(fmt.Sprintf(`{apiVersion: v1, kind: Secret, metadata: {name: %s, namespace: keda}, stringData: {password: %s}}`, e.ns, firstPassword),
		fmt.Sprintf(`{apiVersion: keda.sh/v1alpha1, kind: ClusterTriggerAuthentication, metadata: {name: %[1]s},
		  spec: {secretTargetRef: [{parameter: password, name: %[1]s, key: password}]}}`, e.ns),
		deployment("web", 0), e.authenticated("web", "kind: ClusterTriggerAuthentication, name: "+e.ns, redis))
	e.isReady("web")
	redis.Push(e.list("web"), 1)
	e.scaled("web", 1)
	e.unspoken("web")
}

// testMissingSources: whatever is missing is named, one after the other, and
// noticed as soon as it is there.
func testMissingSources(e *env) {
	redis := source.Redis(e.T, "requirepass "+firstPassword)
	so := scaledObject("web")
	missing := func(words ...string) {
		e.Helper()
		e.condition(so, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, words...)
	}
	e.apply(deployment("web", 2), e.authenticated("web", "name: redis", redis))
	missing("TriggerAuthentication "+e.ns+"/redis does not exist", "spec.triggers[0] (redis)")
	e.apply(`{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: redis},
		spec: {secretTargetRef: [{parameter: password, name: redis, key: password}]}}`)
	missing("Secret " + e.ns + "/redis does not exist")
	e.apply("{apiVersion: v1, kind: Secret, metadata: {name: redis}, stringData: {passwort: " + firstPassword + "}}")
	missing("Secret "+e.ns+"/redis has no key \"password\"", "passwort")
	if got := e.replicas("web"); got != 2 {
		e.Errorf("%d replicas are left of 2", got)
	}
	e.apply(secret("redis", firstPassword))
	e.isReady("web")
	e.scaled("web", 0)
	redis.Push(e.list("web"), 1)
	e.scaled("web", 1)
	e.delete(&corev1.Secret{}, "redis")
	missing("Secret " + e.ns + "/redis does not exist")
	if got := e.replicas("web"); got != 1 {
		e.Errorf("%d replicas are left of 1", got)
	}
	e.unspoken("web")
}

// testRotatedSecretIsUsedAtOnceInsteadOfAfterAFailure: a password that changes is
// used as soon as the Secret has it.
//
// Differs: Authentication
// KEDA: Secrets, ConfigMaps and authentications are not watched: a changed value is used only after a trigger failed, its object changed, or the operator restarted.
// Here: their change reaches every object that uses them at once.
// Why: credentials rotate without an outage (asked for since 2020).
// Old: not available
func testRotatedSecretIsUsedAtOnceInsteadOfAfterAFailure(e *env) {
	redis := source.Redis(e.T, "requirepass "+firstPassword)
	e.apply(secret("redis", firstPassword), `{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: redis},
		spec: {secretTargetRef: [{parameter: password, name: redis, key: password}]}}`,
		deployment("web", 0), e.authenticated("web", "name: redis", redis))
	so := e.isReady("web")
	redis.Do("CONFIG", "SET", "requirepass", secondPassword)
	redis.Do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	e.condition(so, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTriggerError, redis.Address, "WRONGPASS")
	e.apply(secret("redis", secondPassword))
	e.isReady("web")
	redis.Push(e.list("web"), 1)
	e.scaled("web", 1)
	e.unspoken("web")
}
