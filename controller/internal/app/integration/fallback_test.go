// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/fault"
)

// testFallback: a source dies and comes back.
func testFallback(e *env) {
	proxy, feed := fault.NewProxy(e, e.redis.Address), e.follow()
	e.apply(deployment("web", 0), e.redisObjectAt("web", proxy.Address(), "maxReplicaCount: 9\nfallback: {failureThreshold: 2, replicas: 4}"))
	so := e.isReady("web")
	metric := so.Status.ExternalMetricNames[0]
	e.redis.Push(e.list("web"), 7)
	e.answers(feed, "web", metric, 7)
	if got := e.so("web").Status.Health[metric]; got.Status != v1alpha1.HealthStatusHappy || *got.NumberOfFailures != 0 {
		e.Errorf("health is %v", got)
	}

	proxy.Cut()
	e.answers(feed, "web", metric, 4*5) // the replicas times the target
	e.condition(so, v1alpha1.ConditionFallback, metav1.ConditionTrue, v1alpha1.ReasonFallbackExists, metric)
	e.event("web", v1alpha1.EventScaledObjectFallbackActivated, metric)
	e.condition(so, v1alpha1.ConditionActive, metav1.ConditionTrue, v1alpha1.ReasonScalerActive, "fallback")
	e.condition(so, v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonPartialTriggerError, proxy.Address())
	if got := e.so("web").Status.Health[metric]; got.Status != v1alpha1.HealthStatusFailing || *got.NumberOfFailures != 3 {
		e.Errorf("health is %s after %d failures, want the threshold and one more", got.Status, *got.NumberOfFailures)
	}
	e.annotate("web", "touched", "yes") // a new plan is no new failure, and no recovery
	e.condition(so, v1alpha1.ConditionFallback, metav1.ConditionTrue, v1alpha1.ReasonFallbackExists)

	proxy.Heal()
	e.answers(feed, "web", metric, 7)
	e.condition(so, v1alpha1.ConditionFallback, metav1.ConditionFalse, v1alpha1.ReasonNoFallbackFound)
	e.event("web", v1alpha1.EventScaledObjectFallbackDeactivated)
	e.isReady("web")
}

// testFallbackFromZero: the fallback starts a target that rests.
func testFallbackFromZero(e *env) {
	e.apply(deployment("web", 0), e.redisObjectAt("web", refusing(e), "fallback: {failureThreshold: 1, replicas: 2}"),
		deployment("none", 0), e.redisObjectAt("none", refusing(e), "fallback: {failureThreshold: 1, replicas: 0}"))
	e.scaled("web", 1) // the HPA does the rest
	e.event("web", v1alpha1.EventScaleTargetActivated, "the fallback asks for 2 replicas")
	e.condition(scaledObject("none"), v1alpha1.ConditionFallback, metav1.ConditionTrue, v1alpha1.ReasonFallbackExists)
	if got := e.replicas("none"); got != 0 {
		e.Errorf("a fallback of no replicas started %d", got)
	}
}

// refusing is an address that refuses connections.
func refusing(e *env) string {
	proxy := fault.NewProxy(e, e.redis.Address)
	proxy.Cut()
	return proxy.Address()
}

// testUnreachable: without a fallback a source that cannot be read is named, the
// replicas are held, and nobody is busy with it.
func testUnreachable(e *env) {
	proxy, feed := fault.NewProxy(e, e.redis.Address), e.follow()
	proxy.Cut()
	e.apply(deployment("web", 3), e.redisObjectAt("web", proxy.Address(), ""))
	so := scaledObject("web")
	e.condition(so, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTriggerError, proxy.Address())
	if ev := e.event("web", v1alpha1.EventScalerFailed, proxy.Address()); ev.Type != corev1.EventTypeWarning {
		e.Errorf("the event is %s", ev.Type)
	}
	e.condition(so, v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerNotActive, "not every trigger can be read")
	e.eventually("the HPA is told why", func() error {
		answer, err := feed.Latest(e.ns, "web", e.so("web").Status.ExternalMetricNames[0])
		if err != nil || !strings.Contains(answer.Error, proxy.Address()) {
			return fmt.Errorf("the answer is %+v, error %w", answer, err)
		}
		return nil
	})
	if got := e.replicas("web"); got != 3 {
		e.Errorf("%d replicas are left of 3", got)
	}
	e.condition(so, v1alpha1.ConditionHPAActive, metav1.ConditionFalse, "FailedGetExternalMetric")
	version := e.so("web").ResourceVersion
	failures := e.metric("keda_scaler_detail_errors_total")
	e.eventually("more failures", func() error {
		if got := e.metric("keda_scaler_detail_errors_total"); got < failures+2 {
			return fmt.Errorf("there were %v, now %v", failures, got)
		}
		return nil
	})
	if now := e.so("web").ResourceVersion; now != version {
		e.Errorf("an object that keeps failing in the same way was written: %s, %s", version, now)
	}
	proxy.Heal()
	e.isReady("web")
	e.scaled("web", 0)
}

// testPartialFailure: one trigger suffices to be active.
func testPartialFailure(e *env) {
	bad := refusing(e)
	e.apply(deployment("web", 0), `
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web}
spec:
  scaleTargetRef: {name: web}
  pollingInterval: 1
  triggers:
    - {type: redis, metadata: {address: "`+bad+`", listName: a}}
    - {type: redis, metadata: {address: "`+e.redis.Address+`", listName: "`+e.list("web")+`"}}
`)
	so := scaledObject("web")
	e.condition(so, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTriggerError, bad)
	e.redis.Push(e.list("web"), 1)
	e.scaled("web", 1)
	e.condition(so, v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonPartialTriggerError, bad)
}
