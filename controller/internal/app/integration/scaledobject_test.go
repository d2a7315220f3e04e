// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/google/go-cmp/cmp"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// testLifecycle follows one object from apply to delete.
//
// Covers: field ScaledObject.spec.scaleTargetRef; field ScaledObject.spec.scaleTargetRef.name; field ScaledObject.spec.triggers; field ScaledObject.spec.maxReplicaCount; field ScaledObject.spec.cooldownPeriod
// Covers: field ScaledObject.status.observedGeneration; field ScaledObject.status.scaleTargetKind; field ScaledObject.status.scaleTargetGVKR; field ScaledObject.status.scaleTargetGVKR.group; field ScaledObject.status.scaleTargetGVKR.version; field ScaledObject.status.scaleTargetGVKR.kind; field ScaledObject.status.scaleTargetGVKR.resource
// Covers: field ScaledObject.status.originalReplicaCount; field ScaledObject.status.lastActiveTime; field ScaledObject.status.externalMetricNames; field ScaledObject.status.conditions; field ScaledObject.status.triggersActivity; field ScaledObject.status.hpaName; field ScaledObject.status.triggersTypes; field ScaledObject.status.authenticationsTypes
// Covers: label scaledobject.keda.sh/name; label app.kubernetes.io/name; label app.kubernetes.io/part-of; label app.kubernetes.io/version; label app.kubernetes.io/managed-by; finalizer finalizer.keda.sh; condition ScaledObject/Ready/ScaledObjectReady; condition ScaledObject/Active/ScalerActive; condition ScaledObject/Active/ScalerNotActive
// Covers: event KEDAScalersStarted; event ScaledObjectReady; event KEDAScaleTargetActivated; event KEDAScaleTargetDeactivated; event ScaledObjectDeleted
//
// Kept: Scaling
// KEDA: The cooldown counts only before the last step, to zero or idle; between maxReplicaCount and minReplicaCount the HPA decides, by its own stabilization. That last step goes from any count, whatever the HPA's policies say.
// Why: Both are in every guide, and manifests are tuned to them.
func testLifecycle(e *env) {
	e.apply(deployment("consumer", 0), e.redisObject("consumer", "maxReplicaCount: 7\npollingInterval: 30"))
	so := e.isReady("consumer")
	checkDeclared(e, so)
	checkHPA(e, so)
	e.condition(so, v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerNotActive)
	e.condition(so, v1alpha1.ConditionFallback, metav1.ConditionFalse, v1alpha1.ReasonNoFallbackFound)
	e.condition(so, v1alpha1.ConditionPaused, metav1.ConditionFalse, "")
	e.event("consumer", v1alpha1.EventScalersStarted, "redis every 30s")
	e.event("consumer", v1alpha1.EventScaledObjectReady)

	e.redis.Push(e.list("consumer"), 3) // the next poll is half a minute away: this is noticed by event
	e.scaled("consumer", 1)
	e.condition(so, v1alpha1.ConditionActive, metav1.ConditionTrue, v1alpha1.ReasonScalerActive)
	e.event("consumer", v1alpha1.EventScaleTargetActivated, "0 → 1", "is 3, above its activation value 0")
	if got := e.so("consumer").Status; got.LastActiveTime == nil || !got.TriggersActivity[got.ExternalMetricNames[0]].IsActive {
		e.Errorf("an active object has lastActiveTime %v and triggersActivity %v", got.LastActiveTime, got.TriggersActivity)
	}

	e.redis.Do("DEL", e.list("consumer"))
	e.scaled("consumer", 0)
	e.event("consumer", v1alpha1.EventScaleTargetDeactivated, "1 → 0", "the cooldown of 1s is over")
	e.condition(so, v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerNotActive)

	e.delete(&v1alpha1.ScaledObject{}, "consumer")
	e.gone(&v1alpha1.ScaledObject{}, "consumer")
	e.gone(&autoscalingv2.HorizontalPodAutoscaler{}, "keda-hpa-consumer")
	e.event("consumer", v1alpha1.EventScaledObjectDeleted)
}

// checkDeclared checks what the controller adds to an object and says about it.
func checkDeclared(e *env, so *v1alpha1.ScaledObject) {
	e.Helper()
	if !slices.Contains(so.Finalizers, v1alpha1.Finalizer) || so.Labels[v1alpha1.LabelScaledObjectName] != so.Name {
		e.Errorf("finalizers %v, labels %v", so.Finalizers, so.Labels)
	}
	s := so.Status
	want := v1alpha1.ScaledObjectStatus{
		ObservedGeneration:   so.Generation,
		ScaleTargetKind:      "apps/v1.Deployment",
		ScaleTargetName:      so.Name,
		ScaleTargetGVKR:      &v1alpha1.GroupVersionKindResource{Group: "apps", Version: "v1", Kind: "Deployment", Resource: "deployments"},
		OriginalReplicaCount: new(int32(0)),
		ExternalMetricNames:  []string{"s0-redis-" + e.list(so.Name)},
		HpaName:              "keda-hpa-" + so.Name,
		TriggersTypes:        new("redis"),
		AuthenticationsTypes: new(""),
		TriggersActivity:     map[string]v1alpha1.TriggerActivityStatus{"s0-redis-" + e.list(so.Name): {}},
	}
	s.Conditions = nil
	if diff := cmp.Diff(want, s); diff != "" {
		e.Errorf("status (-want +got):\n%s", diff)
	}
}

func checkHPA(e *env, so *v1alpha1.ScaledObject) {
	e.Helper()
	h := e.hpa("keda-hpa-" + so.Name)
	if h == nil {
		e.Fatal("there is no HPA")
	}
	want := autoscalingv2.HorizontalPodAutoscalerSpec{
		ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: so.Name},
		MinReplicas:    new(int32(1)), MaxReplicas: 7,
		Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{
			Metric: autoscalingv2.MetricIdentifier{
				Name:     so.Status.ExternalMetricNames[0],
				Selector: &metav1.LabelSelector{MatchLabels: map[string]string{v1alpha1.LabelScaledObjectName: so.Name}},
			},
			Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: new(resource.MustParse("5"))},
		}}},
	}
	if diff := cmp.Diff(want, h.Spec); diff != "" {
		e.Errorf("HPA (-want +got):\n%s", diff)
	}
	if owner := metav1.GetControllerOf(h); owner == nil || owner.UID != so.UID {
		e.Errorf("the HPA belongs to %v", owner)
	}
	for label, value := range map[string]string{
		v1alpha1.LabelAppName: h.Name, v1alpha1.LabelAppPartOf: so.Name, v1alpha1.LabelAppVersion: "1.2.3",
		v1alpha1.LabelAppManagedBy: "keda-operator", v1alpha1.LabelScaledObjectName: so.Name,
	} {
		if h.Labels[label] != value {
			e.Errorf("label %s of the HPA is %q, want %q", label, h.Labels[label], value)
		}
	}
}

// testMinAndIdle: an idle object rests below its minimum.
//
// Covers: field ScaledObject.spec.minReplicaCount; field ScaledObject.spec.idleReplicaCount
func testMinAndIdle(e *env) {
	e.apply(deployment("min", 0), e.redisObject("min", "minReplicaCount: 2"))
	e.scaled("min", 2)
	e.apply(deployment("idle", 3), e.redisObject("idle", "minReplicaCount: 2\nidleReplicaCount: 0"))
	e.scaled("idle", 0)
	e.event("idle", v1alpha1.EventScaleTargetDeactivated, "3 → 0")
	e.redis.Push(e.list("idle"), 1)
	e.scaled("idle", 2)
	e.event("idle", v1alpha1.EventScaleTargetActivated, "0 → 2")
	e.redis.Do("DEL", e.list("idle"))
	e.scaled("idle", 0)
	if got := *e.hpa("keda-hpa-idle").Spec.MinReplicas; got != 2 {
		e.Errorf("the HPA begins at %d", got)
	}
	e.apply(deployment("both", 3), e.redisObject("both", "minReplicaCount: 0\nidleReplicaCount: 0"))
	e.scaled("both", 0)
	e.redis.Push(e.list("both"), 1)
	e.scaled("both", 1)
}
