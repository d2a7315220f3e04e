// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// changeTests change objects that are being scaled.
var changeTests = map[string]func(*env){
	"BoundsOfARunningObject":   testBoundsOfARunningObject,
	"CountHeldWhilePaused":     testCountHeldWhilePaused,
	"TriggersOfARunningObject": testTriggersOfARunningObject,
}

// testTriggersOfARunningObject: a trigger counts from when it is added until it is
// taken away, for the controller and for the HPA.
//
// Covers: field ScaledObject.spec.triggers; field ScaledObject.status.externalMetricNames; field ScaledObject.status.resourceMetricNames
func testTriggersOfARunningObject(e *env) {
	const cpu = `{"type":"cpu","metricType":"Utilization","metadata":{"value":"50"}}`
	redis := func(list string) string {
		return fmt.Sprintf(`{"type":"redis","metadata":{"address":%q,"listName":%q}}`, e.redis.Address, list)
	}
	become := func(externals, resources int, triggers ...string) {
		e.Helper()
		e.patch(&v1alpha1.ScaledObject{}, "web", `{"spec":{"triggers":[`+strings.Join(triggers, ",")+`]}}`)
		e.hpaBecomes("keda-hpa-web", fmt.Sprintf("has %d external and %d resource metrics", externals, resources), func(h *autoscalingv2.HorizontalPodAutoscaler) bool {
			got := map[autoscalingv2.MetricSourceType]int{}
			for _, m := range h.Spec.Metrics {
				got[m.Type]++
			}
			return got[autoscalingv2.ExternalMetricSourceType] == externals && got[autoscalingv2.ResourceMetricSourceType] == resources
		})
		e.eventually("the status names them", func() error {
			if s := e.so("web").Status; len(s.ExternalMetricNames) != externals || len(s.ResourceMetricNames) != resources {
				return fmt.Errorf("it names %q and %q", s.ExternalMetricNames, s.ResourceMetricNames)
			}
			return nil
		})
	}
	feed, first, second := e.follow(), e.list("web"), e.list("second")
	e.redis.Push(second, 4)
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	e.isReady("web")
	become(2, 0, redis(first), redis(second))
	e.scaled("web", 1)
	e.answers(feed, "web", "s1-redis-"+second, 4)
	become(1, 0, redis(first))
	e.scaled("web", 0)
	become(2, 1, redis(first), redis(second), cpu)
	e.scaled("web", 1)
	become(1, 1, redis(first), cpu)
	e.scaled("web", 0) // cpu keeps nothing up beside a trigger that can wake the target
}

// testBoundsOfARunningObject: new bounds hold at once, for a target at zero too.
//
// Covers: field ScaledObject.spec.minReplicaCount; field ScaledObject.spec.maxReplicaCount
func testBoundsOfARunningObject(e *env) {
	bounds := func(least, most int32) {
		e.Helper()
		e.patch(&v1alpha1.ScaledObject{}, "web", fmt.Sprintf(`{"spec":{"minReplicaCount":%d,"maxReplicaCount":%d}}`, least, most))
		e.hpaBecomes("keda-hpa-web", fmt.Sprintf("goes from %d to %d", least, most), func(h *autoscalingv2.HorizontalPodAutoscaler) bool {
			return *h.Spec.MinReplicas == max(1, least) && h.Spec.MaxReplicas == most
		})
	}
	e.apply(deployment("web", 0), e.redisObject("web", "minReplicaCount: 0\nmaxReplicaCount: 5"))
	e.isReady("web")
	bounds(5, 15)
	e.scaled("web", 5)
	bounds(7, 15)
	e.scaled("web", 7)
	bounds(0, 5)
	e.scaled("web", 0)
}

// testCountHeldWhilePaused: a count may be held on top of a pause, and either may end
// first.
//
// Covers: annotation autoscaling.keda.sh/paused; annotation autoscaling.keda.sh/paused-replicas
func testCountHeldWhilePaused(e *env) {
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	so := e.isReady("web")
	e.annotate("web", v1alpha1.AnnotationPaused, "true")
	e.condition(so, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectPaused)
	e.annotate("web", v1alpha1.AnnotationPausedReplicas, "5")
	e.scaled("web", 5)
	e.annotate("web", v1alpha1.AnnotationPaused, "")
	e.annotate("web", v1alpha1.AnnotationPausedReplicas, "3")
	e.scaled("web", 3)
	e.annotate("web", v1alpha1.AnnotationPaused, "true")
	e.annotate("web", v1alpha1.AnnotationPausedReplicas, "")
	e.condition(so, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectPaused, v1alpha1.AnnotationPaused)
	if got := e.replicas("web"); got != 3 {
		e.Errorf("the pause left %d replicas", got)
	}
	e.annotate("web", v1alpha1.AnnotationPaused, "")
	e.condition(so, v1alpha1.ConditionPaused, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectUnpaused)
	e.scaled("web", 0)
}
