// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// testPause: a paused object does nothing, and goes on where it was.
//
// Covers: annotation autoscaling.keda.sh/paused; condition ScaledObject/Paused/ScaledObjectPaused; condition ScaledObject/Paused/ScaledObjectUnpaused; event ScaledObjectPaused; event ScaledObjectUnpaused
//
// Differs: Scaling
// KEDA: The reconciler and the scale loop both write all conditions, so that Paused=True may come back after the pause has ended, and stays.
// Here: One writer knows what was written last and sends what changed.
// Why: The condition says what is.
// Old: not available
func testPause(e *env) {
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	so := e.isReady("web")
	e.annotate("web", v1alpha1.AnnotationPaused, "true")
	e.condition(so, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectPaused)
	e.condition(so, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectReady, "paused")
	e.gone(&autoscalingv2.HorizontalPodAutoscaler{}, "keda-hpa-web")
	e.event("web", v1alpha1.EventScaledObjectPaused)
	if got := e.so("web").Status.HpaName; got != "" {
		e.Errorf("a paused object has the HPA %s", got)
	}

	e.redis.Push(e.list("web"), 1) // another object of the same Redis is polled meanwhile, so time passes
	e.apply(deployment("other", 0), e.redisObject("other", ""))
	e.redis.Push(e.list("other"), 1)
	e.scaled("other", 1)
	if got := e.replicas("web"); got != 0 {
		e.Errorf("a paused target was scaled to %d", got)
	}

	e.annotate("web", v1alpha1.AnnotationPaused, "")
	e.condition(so, v1alpha1.ConditionPaused, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectUnpaused)
	e.event("web", v1alpha1.EventScaledObjectUnpaused)
	e.scaled("web", 1)
	e.eventually("the HPA is back", func() error {
		if e.hpa("keda-hpa-web") == nil {
			return fmt.Errorf("there is none")
		}
		return nil
	})
}

// testPausedReplicas: the count is held whatever the triggers say.
//
// Covers: annotation autoscaling.keda.sh/paused-replicas; field ScaledObject.status.pausedReplicaCount
func testPausedReplicas(e *env) {
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	so := e.isReady("web")
	e.annotate("web", v1alpha1.AnnotationPausedReplicas, "4")
	e.scaled("web", 4)
	e.condition(so, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectPaused, "4 replicas")
	if got := e.so("web").Status.PausedReplicaCount; got == nil || *got != 4 {
		e.Errorf("status.pausedReplicaCount is %v", got)
	}
	e.annotate("web", v1alpha1.AnnotationPausedReplicas, "2")
	e.scaled("web", 2)
	e.annotate("web", v1alpha1.AnnotationPausedReplicas, "many")
	e.condition(so, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, v1alpha1.AnnotationPausedReplicas, "many")
	e.annotate("web", v1alpha1.AnnotationPausedReplicas, "")
	e.scaled("web", 0)
	if got := e.so("web").Status.PausedReplicaCount; got != nil {
		e.Errorf("status.pausedReplicaCount is still %d", *got)
	}
}

// testPauseBroken: pausing is what users do when something is broken.
//
// Differs: Scaling
// KEDA: An object whose triggers cannot be built is not Ready, paused or not.
// Here: A pause needs the target and nothing else.
// Why: Whoever pauses an object may do so because its triggers are broken.
// Old: not available
func testPauseBroken(e *env) {
	e.apply(deployment("web", 1), `
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web, annotations: {autoscaling.keda.sh/paused-replicas: "3"}}
spec:
  scaleTargetRef: {name: web}
  triggers: [{type: redis, authenticationRef: {name: missing}, metadata: {listName: x}}]
`)
	e.scaled("web", 3)
	e.condition(scaledObject("web"), v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectPaused)
	e.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectReady)
	e.annotate("web", v1alpha1.AnnotationPausedReplicas, "")
	e.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, "missing")
	e.condition(scaledObject("web"), v1alpha1.ConditionPaused, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectUnpaused)
}

// testPausedDirections: one direction may be held while the other goes on.
//
// Covers: annotation autoscaling.keda.sh/paused-scale-in; annotation autoscaling.keda.sh/paused-scale-out
func testPausedDirections(e *env) {
	e.apply(deployment("in", 0), e.redisObject("in", ""), deployment("out", 0), e.redisObject("out", ""))
	e.isReady("in")
	e.isReady("out")
	e.annotate("in", v1alpha1.AnnotationPausedScaleIn, "true")
	e.annotate("out", v1alpha1.AnnotationPausedScaleOut, "true")
	e.condition(scaledObject("in"), v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectPaused, "scaling in")
	e.condition(scaledObject("out"), v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectPaused, "scaling out")
	e.eventually("the HPAs hold the same directions", func() error {
		in, out := e.hpa("keda-hpa-in").Spec.Behavior, e.hpa("keda-hpa-out").Spec.Behavior
		if in == nil || *in.ScaleDown.SelectPolicy != autoscalingv2.DisabledPolicySelect || out == nil || *out.ScaleUp.SelectPolicy != autoscalingv2.DisabledPolicySelect {
			return fmt.Errorf("behaviors %v and %v", in, out)
		}
		return nil
	})
	e.redis.Push(e.list("in"), 1)
	e.redis.Push(e.list("out"), 1)
	e.scaled("in", 1)
	e.condition(scaledObject("out"), v1alpha1.ConditionActive, metav1.ConditionTrue, v1alpha1.ReasonScalerActive)
	if got := e.replicas("out"); got != 0 {
		e.Errorf("a target that may not scale out has %d replicas", got)
	}
	e.redis.Do("DEL", e.list("in"))
	e.condition(scaledObject("in"), v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerNotActive)
	if got := e.replicas("in"); got != 1 {
		e.Errorf("a target that may not scale in has %d replicas", got)
	}
	e.annotate("in", v1alpha1.AnnotationPausedScaleIn, "")
	e.annotate("out", v1alpha1.AnnotationPausedScaleOut, "")
	e.scaled("in", 0)
	e.scaled("out", 1)
}

// testForceActivation: an annotation wakes the target.
//
// Covers: annotation autoscaling.keda.sh/force-activation
func testForceActivation(e *env) {
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	so := e.isReady("web")
	e.annotate("web", v1alpha1.AnnotationForceActivation, "true")
	e.scaled("web", 1)
	e.condition(so, v1alpha1.ConditionActive, metav1.ConditionTrue, v1alpha1.ReasonScalerActive, v1alpha1.AnnotationForceActivation)
	e.annotate("web", v1alpha1.AnnotationForceActivation, "")
	e.scaled("web", 0)
}
