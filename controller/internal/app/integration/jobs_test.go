// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// jobTests are the tests of single fields of ScaledJobs.
var jobTests = map[string]func(*env){
	"CachedJobMetrics":      testCachedJobMetrics,
	"DeprecatedRollout":     testDeprecatedRollout,
	"ForegroundRollout":     testForegroundRollout,
	"InactiveQueues":        testInactiveQueues,
	"JobAppearance":         testJobAppearance,
	"JobStatus":             testJobStatus,
	"MinimumAboveMaximum":   testMinimumAboveMaximum,
	"PendingPodConditions":  testPendingPodConditions,
	"ShortLivedJobs":        testShortLivedJobs,
	"UnparsablePercentage":  testUnparsablePercentage,
	"UserDeletesRunningJob": testUserDeletesRunningJob,
}

// testJobAppearance: a Job is what jobTargetRef says, with the labels and annotations
// of its ScaledJob. Parameters may come from the environment of one of its containers.
//
// Covers: field ScaledJob.spec.jobTargetRef; field ScaledJob.spec.envSourceContainerName; annotation scaledjob.keda.sh/job-excluded-labels; annotation scaledjob.keda.sh/generation; label scaledjob.keda.sh/name
func testJobAppearance(e *env) {
	e.apply(fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata:
  name: work
  labels: {team: a, hidden: b, also-hidden: c}
  annotations: {note: d, scaledjob.keda.sh/job-excluded-labels: "hidden, also-hidden"}
spec:
  pollingInterval: 1
  envSourceContainerName: second
  jobTargetRef:
    parallelism: 2
    completions: 2
    backoffLimit: 7
    activeDeadlineSeconds: 900
    ttlSecondsAfterFinished: 800
    template:
      metadata: {labels: {app: worker}, annotations: {%s}}
      spec:
        priority: 0
        containers:
          - {name: first, image: none, env: [{name: REDIS, value: "127.0.0.1:1"}]}
          - {name: second, image: none, env: [{name: REDIS, value: "%s"}]}
  triggers: [{type: redis, name: queue, metadata: {addressFromEnv: REDIS, listName: "%s", listLength: "1"}}]
`, longRunning, e.redis.Address, e.list("work")))
	e.redis.Push(e.list("work"), 1)
	e.running(1)
	job := e.jobs()[0]
	for key, want := range map[string]string{
		"team": "a", "hidden": "", "also-hidden": "", v1alpha1.LabelScaledJobName: "work", v1alpha1.LabelAppName: "work",
		v1alpha1.LabelAppPartOf: "work", v1alpha1.LabelAppManagedBy: "keda-operator",
	} {
		if got := job.Labels[key]; got != want {
			e.Errorf("label %s is %q, want %q", key, got, want)
		}
	}
	if job.Labels[v1alpha1.LabelAppVersion] == "" || job.Annotations["note"] != "d" || job.Annotations[v1alpha1.AnnotationJobGeneration] != "1" {
		e.Errorf("labels %v, annotations %v", job.Labels, job.Annotations)
	}
	spec, pod := job.Spec, job.Spec.Template
	if *spec.Parallelism != 2 || *spec.Completions != 2 || *spec.BackoffLimit != 7 || *spec.ActiveDeadlineSeconds != 900 || *spec.TTLSecondsAfterFinished != 800 {
		e.Errorf("spec %+v", spec)
	}
	if pod.Labels["app"] != "worker" || pod.Labels[v1alpha1.LabelScaledJobName] != "work" || pod.Spec.RestartPolicy != corev1.RestartPolicyOnFailure || len(pod.Spec.Containers) != 2 {
		e.Errorf("pods have the labels %v and the spec %+v", pod.Labels, pod.Spec)
	}
}

// testJobStatus: what the status of a ScaledJob says.
//
// Covers: field ScaledJob.status.externalMetricNames; field ScaledJob.status.triggersActivity; field ScaledJob.status.lastActiveTime; field ScaledJob.status.observedGeneration
// Covers: field ScaledJob.status.triggersTypes; field ScaledJob.status.authenticationsTypes; field ScaledJob.status.conditions; field ScaledJob.status.Paused
// Covers: field ScaledJob.spec.triggers.authenticationRef.name; field ScaledJob.spec.triggers.authenticationRef.kind; field ScaledJob.spec.triggers.type; field ScaledJob.spec.triggers.metadata; field ScaledJob.spec.triggers.name
// Differs: Jobs
// KEDA: Computes status.externalMetricNames of a ScaledJob and never writes it.
// Here: It is written.
// Why: It is how metrics of dashboards and of the status are matched.
// Old: not available
// Kept: Jobs
// KEDA: status.Paused of a ScaledJob, with a capital P, is declared and never written.
// Why: Manifests and backups may carry it; the condition Paused says what is.
func testJobStatus(e *env) {
	e.apply(fmt.Sprintf(`
apiVersion: v1
kind: Secret
metadata: {name: redis}
stringData: {where: "%[1]s"}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata: {name: redis}
spec: {secretTargetRef: [{parameter: address, name: redis, key: where}]}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: work}
spec:
  pollingInterval: 1
  jobTargetRef: {template: {metadata: {annotations: {%[2]s}}, spec: {containers: [{name: main, image: none}]}}}
  triggers:
    - type: redis
      name: waiting
      authenticationRef: {name: redis, kind: TriggerAuthentication}
      metadata: {listName: "%[3]s", listLength: "1"}
    - {type: redis, name: empty, metadata: {address: "%[1]s", listName: "%[3]s-empty"}}
`, e.redis.Address, longRunning, e.list("work")))
	e.redis.Push(e.list("work"), 1)
	e.running(1)
	waiting, empty := "s0-redis-"+e.list("work"), "s1-redis-"+e.list("work")+"-empty"
	e.eventually("the status says so", func() error {
		status := e.sj("work").Status
		switch {
		case fmt.Sprint(status.ExternalMetricNames) != fmt.Sprint([]string{waiting, empty}):
			return fmt.Errorf("externalMetricNames %v", status.ExternalMetricNames)
		case !status.TriggersActivity[waiting].IsActive || status.TriggersActivity[empty].IsActive || len(status.TriggersActivity) != 2:
			return fmt.Errorf("triggersActivity %v", status.TriggersActivity)
		case status.LastActiveTime == nil || status.ObservedGeneration != 1:
			return fmt.Errorf("lastActiveTime %v, observedGeneration %d", status.LastActiveTime, status.ObservedGeneration)
		case *status.TriggersTypes != "redis" || *status.AuthenticationsTypes != "redis":
			return fmt.Errorf("triggersTypes %q, authenticationsTypes %q", *status.TriggersTypes, *status.AuthenticationsTypes)
		case status.Paused != "":
			return fmt.Errorf("Paused %q", status.Paused)
		}
		return nil
	})
}

// testPendingPodConditions: without conditions a Job counts as at work when its pod
// runs, with them when a pod meets all of them. Nothing is ever taken here.
//
// Covers: field ScaledJob.spec.scalingStrategy.pendingPodConditions; field ScaledJob.spec.scalingStrategy.strategy
// Kept: Jobs
// KEDA: With strategy accurate a Job counts as at work as soon as its pod runs, also when it has not taken its message yet, so that the message may start another Job.
// Why: It is the documented formula; pendingPodConditions with a condition that the workload sets after taking its message closes the gap.
func testPendingPodConditions(e *env) {
	e.apply(e.redisJob("plain", longRunning, "maxReplicaCount: 4\nscalingStrategy: {strategy: accurate}"),
		e.redisJob("careful", longRunning, "maxReplicaCount: 4\nscalingStrategy: {strategy: accurate, pendingPodConditions: [Ready, example.test/Taken]}"))
	e.redis.Push(e.list("plain"), 1)
	e.redis.Push(e.list("careful"), 1)
	e.running(5)
	careful := 0
	for name := range names(e.jobs()) {
		if strings.HasPrefix(name, "careful-") {
			careful++
		}
	}
	if careful != 1 {
		e.Errorf("one message has %d Jobs that wait for a condition", careful)
	}
}

// testMinimumAboveMaximum: a minReplicaCount above maxReplicaCount counts as that.
//
// Covers: field ScaledJob.spec.minReplicaCount; field ScaledJob.spec.maxReplicaCount; event KEDAScalerInfo
func testMinimumAboveMaximum(e *env) {
	e.apply(e.redisJob("work", longRunning, "minReplicaCount: 5\nmaxReplicaCount: 2"))
	e.redis.Push(e.list("work"), 3)
	e.running(2)
	e.event("work", v1alpha1.EventScalerInfo, "minReplicaCount", "counts as maxReplicaCount, which is 2")
}

// testInactiveQueues: a trigger below its activation value has no part in the
// combination, wherever it stands.
//
// Covers: field ScaledJob.spec.scalingStrategy.multipleScalersCalculation
// Differs: Jobs
// KEDA: An inactive trigger that is listed after an active one counts as active in multipleScalersCalculation, so that the order of triggers changes the number of Jobs.
// Here: An inactive trigger never counts, and the order makes no difference.
// Why: Two equal specs must do the same.
// Old: not available
func testInactiveQueues(e *env) {
	for _, name := range []string{"first", "last"} {
		triggers := []string{
			fmt.Sprintf(`{type: redis, metadata: {address: "%s", listName: "%s-active", listLength: "1"}}`, e.redis.Address, e.list(name)),
			fmt.Sprintf(`{type: redis, metadata: {address: "%s", listName: "%s-inactive", listLength: "1", activationListLength: "5"}}`, e.redis.Address, e.list(name)),
		}
		if name == "last" {
			slices.Reverse(triggers)
		}
		e.apply(fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: %s}
spec:
  pollingInterval: 1
  scalingStrategy: {multipleScalersCalculation: min}
  jobTargetRef: {template: {metadata: {annotations: {%s}}, spec: {containers: [{name: main, image: none}]}}}
  triggers: [%s]
`, name, longRunning, strings.Join(triggers, ", ")))
		e.redis.Push(e.list(name)+"-inactive", 2)
		e.redis.Push(e.list(name)+"-active", 3)
	}
	e.running(3 + 3)
}

// testForegroundRollout: a rollout deletes Jobs as its propagationPolicy says.
//
// Covers: field ScaledJob.spec.rollout.propagationPolicy; field ScaledJob.spec.rollout.strategy
func testForegroundRollout(e *env) {
	const foreground = "maxReplicaCount: 1\nrollout: {strategy: immediate, propagationPolicy: foreground}"
	e.apply(e.redisJob("work", longRunning, foreground))
	e.redis.Push(e.list("work"), 1)
	e.running(1)
	old := e.jobs()[0]
	// A pod that does not go holds the Job, if its deletion waits for pods.
	pod := e.podOf(old.Name)
	e.patch(&corev1.Pod{}, pod, `{"metadata":{"finalizers":["example.test/hold"]}}`)
	defer e.patch(&corev1.Pod{}, pod, `{"metadata":{"finalizers":null}}`)
	e.apply(e.redisJob("work", longRunning+`, changed: "yes"`, foreground))
	e.eventually("the old Job waits for its pod", func() error {
		var job batchv1.Job
		err := e.c.Get(e.Context(), client.ObjectKey{Namespace: e.ns, Name: old.Name}, &job)
		if err != nil || job.DeletionTimestamp == nil || !slices.Contains(job.Finalizers, metav1.FinalizerDeleteDependents) {
			return errors.Join(err, fmt.Errorf("finalizers %v, deleted at %v", job.Finalizers, job.DeletionTimestamp))
		}
		return nil
	})
	e.polled(2)
	if n := len(e.jobs()); n != 1 {
		e.Errorf("%d Jobs of at most 1: one that is being deleted keeps its place until it is gone", n)
	}
}

// podOf waits for the pod of a Job.
func (e *env) podOf(job string) string {
	e.Helper()
	var pods corev1.PodList
	e.eventually("a pod of "+job, func() error {
		err := e.c.List(e.Context(), &pods, client.InNamespace(e.ns), client.MatchingLabels{batchv1.JobNameLabel: job})
		if err == nil && len(pods.Items) == 0 {
			err = errors.New("there is none")
		}
		return err
	})
	return pods.Items[0].Name
}

// testDeprecatedRollout: rolloutStrategy wins over rollout.strategy, and says that it
// should not be there.
//
// Covers: field ScaledJob.spec.rolloutStrategy
func testDeprecatedRollout(e *env) {
	const both = "maxReplicaCount: 2\nrolloutStrategy: gradual\nrollout: {strategy: immediate}"
	e.apply(e.redisJob("work", longRunning, both))
	e.redis.Push(e.list("work"), 1)
	e.running(1)
	before := names(e.jobs())
	e.apply(e.redisJob("work", longRunning+`, changed: "yes"`, both))
	e.event("work", v1alpha1.EventScalerInfo, "rolloutStrategy", "deprecated")
	e.redis.Push(e.list("work"), 1)
	e.running(2)
	for name := range before {
		if !names(e.jobs())[name] {
			e.Errorf("Job %s was deleted by a gradual rollout", name)
		}
	}
}

// testUnparsablePercentage: custom with a percentage that is no number is default.
//
// Covers: field ScaledJob.spec.scalingStrategy.customScalingRunningJobPercentage; field ScaledJob.spec.scalingStrategy.customScalingQueueLengthDeduction
// Differs: Jobs
// KEDA: Strategy custom with a customScalingRunningJobPercentage that is no number silently becomes default.
// Here: It becomes default too, and admission warns, an event tells, and Terraform shows it at plan time.
// Why: Nobody means that.
// Old: the Jobs are the same
func testUnparsablePercentage(e *env) {
	e.apply(e.redisJob("work", longRunning, `scalingStrategy: {strategy: custom, customScalingQueueLengthDeduction: 1, customScalingRunningJobPercentage: half}`))
	e.redis.Push(e.list("work"), 3)
	e.running(3)
	e.event("work", v1alpha1.EventScalerInfo, "customScalingRunningJobPercentage", "half", "works as default")
}

// testCachedJobMetrics: useCachedMetrics means nothing to a ScaledJob, and says so.
//
// Covers: field ScaledJob.spec.triggers.useCachedMetrics
func testCachedJobMetrics(e *env) {
	e.apply(strings.Replace(e.redisJob("work", longRunning, ""), "{type: redis,", "{type: redis, useCachedMetrics: true,", 1))
	e.redis.Push(e.list("work"), 1)
	e.running(1)
	e.event("work", v1alpha1.EventScalerInfo, "useCachedMetrics")
}

// testUserDeletesRunningJob: a Job that somebody deletes is replaced for as long as
// its message waits.
func testUserDeletesRunningJob(e *env) {
	e.apply(e.redisJob("work", longRunning, "maxReplicaCount: 3"))
	e.redis.Push(e.list("work"), 2)
	e.running(2)
	deleted := e.jobs()[0]
	background := client.PropagationPolicy(metav1.DeletePropagationBackground)
	if err := e.c.Delete(e.Context(), &deleted, background); err != nil {
		e.Fatal(err)
	}
	e.eventually("another Job replaces it", func() error {
		if there := names(e.jobs()); there[deleted.Name] || len(there) != 2 {
			return fmt.Errorf("there are %v", there)
		}
		return nil
	})
	e.running(2)
}

// testShortLivedJobs: Jobs that are gone before anybody looks again do not keep their
// places.
func testShortLivedJobs(e *env) {
	brief := strings.Replace(e.redisJob("work", `a: b`, "maxReplicaCount: 2"), "backoffLimit: 0", "ttlSecondsAfterFinished: 0", 1)
	e.apply(brief)
	e.redis.Push(e.list("work"), 2)
	seen := map[string]bool{}
	e.eventually("eight Jobs, two at a time", func() error {
		there := e.jobs()
		if n := unfinished(there); n > 2 {
			e.Fatalf("%d Jobs of at most 2", n)
		}
		for name := range names(there) {
			seen[name] = true
		}
		if len(seen) < 8 {
			return fmt.Errorf("there were %d", len(seen))
		}
		return nil
	})
}
