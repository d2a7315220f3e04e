// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"math"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/fault"
)

// testFallback: a source dies and comes back.
//
// Covers: field ScaledObject.spec.fallback; field ScaledObject.spec.fallback.failureThreshold; field ScaledObject.status.health; condition ScaledObject/Fallback/FallbackExists; condition ScaledObject/Fallback/NoFallbackFound; condition ScaledObject/Ready/PartialTriggerError; event ScaledObjectFallbackActivated; event ScaledObjectFallbackDeactivated
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
//
// Kept: Fallback
// KEDA: A fallback of 0 replicas does not count as activity: the target may rest while its source is dead.
// Why: It is the only way to say that nothing is to run without the source.
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
//
// Covers: condition ScaledObject/Ready/TriggerError; event KEDAScalerFailed
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

// testFallbackBehaviors: what the HPA is told while a source is dead is the value
// for which it runs the replicas that the behavior asks for, here of a target that
// has three.
//
// Covers: field ScaledObject.spec.fallback.behavior; field ScaledObject.spec.fallback.replicas
//
// Differs: Fallback
// KEDA: An attempt counts as a failure once for the poll and once more for each read of the HPA that repeats it, so that the fallback begins after fewer attempts than failureThreshold says.
// Here: Each attempt to read a source counts once, however many read its outcome.
// Why: The threshold means the same with and without an HPA that looks.
// Old: Lower failureThreshold.
func testFallbackBehaviors(e *env) {
	bad, feed := refusing(e), e.follow()
	cases := []struct {
		behavior v1alpha1.FallbackBehavior
		replicas int
		want     float64
	}{
		{v1alpha1.FallbackStatic, 5, 5},
		{v1alpha1.FallbackCurrentReplicas, 9, 3},
		{v1alpha1.FallbackCurrentReplicasIfHigher, 2, 3},
		{v1alpha1.FallbackCurrentReplicasIfHigher, 5, 5},
		{v1alpha1.FallbackCurrentReplicasIfLower, 2, 2},
		{v1alpha1.FallbackCurrentReplicasIfLower, 5, 3},
	}
	name := func(i int, metricType string) string { return strings.ToLower(fmt.Sprint(metricType, i)) }
	for i, c := range cases {
		for _, metricType := range []string{"AverageValue", "Value"} {
			e.apply(deployment(name(i, metricType), 3), fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: %[1]s}
spec:
  scaleTargetRef: {name: %[1]s}
  pollingInterval: 1
  minReplicaCount: 3
  fallback: {failureThreshold: 1, replicas: %[3]d, behavior: %[4]s}
  triggers: [{type: redis, metricType: %[2]s, metadata: {address: "%[5]s", listName: %[1]s, listLength: "4"}}]
`, name(i, metricType), metricType, c.replicas, c.behavior, bad))
		}
	}
	for i, c := range cases {
		average, value := name(i, "AverageValue"), name(i, "Value")
		e.answers(feed, average, "s0-redis-"+average, 4*c.want)
		e.answers(feed, value, "s0-redis-"+value, math.Floor(4000*c.want/3)/1000) // three pods are ready, and the HPA knows three decimals
	}
}

// testFallbackOfAFormulaWithoutAnswer: a formula that gives nothing without the
// trigger that failed leaves it to fallback.replicas.
func testFallbackOfAFormulaWithoutAnswer(e *env) {
	bad, feed := refusing(e), e.follow()
	e.apply(deployment("web", 0), fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web}
spec:
  scaleTargetRef: {name: web}
  pollingInterval: 1
  fallback: {failureThreshold: 1, replicas: 3, behavior: scalingModifiers}
  advanced: {scalingModifiers: {formula: "a", target: "5"}}
  triggers: [{type: redis, name: a, metadata: {address: "%s", listName: x}}]
`, bad))
	e.answers(feed, "web", "composite-metric", 3*5)
	e.condition(scaledObject("web"), v1alpha1.ConditionFallback, metav1.ConditionTrue, v1alpha1.ReasonFallbackExists, "composite-metric")
}

// testFallbackWithAFractionalTarget: a target need not be a whole number to have a
// fallback.
//
// Differs: Fallback
// KEDA: The fallback of an object whose scalingModifiers.target is not a whole number, such as 2.5, is silently off.
// Here: It works as with any other target.
// Why: The fallback is wanted when something is wrong, which is no time to learn that it was off.
// Old: not available
func testFallbackWithAFractionalTarget(e *env) {
	bad, feed := refusing(e), e.follow()
	e.apply(deployment("web", 0), strings.ReplaceAll(e.formulaObject("web", "a + b", "fallback: {failureThreshold: 1, replicas: 4}"), e.redis.Address, bad))
	e.answers(feed, "web", "composite-metric", 4*2.5)
	e.scaled("web", 1)
}
