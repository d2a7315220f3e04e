// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// formulaObject scales by a formula over the lists a and b of the object.
func (e *env) formulaObject(name, formula, more string) string {
	return fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: %[1]s}
spec:
  scaleTargetRef: {name: %[1]s}
  pollingInterval: 1
  cooldownPeriod: 1
  advanced: {scalingModifiers: {formula: "%[2]s", target: "2.5", activationTarget: "3"}}
  triggers:
    - {type: redis, name: a, metadata: {address: "%[3]s", listName: "%[4]s-a"}}
    - {type: redis, name: b, metadata: {address: "%[3]s", listName: "%[4]s-b"}}
  %[5]s
`, name, formula, e.redis.Address, e.list(name), more)
}

// testModifiers: the formula alone decides, and is all that the HPA sees.
//
// Covers: field ScaledObject.spec.advanced.scalingModifiers; field ScaledObject.spec.advanced.scalingModifiers.formula; field ScaledObject.spec.advanced.scalingModifiers.target; field ScaledObject.spec.advanced.scalingModifiers.activationTarget; field ScaledObject.spec.advanced.scalingModifiers.metricType; field ScaledObject.spec.triggers.name; field ScaledObject.status.compositeScalerName
// Covers: metric keda_scaler_metrics_value; metric keda_scaler_active
func testModifiers(e *env) {
	feed := e.follow()
	e.apply(deployment("web", 0), e.formulaObject("web", "a + 2 * b", ""))
	so := e.isReady("web")
	if got := so.Status; fmt.Sprint(got.ExternalMetricNames) != "[composite-metric]" || got.CompositeScalerName != "composite-metric" {
		e.Errorf("metrics %v, composite %q", got.ExternalMetricNames, got.CompositeScalerName)
	}
	h := e.hpa("keda-hpa-web")
	if len(h.Spec.Metrics) != 1 || h.Spec.Metrics[0].External.Metric.Name != "composite-metric" || h.Spec.Metrics[0].External.Target.AverageValue.String() != "2500m" {
		e.Errorf("the HPA watches %v", h.Spec.Metrics)
	}
	e.redis.Push(e.list("web")+"-a", 3) // each trigger is active by itself, the formula is not
	e.answers(feed, "web", "composite-metric", 3)
	if got := e.replicas("web"); got != 0 {
		e.Errorf("a value at the activation target started %d replicas", got)
	}
	e.redis.Push(e.list("web")+"-b", 2)
	e.answers(feed, "web", "composite-metric", 7)
	e.scaled("web", 1)
	composite := []string{"scaledObject", "web", "metric", "composite-metric", "scaler", "composite-metric", "triggerIndex", "0", "type", "scaledobject"}
	e.is(7, "keda_scaler_metrics_value", composite...)
	e.is(1, "keda_scaler_active", composite...)
	e.redis.Do("DEL", e.list("web")+"-a", e.list("web")+"-b")
	e.scaled("web", 0)
	e.is(0, "keda_scaler_metrics_value", composite...)
	e.is(0, "keda_scaler_active", composite...)
	e.patch(&v1alpha1.ScaledObject{}, "web", `{"spec":{"advanced":{"scalingModifiers":{"metricType":"Value"}}}}`)
	e.hpaBecomes("keda-hpa-web", "compares the sum", func(h *autoscalingv2.HorizontalPodAutoscaler) bool {
		target := h.Spec.Metrics[0].External.Target
		return target.Type == autoscalingv2.ValueMetricType && target.Value.String() == "2500m"
	})
}

// testRatio: 0/0 is what an idle ratio gives; it means nothing is to be done.
//
// Kept: Scaling
// KEDA: A formula whose result is no finite number counts as 0.
// Why: Ratios rely on 0/0 meaning that nothing is to be done.
func testRatio(e *env) {
	feed := e.follow()
	e.apply(deployment("ratio", 2), e.formulaObject("ratio", "a / b", ""))
	so := e.isReady("ratio")
	e.answers(feed, "ratio", "composite-metric", 0)
	e.scaled("ratio", 0)
	e.condition(so, v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerNotActive)
	e.redis.Push(e.list("ratio")+"-a", 8)
	e.redis.Push(e.list("ratio")+"-b", 2)
	e.answers(feed, "ratio", "composite-metric", 4)
	e.scaled("ratio", 1)
}

// testFormulaFallback: the formula may stand in for what cannot be read.
//
// Covers: field ScaledObject.spec.fallback.behavior
func testFormulaFallback(e *env) {
	feed := e.follow()
	bad := refusing(e)
	e.apply(deployment("web", 0), fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web}
spec:
  scaleTargetRef: {name: web}
  pollingInterval: 1
  fallback: {failureThreshold: 1, replicas: 3, behavior: scalingModifiers}
  advanced: {scalingModifiers: {formula: "(a ?? 9) + b", target: "5"}}
  triggers:
    - {type: redis, name: a, metadata: {address: "%s", listName: x}}
    - {type: redis, name: b, metadata: {address: "%s", listName: "%s"}}
`, bad, e.redis.Address, e.list("web")))
	e.answers(feed, "web", "composite-metric", 9)
	e.redis.Push(e.list("web"), 4)
	e.answers(feed, "web", "composite-metric", 13)
	e.scaled("web", 1)
	e.is(13, "keda_scaler_metrics_value", "scaledObject", "web", "metric", "composite-metric")
}
