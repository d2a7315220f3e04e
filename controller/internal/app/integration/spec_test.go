// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// testRenamedHPA: one HPA at a time, whatever it is called.
//
// Covers: field ScaledObject.spec.advanced; field ScaledObject.spec.advanced.horizontalPodAutoscalerConfig; field ScaledObject.spec.advanced.horizontalPodAutoscalerConfig.name; field ScaledObject.spec.advanced.horizontalPodAutoscalerConfig.behavior
func testRenamedHPA(e *env) {
	e.apply(deployment("web", 1), e.redisObject("web", ""))
	e.isReady("web")
	e.apply(e.redisObject("web", "maxReplicaCount: 9\nadvanced: {horizontalPodAutoscalerConfig: {name: web-hpa, behavior: {scaleDown: {stabilizationWindowSeconds: 7}}}}"))
	e.eventually("the HPA has the new name", func() error {
		h := e.hpa("web-hpa")
		if h == nil || h.Spec.MaxReplicas != 9 || *h.Spec.Behavior.ScaleDown.StabilizationWindowSeconds != 7 {
			return fmt.Errorf("it is %v", h)
		}
		return nil
	})
	e.gone(&autoscalingv2.HorizontalPodAutoscaler{}, "keda-hpa-web")
	if so := e.isReady("web"); so.Status.HpaName != "web-hpa" {
		e.Errorf("status.hpaName is %q", so.Status.HpaName)
	}
}

// testDriftingHPA: what others do to the HPA is undone.
//
// Differs: HPA
// KEDA: A change that somebody makes to an HPA is found only where it contradicts the spec, and a behavior that was taken out of a ScaledObject field by field may stay.
// Here: Whatever the ScaledObject decides about its HPA is restored, fields that it leaves to their defaults included; what others add stays.
// Why: The declaration is the whole truth about the HPA.
// Old: not available
func testDriftingHPA(e *env) {
	e.apply(deployment("web", 1), e.redisObject("web", "maxReplicaCount: 9"))
	e.isReady("web")
	e.patch(&autoscalingv2.HorizontalPodAutoscaler{}, "keda-hpa-web", `{"spec":{"maxReplicas":99},"metadata":{"labels":{"team":"theirs"}}}`)
	e.eventually("maxReplicas is back", func() error {
		if h := e.hpa("keda-hpa-web"); h.Spec.MaxReplicas != 9 || h.Labels["team"] != "theirs" {
			return fmt.Errorf("it is %d, labels %v", h.Spec.MaxReplicas, h.Labels)
		}
		return nil
	})
	before := e.hpa("keda-hpa-web").UID
	e.delete(&autoscalingv2.HorizontalPodAutoscaler{}, "keda-hpa-web")
	e.eventually("the HPA is back", func() error {
		if h := e.hpa("keda-hpa-web"); h == nil || h.UID == before {
			return fmt.Errorf("it is %v", h)
		}
		return nil
	})
}

// testRestore: deletion puts the replicas back where that is asked for.
//
// Covers: field ScaledObject.spec.advanced.restoreToOriginalReplicaCount; field ScaledObject.status.originalReplicaCount
func testRestore(e *env) {
	e.apply(deployment("web", 3), e.redisObject("web", "advanced: {restoreToOriginalReplicaCount: true}"))
	e.scaled("web", 0)
	if got := e.isReady("web").Status.OriginalReplicaCount; got == nil || *got != 3 {
		e.Errorf("status.originalReplicaCount is %v", got)
	}
	e.delete(&v1alpha1.ScaledObject{}, "web")
	e.gone(&v1alpha1.ScaledObject{}, "web")
	e.scaled("web", 3)
	e.gone(&autoscalingv2.HorizontalPodAutoscaler{}, "keda-hpa-web")
}

// testResourceTriggers: cpu needs no poll, yet somebody looks after the replicas.
//
// Covers: field ScaledObject.status.resourceMetricNames; field ScaledObject.spec.triggers.metricType
func testResourceTriggers(e *env) {
	e.apply(deployment("web", 0), `
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web}
spec:
  scaleTargetRef: {name: web}
  minReplicaCount: 2
  pollingInterval: 1
  triggers:
    - {type: cpu, metricType: Utilization, metadata: {value: "60"}}
    - {type: memory, metricType: AverageValue, metadata: {value: 128Mi, containerName: main}}
`)
	so := e.isReady("web")
	e.scaled("web", 2)
	if got := so.Status; len(got.ExternalMetricNames) != 0 || fmt.Sprint(got.ResourceMetricNames) != "[cpu memory]" {
		e.Errorf("external metrics %v, resource metrics %v", got.ExternalMetricNames, got.ResourceMetricNames)
	}
	h := e.hpa("keda-hpa-web")
	if len(h.Spec.Metrics) != 2 || h.Spec.Metrics[0].ContainerResource == nil || h.Spec.Metrics[1].Resource == nil {
		e.Errorf("the HPA watches %v", h.Spec.Metrics)
	}
	e.patch(&appsv1.Deployment{}, "web", `{"spec":{"replicas":0}}`)
	e.scaled("web", 2)
}

// testOtherKinds: anything with a scale subresource is a target.
//
// Covers: field ScaledObject.spec.scaleTargetRef.apiVersion; field ScaledObject.spec.scaleTargetRef.kind
func testOtherKinds(e *env) {
	widget := schema.GroupVersionKind{Group: "example.test", Version: "v1", Kind: "Widget"}
	e.apply(`{apiVersion: example.test/v1, kind: Widget, metadata: {name: widget}, spec: {replicas: 0}}`,
		e.redisObject("widget", "scaleTargetRef: {apiVersion: example.test/v1, kind: Widget, name: widget}"))
	so := e.isReady("widget")
	if got := so.Status.ScaleTargetKind; got != "example.test/v1.Widget" {
		e.Errorf("the target is a %s", got)
	}
	scaled := func(want int64) {
		e.eventually(fmt.Sprintf("the widget has %d replicas", want), func() error {
			u := &unstructured.Unstructured{}
			u.SetGroupVersionKind(widget)
			e.get(u, "widget")
			if got, _, err := unstructured.NestedInt64(u.Object, "spec", "replicas"); got != want || err != nil {
				return fmt.Errorf("it has %d, error %w", got, err)
			}
			return nil
		})
	}
	e.redis.Push(e.list("widget"), 1)
	scaled(1)
	e.redis.Do("DEL", e.list("widget"))
	scaled(0)
}

// testMissingTarget: a target that is not there is named, and noticed when it
// comes.
//
// Covers: condition ScaledObject/Ready/ScaledObjectCheckFailed; condition ScaledObject/Active/UnknownState; event ScaledObjectCheckFailed
func testMissingTarget(e *env) {
	e.apply(e.redisObject("late", ""))
	so := scaledObject("late")
	e.condition(so, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, "Deployment "+e.ns+"/late")
	e.condition(so, v1alpha1.ConditionActive, metav1.ConditionUnknown, v1alpha1.ReasonUnknownState)
	e.event("late", v1alpha1.EventScaledObjectCheckFailed, "late")
	e.redis.Push(e.list("late"), 1)
	e.apply(deployment("late", 0))
	e.isReady("late")
	e.scaled("late", 1)
	e.delete(&appsv1.Deployment{}, "late")
	e.condition(so, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, "Deployment "+e.ns+"/late")
}

// testUnknownKey: KEDA ignores metadata keys that it does not know, and manifests
// carry them. Users hear of it, and the object works.
//
// Covers: event KEDAScalerInfo
func testUnknownKey(e *env) {
	e.apply(deployment("typo", 0), `
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: typo}
spec:
  scaleTargetRef: {name: typo}
  triggers: [{type: redis, metadata: {address: "`+e.redis.Address+`", listName: "`+e.list("typo")+`", listLenght: "3"}}]
`)
	e.isReady("typo")
	ev := e.event("typo", v1alpha1.EventScalerInfo, "listLenght", `did you mean "listLength"?`)
	if ev.Type != corev1.EventTypeWarning {
		e.Errorf("the event is %s", ev.Type)
	}
	e.redis.Push(e.list("typo"), 1)
	e.scaled("typo", 1)
}

// testInvalidSpec: what admission would have refused is refused all the same, with
// everything that is wrong.
func testInvalidSpec(e *env) {
	e.apply(deployment("bad", 2), `
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: bad}
spec:
  scaleTargetRef: {name: bad}
  idleReplicaCount: 5
  minReplicaCount: 2
  triggers: [{type: redis, metadata: {address: nowhere, listLength: many}}]
`)
	e.condition(scaledObject("bad"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed,
		"spec.idleReplicaCount (5)", "spec.triggers[0].metadata.listName", "spec.triggers[0].metadata.listLength", "spec.triggers[0].metadata.address")
	if e.hpa("keda-hpa-bad") != nil {
		e.Error("an object that cannot work has an HPA")
	}
	e.apply(e.redisObject("bad", "minReplicaCount: 2\nidleReplicaCount: 1"))
	e.isReady("bad")
	e.scaled("bad", 1)
}

// testManualScale: a count below the bounds is corrected, as is one that somebody
// else chose for an inactive target.
func testManualScale(e *env) {
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	e.isReady("web")
	e.patch(&appsv1.Deployment{}, "web", `{"spec":{"replicas":4}}`)
	e.scaled("web", 0)
	e.redis.Push(e.list("web"), 1)
	e.scaled("web", 1)
	e.patch(&appsv1.Deployment{}, "web", `{"spec":{"replicas":0}}`)
	e.eventually("it is raised again", func() error {
		if e.replicas("web") == 0 {
			return errors.New("it is 0")
		}
		return nil
	})
}
