// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// testRivals: the second object on a target is refused with the name of the
// first, and takes over when the first goes elsewhere.
//
// Differs: Scaling
// KEDA: Only the admission webhook refuses a second ScaledObject on a target, and it fails open: with the webhook away both objects make HPAs and scale the same pods.
// Here: The controller refuses the younger object too, and says which one was first; it takes over when that one goes.
// Why: Two autoscalers on one workload never come to rest.
// Old: not available
func testRivals(e *env) {
	e.apply(deployment("a", 0), deployment("b", 0), e.redisObject("a", ""))
	e.isReady("a")
	second := func(target string) string { return e.redisObject("z", "scaleTargetRef: {name: "+target+"}") }
	e.apply(second("a"))
	e.condition(scaledObject("z"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed,
		"Deployment a", "ScaledObject "+e.ns+"/a")
	e.event("z", v1alpha1.EventScaledObjectCheckFailed, e.ns+"/a")
	e.redis.Push(e.list("z"), 1) // nobody may act on it
	e.annotate("a", "touched", "yes")
	e.redis.Push(e.list("a"), 1)
	e.scaled("a", 1)
	e.isReady("a")
	if e.hpa("keda-hpa-z") != nil {
		e.Error("a refused object has an HPA")
	}
	e.apply(e.redisObject("a", "scaleTargetRef: {name: b}"))
	e.scaled("b", 1)
	e.isReady("z")
	e.eventually("the HPA of the second", func() error {
		if e.hpa("keda-hpa-z") == nil {
			return fmt.Errorf("there is none")
		}
		return nil
	})
}

// foreignHPA is an HPA that somebody made by hand.
func foreignHPA(name, target string) string {
	return fmt.Sprintf(`
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: %s}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: %s}
  maxReplicas: 3
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
`, name, target)
}

// testForeignHPA: an HPA of somebody else on the target is refused by its name,
// whoever came first, until it is gone.
//
// Covers: annotation validations.keda.sh/hpa-ownership
//
// Differs: HPA
// KEDA: An HPA that somebody else creates later on the target of a ScaledObject is not noticed. Kubernetes then finds the pods in two HPAs and lets neither of them scale.
// Here: Our HPA gives way, and the object is not Ready and names the other one. When that is gone, or says validations.keda.sh/hpa-ownership: "false", scaling goes on.
// Why: One autoscaler that works and a message are better than two that block each other.
// Old: The annotation on the other HPA.
func testForeignHPA(e *env) {
	e.apply(deployment("web", 1), foreignHPA("legacy", "web"), e.redisObject("web", ""))
	so := scaledObject("web")
	e.condition(so, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, "HorizontalPodAutoscaler "+e.ns+"/legacy")
	e.delete(&autoscalingv2.HorizontalPodAutoscaler{}, "legacy")
	e.isReady("web")
	e.apply(foreignHPA("intruder", "web"))
	e.condition(so, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, "HorizontalPodAutoscaler "+e.ns+"/intruder")
	e.patch(&autoscalingv2.HorizontalPodAutoscaler{}, "intruder", `{"metadata":{"annotations":{"validations.keda.sh/hpa-ownership":"false"}}}`)
	e.isReady("web")
}

// testTransfer: an existing HPA is taken over where that is asked for, and only
// then.
//
// Covers: annotation scaledobject.keda.sh/transfer-hpa-ownership
//
// Differs: HPA
// KEDA: An HPA that has the name which a ScaledObject wants, and scales something else, is overwritten without a word.
// Here: It is refused by its name, unless the object says that it is to be taken over.
// Why: A name is no permission.
// Old: The annotation scaledobject.keda.sh/transfer-hpa-ownership: "true".
func testTransfer(e *env) {
	named := "advanced: {horizontalPodAutoscalerConfig: {name: legacy}}"
	e.apply(deployment("web", 1), deployment("other", 1), foreignHPA("legacy", "other"), e.redisObject("web", named))
	e.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed,
		"HorizontalPodAutoscaler "+e.ns+"/legacy", v1alpha1.AnnotationTransferHPAOwnership)
	before := e.hpa("legacy")
	e.annotate("web", v1alpha1.AnnotationTransferHPAOwnership, "true")
	so := e.isReady("web")
	after := e.hpa("legacy")
	if owner := metav1.GetControllerOf(after); after.UID != before.UID || owner == nil || owner.UID != so.UID || after.Spec.ScaleTargetRef.Name != "web" {
		e.Errorf("the HPA was not taken over: %v", after)
	}
	e.delete(&v1alpha1.ScaledObject{}, "web")
	e.gone(&autoscalingv2.HorizontalPodAutoscaler{}, "legacy")
}
