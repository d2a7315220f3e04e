// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// observabilityTests are the tests of metrics, events and status.
var observabilityTests = map[string]func(*env){
	"AdviceAboutParameters":       testAdviceAboutParameters,
	"AlwaysActive":                testAlwaysActive,
	"CountersSurviveChanges":      testCountersSurviveChanges,
	"EmptyAnswers":                testEmptyAnswers,
	"ErrorsOfJobsAreCounted":      testErrorsOfJobsAreCounted,
	"ErrorsOfPollsAreCounted":     testErrorsOfPollsAreCounted,
	"FormulaLacksAnInput":         testFormulaLacksAnInput,
	"LooksStartAndStop":           testLooksStartAndStop,
	"Readiness":                   testReadiness,
	"RegisteredResources":         testRegisteredResources,
	"SharedQueriesAreOneRequest":  testSharedQueriesAreOneRequest,
	"StatusOfJobs":                testStatusOfJobs,
	"TimesTellWhatTheySpeakOf":    testTimesTellWhatTheySpeakOf,
	"WhatTheHPASaysIsMirrored":    testWhatTheHPASaysIsMirrored,
	"WhyItIsAtThisReplicaCount":   testWhyItIsAtThisReplicaCount,
	"WhyTheHPAChangedTheReplicas": testWhyTheHPAChangedTheReplicas,
}

// decided waits for a decision of an object and for words in its reason.
func (e *env) decided(name string, from, to int32, by v1alpha1.DecisionMaker, words ...string) *v1alpha1.Decision {
	e.Helper()
	var d *v1alpha1.Decision
	e.eventually(fmt.Sprintf("%s went from %d to %d by %s because of %q", name, from, to, by, words), func() error {
		if d = e.so(name).Status.LastDecision; d == nil {
			return fmt.Errorf("it has no decision")
		}
		missing := slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(d.Why, word) })
		if d.From != from || d.To != to || d.By != by || missing || d.Time.IsZero() {
			return fmt.Errorf("it is %+v", *d)
		}
		return nil
	})
	return d
}

// testWhyItIsAtThisReplicaCount: kubectl describe says who changed the replicas last
// and what he saw, and what the object waits for now. Nothing is written while the
// count stays.
//
// Covers: field ScaledObject.status.lastDecision; field ScaledObject.status.lastDecision.time; field ScaledObject.status.lastDecision.from
// Covers: field ScaledObject.status.lastDecision.to; field ScaledObject.status.lastDecision.by; field ScaledObject.status.lastDecision.why
// Covers: condition ScaledObject/Active/ScalerActive; condition ScaledObject/Active/ScalerNotActive; condition ScaledObject/Active/ScalerCooldown
// Covers: event KEDAScaleTargetActivated; event KEDAScaleTargetDeactivated
//
// Differs: Scaling
// KEDA: Nothing in the object says why its target has the replicas that it has: the Active condition says only that scaling is or is not performed, and the values are in the log.
// Here: status.lastDecision holds the last change with its time, the counts, who made it and the values that led to it; the Active condition names the metric that is waited for, or when which cooldown ends.
// Why: The first question of whoever describes an object is why it is at this replica count.
// Old: ignore status.lastDecision; the reasons of the conditions are KEDA's.
func testWhyItIsAtThisReplicaCount(e *env) {
	e.apply(deployment("web", 0), strings.Replace(e.redisObject("web", "maxReplicaCount: 7"), "cooldownPeriod: 1", "cooldownPeriod: 5", 1))
	so := e.isReady("web")
	metric := so.Status.ExternalMetricNames[0]
	if got := so.Status.LastDecision; got != nil {
		e.Errorf("an object that was never scaled has the decision %+v", got)
	}
	e.condition(so, v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerNotActive, "waiting for "+metric+" to exceed 0")
	e.redis.Push(e.list("web"), 3)
	first := e.decided("web", 0, 1, v1alpha1.DecidedByController, metric+" is 3, above its activation value 0", "minReplicaCount 0", "maxReplicaCount 7")
	e.event("web", v1alpha1.EventScaleTargetActivated, "0 → 1", metric+" is 3")
	e.condition(so, v1alpha1.ConditionActive, metav1.ConditionTrue, v1alpha1.ReasonScalerActive, metric+" is above its activation value 0")
	e.redis.Push(e.list("web"), 3)
	e.polled(3)
	if got := e.so("web").Status.LastDecision; !got.Time.Equal(&first.Time) || got.Why != first.Why {
		e.Errorf("another value made the decision %+v", got)
	}
	e.redis.Do("DEL", e.list("web"))
	e.condition(so, v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerCooldown, "no trigger is active since", "scaling to 0 when the cooldown of 5s ends at")
	e.decided("web", 1, 0, v1alpha1.DecidedByController, "no trigger was active since", "the cooldown of 5s is over")
	e.event("web", v1alpha1.EventScaleTargetDeactivated, "1 → 0", "cooldown of 5s")

	e.annotate("web", v1alpha1.AnnotationPausedReplicas, "4")
	e.decided("web", 0, 4, v1alpha1.DecidedByController, v1alpha1.AnnotationPausedReplicas+" holds 4 replicas")
}

// testWhyTheHPAChangedTheReplicas: what the HPA did last is kept beside what the
// controller did, from the HPA's own status.
//
// Covers: field ScaledObject.status.lastDecision.by
func testWhyTheHPAChangedTheReplicas(e *env) {
	e.apply(deployment("web", 6), e.redisObject("web", "minReplicaCount: 1\nmaxReplicaCount: 3"))
	e.isReady("web")
	e.scaled("web", 3) // the HPA controller does not need a metric to see that this is too many
	e.decided("web", 6, 3, v1alpha1.DecidedByHPA, "minReplicas 1", "maxReplicas 3")

	so := e.so("web")
	h := e.hpa(so.Status.HpaName)
	later := metav1.NewTime(h.Status.LastScaleTime.Add(90 * time.Second))
	e.hpaSays(h.Name, func(s *autoscalingv2.HorizontalPodAutoscalerStatus) {
		s.LastScaleTime = &later
		s.CurrentReplicas, s.DesiredReplicas = 2, 3
		s.CurrentMetrics = []autoscalingv2.MetricStatus{{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricStatus{
			Metric:  h.Spec.Metrics[0].External.Metric,
			Current: autoscalingv2.MetricValueStatus{AverageValue: quantity("9400m")},
		}}}
		s.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{
			{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionTrue, Reason: "ValidMetricFound"},
			{Type: autoscalingv2.ScalingLimited, Status: corev1.ConditionTrue, Reason: "TooManyReplicas", Message: "more than the maximum"},
		}
	})
	e.decided("web", 2, 3, v1alpha1.DecidedByHPA, so.Status.ExternalMetricNames[0]+" averages 9.4 per replica, its target is 5", "limited: TooManyReplicas")
}

// hpaSays writes the status of an HPA, as the HPA controller does, until stop. That
// controller writes its own again within its period, which on a slow machine may be
// before anybody has looked.
func (e *env) hpaSays(name string, change func(*autoscalingv2.HorizontalPodAutoscalerStatus)) (stop func()) {
	e.Helper()
	ctx, cancel := context.WithCancel(e.Context())
	done := make(chan struct{})
	stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			h := &autoscalingv2.HorizontalPodAutoscaler{}
			err := e.c.Get(ctx, client.ObjectKey{Namespace: e.ns, Name: name}, h)
			before := h.DeepCopy()
			change(&h.Status)
			if err == nil {
				err = e.c.Status().Patch(ctx, h, client.MergeFrom(before))
			}
			if err != nil && ctx.Err() == nil {
				e.Errorf("status of HPA %s: %v", name, err)
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
	e.Cleanup(stop)
	return stop
}

// testWhatTheHPASaysIsMirrored: an HPA that cannot read its metrics is seen without
// looking at it, and one that is at its maximum.
//
// Covers: condition ScaledObject/HPAActive/HPAActive; condition ScaledObject/HPAActive/ScalingDisabled; condition ScaledObject/HPAActive/HPAMetricsUnavailable
//
// Differs: HPA
// KEDA: HPAActive is read only when a poll of the object ends, so it is late by a polling interval, and a failing HPA of an object that is polled once an hour stays unseen for an hour.
// Here: HPAs are watched: the condition follows the HPA at once and costs a write only when it changes.
// Why: Whether the HPA gets its metrics is what tells a broken metrics path from a quiet queue.
// Old: not available
func testWhatTheHPASaysIsMirrored(e *env) {
	e.apply(deployment("web", 0), strings.Replace(e.redisObject("web", "maxReplicaCount: 3"), "pollingInterval: 1", "pollingInterval: 3600", 1))
	so := e.isReady("web")
	e.condition(so, v1alpha1.ConditionHPAActive, metav1.ConditionTrue, v1alpha1.ReasonScalingDisabled, "scaled to zero")
	says := func(conditions ...autoscalingv2.HorizontalPodAutoscalerCondition) (stop func()) {
		return e.hpaSays("keda-hpa-web", func(s *autoscalingv2.HorizontalPodAutoscalerStatus) { s.Conditions = conditions })
	}
	limited := autoscalingv2.HorizontalPodAutoscalerCondition{Type: autoscalingv2.ScalingLimited, Status: corev1.ConditionTrue, Reason: "TooManyReplicas"}
	stop := says(autoscalingv2.HorizontalPodAutoscalerCondition{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionTrue, Reason: "ValidMetricFound"}, limited)
	e.condition(so, v1alpha1.ConditionHPAActive, metav1.ConditionTrue, v1alpha1.ReasonHPAActive, "maxReplicaCount (3)")
	stop()
	says(autoscalingv2.HorizontalPodAutoscalerCondition{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionFalse, Message: "no metrics returned"})
	e.condition(so, v1alpha1.ConditionHPAActive, metav1.ConditionFalse, v1alpha1.ReasonHPAMetricsUnavailable, "no metrics returned")
}

// testTimesTellWhatTheySpeakOf: a condition says since when, and of which generation
// of the spec.
//
// Covers: field ScaledObject.status.conditions.lastTransitionTime; field ScaledObject.status.observedGeneration
//
// Differs: Events
// KEDA: Conditions have no transition time and the status names no generation, so nobody can tell a verdict on the present spec from one on the spec before.
// Here: Each condition has lastTransitionTime, and status.observedGeneration names the generation that all of them speak of.
// Why: Terraform, Argo CD and kubectl wait would otherwise take the old Ready for the new one.
// Old: ignore both; clients that do not know them see KEDA's status.
func testTimesTellWhatTheySpeakOf(e *env) {
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	before := e.isReady("web").Status.Conditions.Get(v1alpha1.ConditionReady).LastTransitionTime
	if before.IsZero() {
		e.Error("Ready does not say since when")
	}
	e.apply(e.redisObject("web", "maxReplicaCount: 3"))
	so := e.isReady("web")
	if so.Status.ObservedGeneration != 2 {
		e.Errorf("the conditions speak of generation %d", so.Status.ObservedGeneration)
	}
	if after := so.Status.Conditions.Get(v1alpha1.ConditionReady).LastTransitionTime; !after.Equal(&before) {
		e.Errorf("Ready is true since %s, and now since %s", before, after)
	}
}

// testLooksStartAndStop: events say when the triggers begin and cease to be looked
// at, each once; who made them is KEDA's name.
//
// Covers: event KEDAScalersStarted; event KEDAScalersStopped; event ScaledObjectReady; event ScaledObjectPaused; event ScaledObjectUnpaused
// Covers: event ScaledObjectCheckFailed; event ScaledObjectDeleted; event KEDAScalerFailed
//
// Differs: Events
// KEDA: The action of most events repeats their whole message, and ScaledObjectDeleted is a warning although its documentation says Normal.
// Here: The action of a warning is its message without numbers, that of other events their reason, and a deletion that somebody asked for is Normal.
// Why: Kubernetes counts events of one action as one and keeps the first message only: warnings that say something else must not be lost, and numbers make no other event. Alerts on warnings should not fire for a deletion.
// Old: not available
// Differs: Events
// KEDA: The messages of events, conditions and refusals are fixed sentences, such as that the scale target is specified wrongly; KEDAScalersStarted is told once for each scaler that is built and once more for all of them, and a missing target in two events.
// Here: Types, statuses and reasons are KEDA's. Messages name the field or object, its value and the remedy, and what happens once is told once.
// Why: Whoever reads a message wants to know what to change, and programs should go by reasons.
// Old: match reasons instead of messages
func testLooksStartAndStop(e *env) {
	const web = "web"
	e.apply(deployment(web, 0), e.redisObject(web, ""))
	e.isReady(web)
	e.event(web, v1alpha1.EventScalersStarted, "redis", "1s")
	e.annotate(web, "touched", "yes")
	e.annotate(web, v1alpha1.AnnotationPaused, "true")
	e.event(web, v1alpha1.EventScalersStopped, "paused")
	e.event(web, v1alpha1.EventScaledObjectPaused, v1alpha1.AnnotationPaused)
	e.annotate(web, v1alpha1.AnnotationPaused, "")
	e.event(web, v1alpha1.EventScaledObjectUnpaused)
	e.isReady(web)
	e.apply(strings.Replace(e.redisObject(web, ""), fmt.Sprintf(", listName: %q", e.list(web)), "", 1)) // cannot be used
	e.condition(scaledObject(web), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed)
	e.event(web, v1alpha1.EventScaledObjectCheckFailed, "spec.triggers[0]")
	e.event(web, v1alpha1.EventScalerFailed, "spec.triggers[0]")
	e.event(web, v1alpha1.EventScalersStopped, "cannot be scaled")
	e.apply(e.redisObject(web, ""))
	e.isReady(web)
	e.delete(&v1alpha1.ScaledObject{}, web)
	e.event(web, v1alpha1.EventScalersStopped, "deleted")
	if ev := e.event(web, v1alpha1.EventScaledObjectDeleted); ev.Type != corev1.EventTypeNormal {
		e.Errorf("a deletion that was asked for is a %s", ev.Type)
	}
	for _, reason := range []string{v1alpha1.EventScalersStarted, v1alpha1.EventScalersStopped} {
		if got := len(e.eventsOf(web, reason)); got != 3 {
			e.Errorf("%s happened three times and was told %d times", reason, got)
		}
	}
	for _, ev := range e.events(web) {
		word := !strings.Contains(ev.Action, " ")
		if ev.ReportingController != "keda-operator" || ev.Action == "" || word != (ev.Type == corev1.EventTypeNormal) {
			e.Errorf("event %s is by %q, its action is %q", ev.Reason, ev.ReportingController, ev.Action)
		}
	}
}

// testFormulaLacksAnInput: an object with a formula tells that a source of it fails.
//
// Covers: event KEDAMetricSourceFailed
func testFormulaLacksAnInput(e *env) {
	bad := refusing(e)
	e.apply(deployment("web", 0), `
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web}
spec:
  scaleTargetRef: {name: web}
  pollingInterval: 1
  advanced: {scalingModifiers: {formula: "broken + 1", target: "2"}}
  triggers: [{type: redis, name: broken, metadata: {address: "`+bad+`", listName: a, listLength: "5"}}]
`)
	e.event("web", v1alpha1.EventMetricSourceFailed, bad)
	e.event("web", v1alpha1.EventScalerFailed, bad)
}

// testAdviceAboutParameters: a key that no trigger reads is a warning, a field that
// works but should be replaced is not.
//
// Covers: event KEDAScalerInfo
func testAdviceAboutParameters(e *env) {
	e.apply(deployment("web", 0), strings.Replace(e.redisObject("web", ""), "listName:", `listLenght: "3", listName:`, 1),
		e.redisJob("work", longRunning, "rolloutStrategy: gradual"))
	if ev := e.event("web", v1alpha1.EventScalerInfo, "listLenght", `did you mean "listLength"?`); ev.Type != corev1.EventTypeWarning {
		e.Errorf("a key without effect is %s", ev.Type)
	}
	if ev := e.event("work", v1alpha1.EventScalerInfo, "rolloutStrategy", "deprecated"); ev.Type != corev1.EventTypeNormal {
		e.Errorf("a deprecated field is a %s", ev.Type)
	}
	e.isReady("web")
	e.annotate("web", "touched", "yes")
	e.polled(2)
	if got := len(e.eventsOf("web", v1alpha1.EventScalerInfo)); got != 1 {
		e.Errorf("one key was told of %d times", got)
	}
}

// testAlwaysActive: an object that only watches cpu says what keeps it active.
//
// Covers: field ScaledObject.status.resourceMetricNames; metric keda_scaler_active
func testAlwaysActive(e *env) {
	e.apply(deployment("web", 1), `
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web}
spec:
  scaleTargetRef: {name: web}
  minReplicaCount: 1
  triggers: [{type: cpu, name: load, metricType: Utilization, metadata: {value: "50"}}]
`)
	so := e.isReady("web")
	e.is(1, "keda_scaler_active", "scaledObject", "web", "metric", "cpu", "scaler", "load", "triggerIndex", "0", "type", "scaledobject")
	e.annotate("web", v1alpha1.AnnotationPaused, "true")
	e.is(0, "keda_scaler_active", "scaledObject", "web")
	e.annotate("web", v1alpha1.AnnotationPaused, "")
	e.is(1, "keda_scaler_active", "scaledObject", "web")
	e.condition(so, v1alpha1.ConditionActive, metav1.ConditionTrue, v1alpha1.ReasonScalerActive, "cpu and memory triggers are always active")
	if got := so.Status.ResourceMetricNames; !slices.Equal(got, []string{"cpu"}) {
		e.Errorf("status.resourceMetricNames is %q", got)
	}
}

// testStatusOfJobs leads a ScaledJob through all that can be said of one.
//
// Covers: condition ScaledJob/Ready/ScaledJobReady; condition ScaledJob/Ready/ScaledJobCheckFailed; condition ScaledJob/Ready/TriggerError; condition ScaledJob/Ready/PartialTriggerError
// Covers: condition ScaledJob/Active/ScalerActive; condition ScaledJob/Active/ScalerNotActive; condition ScaledJob/Paused/ScaledJobPaused; condition ScaledJob/Paused/ScaledJobUnpaused
// Covers: event ScaledJobReady; event ScaledJobCheckFailed; event ScaledJobActive; event ScaledJobInactive; event ScaledJobPaused; event ScaledJobUnpaused; event ScaledJobDeleted
// Covers: event ScaledJobRolloutCleanupStarted; event ScaledJobRolloutCleanupCompleted; event KEDAJobsCreated
// Covers: field ScaledJob.status.lastDecision; field ScaledJob.status.lastDecision.time; field ScaledJob.status.lastDecision.from
// Covers: field ScaledJob.status.lastDecision.to; field ScaledJob.status.lastDecision.by; field ScaledJob.status.lastDecision.why
func testStatusOfJobs(e *env) {
	bad, work := refusing(e), scaledJob("work")
	job := func(label, more string, triggers ...string) string {
		return fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: work}
spec:
  pollingInterval: 1
  maxReplicaCount: 2
  jobTargetRef:
    template:
      metadata: {annotations: {%s}, labels: {version: %s}}
      spec: {restartPolicy: Never, containers: [{name: main, image: none}]}
  triggers: [%s]
  %s
`, longRunning, label, strings.Join(triggers, ", "), more)
	}
	good := fmt.Sprintf(`{type: redis, metadata: {address: %q, listName: %q, listLength: "1"}}`, e.redis.Address, e.list("work"))
	broken := fmt.Sprintf(`{type: redis, metadata: {address: %q, listName: a, listLength: "1"}}`, bad)
	e.apply(job("one", "", good))
	e.condition(work, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonScaledJobReady)
	e.condition(work, v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerNotActive)
	e.event("work", v1alpha1.EventScalersStarted, "redis")
	e.event("work", v1alpha1.EventScaledJobReady)
	e.redis.Push(e.list("work"), 1)
	e.condition(work, v1alpha1.ConditionActive, metav1.ConditionTrue, v1alpha1.ReasonScalerActive)
	e.event("work", v1alpha1.EventScaledJobActive)
	e.event("work", v1alpha1.EventJobsCreated, "1 Job")
	e.eventually("the decision is told", func() error {
		if d := e.sj("work").Status.LastDecision; d == nil || d.From != 0 || d.To != 1 || d.By != v1alpha1.DecidedByController || d.Time.IsZero() || !strings.Contains(d.Why, "queue of 1") {
			return fmt.Errorf("it is %+v", d)
		}
		return nil
	})
	e.redis.Do("DEL", e.list("work"))
	e.condition(work, v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerNotActive)
	e.event("work", v1alpha1.EventScaledJobInactive)

	e.apply(job("two", "", good, broken)) // another template: the Job of the first one goes
	e.event("work", v1alpha1.EventScaledJobRolloutCleanupStarted, "1 Job")
	e.event("work", v1alpha1.EventScaledJobRolloutCleanupCompleted, "1 Job")
	e.condition(work, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTriggerError, bad)
	e.event("work", v1alpha1.EventScalerFailed, bad)
	e.redis.Push(e.list("work"), 1)
	e.condition(work, v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonPartialTriggerError, bad)
	e.redis.Do("DEL", e.list("work"))

	annotate := func(value string) {
		e.patch(&v1alpha1.ScaledJob{}, "work", `{"metadata":{"annotations":{"autoscaling.keda.sh/paused":`+value+`}}}`)
	}
	annotate(`"true"`)
	e.condition(work, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledJobPaused)
	e.event("work", v1alpha1.EventScaledJobPaused)
	e.event("work", v1alpha1.EventScalersStopped, "paused")
	annotate(`null`)
	e.condition(work, v1alpha1.ConditionPaused, metav1.ConditionFalse, v1alpha1.ReasonScaledJobUnpaused)
	e.event("work", v1alpha1.EventScaledJobUnpaused)

	e.apply(job("two", "", `{type: redis, metadata: {address: "redis:6379"}}`))
	e.condition(work, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledJobCheckFailed, "listName")
	e.event("work", v1alpha1.EventScaledJobCheckFailed, "listName")
	e.delete(&v1alpha1.ScaledJob{}, "work")
	if ev := e.event("work", v1alpha1.EventScaledJobDeleted); ev.Type != corev1.EventTypeNormal {
		e.Errorf("a deletion that was asked for is a %s", ev.Type)
	}
}
