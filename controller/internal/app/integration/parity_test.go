// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
)

// parityTests are the tests of what ScaledObjects promise field by field.
var parityTests = map[string]func(*env){
	"AdoptedFromAnotherController":       testAdoptedFromAnotherController,
	"AuthenticationRefs":                 testAuthenticationRefs,
	"CPUWithoutNumberIsNamed":            testCPUWithoutNumberIsNamed,
	"CachedMetrics":                      testCachedMetrics,
	"CountThatTheTargetRefuses":          testCountThatTheTargetRefuses,
	"DeletedWhilePaused":                 testDeletedWhilePaused,
	"DeletionDuringWrites":               testDeletionDuringWrites,
	"EnvSourceContainer":                 testEnvSourceContainer,
	"FallbackBehaviors":                  testFallbackBehaviors,
	"FallbackOfAFormulaWithoutAnswer":    testFallbackOfAFormulaWithoutAnswer,
	"FallbackWithAFractionalTarget":      testFallbackWithAFractionalTarget,
	"ForeignStatus":                      testForeignStatus,
	"FormulaKeepsContainerMetrics":       testFormulaKeepsContainerMetrics,
	"InitialCooldown":                    testInitialCooldown,
	"KindOfTargetAppearsLater":           testKindOfTargetAppearsLater,
	"MetricTypeReachesTheHPA":            testMetricTypeReachesTheHPA,
	"PausedAtNoNumber":                   testPausedAtNoNumber,
	"PausedByAnyValue":                   testPausedByAnyValue,
	"PollingInterval":                    testPollingInterval,
	"RemovedLabelLeavesTheHPA":           testRemovedLabelLeavesTheHPA,
	"RenamedHPAWhileTheOldOneIsHeld":     testRenamedHPAWhileTheOldOneIsHeld,
	"ReplicasThatCannotBeRead":           testReplicasThatCannotBeRead,
	"RestoredCountIsTheTargetsOwn":       testRestoredCountIsTheTargetsOwn,
	"StatefulSetsAndReplicaSets":         testStatefulSetsAndReplicaSets,
	"TargetWithoutScale":                 testTargetWithoutScale,
	"UnreadableTriggerKeepsTheOthersHPA": testUnreadableTriggerKeepsTheOthersHPA,
}

// httpObject is a ScaledObject of a Deployment of the same name, with one
// metrics-api trigger on a path that is called after it.
func httpObject(name, url, spec, trigger string) string {
	return fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: %[1]s}
spec:
  scaleTargetRef: {name: %[1]s}
  cooldownPeriod: 1
  triggers:
    - type: metrics-api
      metadata: {url: "%[2]s/%[1]s", valueLocation: backlog, targetValue: "5"}
      %[4]s
  %[3]s
`, name, url, spec, trigger)
}

// requests counts the requests for the path of an httpObject.
func requests(server *source.HTTPServer, name string) (n int) {
	for _, r := range server.Requests() {
		if r.URL.Path == "/"+name {
			n++
		}
	}
	return n
}

func (e *env) requested(server *source.HTTPServer, name string, atLeast int) {
	e.Helper()
	e.eventually(fmt.Sprintf("%s was asked %d times", name, atLeast), func() error {
		if n := requests(server, name); n < atLeast {
			return fmt.Errorf("it was asked %d times", n)
		}
		return nil
	})
}

// testPollingInterval: an inactive object is asked once per interval.
//
// Covers: field ScaledObject.spec.pollingInterval
func testPollingInterval(e *env) {
	server := source.HTTP(e)
	server.Answer(200, `{"backlog": 0}`)
	e.apply(deployment("often", 0), httpObject("often", server.URL, "pollingInterval: 1", ""),
		deployment("seldom", 0), httpObject("seldom", server.URL, "pollingInterval: 3600", ""))
	e.isReady("often")
	e.isReady("seldom")
	e.requested(server, "often", 5)
	if n := requests(server, "seldom"); n != 1 {
		e.Errorf("asked %d times within an interval of an hour", n)
	}
	e.apply(httpObject("seldom", server.URL, "pollingInterval: 1", ""))
	e.requested(server, "seldom", 5)
}

// testCachedMetrics: an active object is read as often as the HPA looks, and what
// the HPA is told is read anew for it, unless the trigger says that the last poll
// will do.
//
// Covers: field ScaledObject.spec.triggers.useCachedMetrics
//
// Differs: Metrics
// KEDA: Every read of the HPA asks the source, also when several HPAs or metrics servers want the same at the same time; the poll asks it besides.
// Here: One answer serves everybody. A read of an answer that is older than a second asks the source again, and waits at most 50 ms for it. Active objects are polled as often as the HPA looks.
// Why: The load of a source depends on how often its answer may have changed, not on how many look, and a slow source does not slow down the HPAs of others.
// Old: not available
func testCachedMetrics(e *env) {
	server, feed := source.HTTP(e), e.follow()
	server.Answer(200, `{"backlog": 7}`)
	e.apply(deployment("fresh", 0), httpObject("fresh", server.URL, "pollingInterval: 3600", ""),
		deployment("cached", 0), httpObject("cached", server.URL, "pollingInterval: 3600", "useCachedMetrics: true"))
	metric := e.isReady("cached").Status.ExternalMetricNames[0]
	e.scaled("cached", 1)
	e.scaled("fresh", 1)
	e.answers(feed, "cached", metric, 7)
	e.requested(server, "fresh", 4)
	if answer, ok := feed.Refresh(e.Context(), e.ns, "cached", metric, 0); ok && answer.Value != 7 {
		e.Errorf("the HPA would be told %v", answer)
	}
	if n := requests(server, "cached"); n != 1 {
		e.Errorf("a trigger with useCachedMetrics was asked %d times within an interval of an hour", n)
	}
}

// testInitialCooldown: a new object leaves its target alone for a while.
//
// Covers: field ScaledObject.spec.initialCooldownPeriod; condition ScaledObject/Active/ScalerCooldown
func testInitialCooldown(e *env) {
	e.apply(deployment("web", 3), e.redisObject("web", "initialCooldownPeriod: 3600"))
	e.isReady("web")
	e.condition(scaledObject("web"), v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerCooldown)
	e.polled(2)
	if got := e.replicas("web"); got != 3 {
		e.Errorf("a new target was scaled to %d", got)
	}
	e.apply(e.redisObject("web", "initialCooldownPeriod: 0"))
	e.scaled("web", 0)
}

// testEnvSourceContainer: the environment comes from the container that is named,
// else from the first one.
//
// Covers: field ScaledObject.spec.scaleTargetRef.envSourceContainerName
func testEnvSourceContainer(e *env) {
	bad := refusing(e)
	workload := func(name string) string {
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
        - {name: first, image: none, env: [{name: REDIS, value: "%[2]s"}]}
        - {name: second, image: none, env: [{name: REDIS, value: "%[3]s"}]}
`, name, bad, e.redis.Address)
	}
	object := func(name, container string) string {
		return fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: %[1]s}
spec:
  scaleTargetRef: {name: %[1]s, envSourceContainerName: "%[2]s"}
  pollingInterval: 1
  triggers: [{type: redis, metadata: {addressFromEnv: REDIS, listName: "%[3]s"}}]
`, name, container, e.list("web"))
	}
	e.apply(workload("named"), object("named", "second"), workload("unnamed"), object("unnamed", ""), workload("wrong"), object("wrong", "third"))
	e.redis.Push(e.list("web"), 1)
	e.scaled("named", 1)
	e.condition(scaledObject("unnamed"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTriggerError, bad)
	e.condition(scaledObject("wrong"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, "third")
}

// testPausedByAnyValue: whoever writes the annotation wants a pause, whatever the
// value; only false is no.
//
// Covers: annotation autoscaling.keda.sh/paused
//
// Kept: Scaling
// KEDA: Any value of autoscaling.keda.sh/paused that is not a boolean pauses, and paused-replicas pauses even beside paused: "false".
// Why: A typing error in a pause must not scale anything.
func testPausedByAnyValue(e *env) {
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	so := e.isReady("web")
	set := func(annotations string) {
		e.patch(&v1alpha1.ScaledObject{}, "web", `{"metadata":{"annotations":`+annotations+`}}`)
	}
	for _, value := range []string{"maybe", "", "1"} {
		set(fmt.Sprintf(`{%q:%q}`, v1alpha1.AnnotationPaused, value))
		e.condition(so, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectPaused)
		set(fmt.Sprintf(`{%q:"false"}`, v1alpha1.AnnotationPaused))
		e.condition(so, v1alpha1.ConditionPaused, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectUnpaused)
	}
	set(fmt.Sprintf(`{%q:"3"}`, v1alpha1.AnnotationPausedReplicas))
	e.scaled("web", 3)
	e.condition(so, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectPaused, "3 replicas")
}

// testPausedAtNoNumber: the annotation pauses by its presence. What it says is
// refused, and until it is corrected nothing scales the target.
//
// Covers: annotation autoscaling.keda.sh/paused-replicas
func testPausedAtNoNumber(e *env) {
	e.apply(deployment("web", 1), e.redisObject("web", "minReplicaCount: 1"))
	so := e.isReady("web")
	e.annotate("web", v1alpha1.AnnotationPausedReplicas, "many")
	e.condition(so, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, v1alpha1.AnnotationPausedReplicas, "many")
	e.condition(so, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectPaused)
	e.noHPA("keda-hpa-web")
	e.annotate("web", v1alpha1.AnnotationPausedReplicas, "2")
	e.scaled("web", 2)
	e.condition(so, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectReady)
}

// testDeletedWhilePaused: the replicas that a pause holds are not those that were
// there before.
//
// Covers: field ScaledObject.spec.advanced.restoreToOriginalReplicaCount
func testDeletedWhilePaused(e *env) {
	e.apply(deployment("web", 2), e.redisObject("web", "advanced: {restoreToOriginalReplicaCount: true}"))
	e.scaled("web", 0)
	e.annotate("web", v1alpha1.AnnotationPausedReplicas, "5")
	e.scaled("web", 5)
	e.delete(&v1alpha1.ScaledObject{}, "web")
	e.gone(&v1alpha1.ScaledObject{}, "web")
	e.scaled("web", 2)
}

// testDeletionDuringWrites: objects go although others keep writing them.
//
// Covers: finalizer finalizer.keda.sh
//
// Differs: Scaling
// KEDA: The finalizer is removed by replacing the object. While its status is being written, or others write it, that conflicts, and each conflict waits longer: deleting many objects, or their namespace, may take half an hour.
// Here: The finalizer is removed by a patch of its own, which only a change of the list of finalizers can conflict with.
// Why: Deletions do not wait for anything that does not concern them.
// Old: not available
func testDeletionDuringWrites(e *env) {
	const objects = 8
	for i := range objects {
		name := fmt.Sprint("web", i)
		e.apply(deployment(name, 0), e.redisObject(name, ""))
	}
	for i := range objects {
		e.isReady(fmt.Sprint("web", i))
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			o := &v1alpha1.ScaledObject{ObjectMeta: metav1.ObjectMeta{Namespace: e.ns, Name: fmt.Sprint("web", n%objects)}}
			patch := client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"metadata":{"annotations":{"n":"%d"}}}`, n))
			_ = e.c.Patch(e.Context(), o, patch) // the object may be gone
		}
	}()
	for i := range objects {
		e.delete(&v1alpha1.ScaledObject{}, fmt.Sprint("web", i))
	}
	for i := range objects {
		e.gone(&v1alpha1.ScaledObject{}, fmt.Sprint("web", i))
	}
	close(stop)
	<-done
}

// testStatefulSetsAndReplicaSets: the other workloads of Kubernetes are targets too.
//
// Covers: field ScaledObject.spec.scaleTargetRef.kind; field ScaledObject.spec.scaleTargetRef.apiVersion
func testStatefulSetsAndReplicaSets(e *env) {
	for _, kind := range []string{"StatefulSet", "ReplicaSet"} {
		name := strings.ToLower(kind)
		e.apply(strings.Replace(deployment(name, 0), "kind: Deployment", "kind: "+kind, 1),
			e.redisObject(name, "scaleTargetRef: {kind: "+kind+", name: "+name+"}"))
		e.redis.Push(e.list(name), 1)
	}
	replicas := func(want int32) {
		e.Helper()
		e.eventually(fmt.Sprintf("both have %d replicas", want), func() error {
			var ss appsv1.StatefulSet
			var rs appsv1.ReplicaSet
			e.get(&ss, "statefulset")
			e.get(&rs, "replicaset")
			if *ss.Spec.Replicas != want || *rs.Spec.Replicas != want {
				return fmt.Errorf("they have %d and %d", *ss.Spec.Replicas, *rs.Spec.Replicas)
			}
			return nil
		})
	}
	replicas(1)
	if got := e.isReady("statefulset").Status.ScaleTargetKind; got != "apps/v1.StatefulSet" {
		e.Errorf("the target is a %s", got)
	}
	e.redis.Do("DEL", e.list("statefulset"), e.list("replicaset"))
	replicas(0)
}
