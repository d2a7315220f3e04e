// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// Annotations by which simulated pods know how long they run, and how they end.
const (
	longRunning = `pod-complete.stage.kwok.x-k8s.io/delay: "600s"`
	failing     = `pod-fail.stage.kwok.x-k8s.io/delay: "10ms"`
)

// redisJob is a ScaledJob with one redis trigger, one Job for each element. pods
// is an annotation of the pods.
func (e *env) redisJob(name, pods, more string) string {
	return fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: %s}
spec:
  pollingInterval: 1
  jobTargetRef:
    backoffLimit: 0
    template:
      metadata: {annotations: {%s}}
      spec: {restartPolicy: Never, containers: [{name: main, image: none}]}
  triggers: [{type: redis, metadata: {address: "%s", listName: "%s", listLength: "1"}}]
  %s
`, name, pods, e.redis.Address, e.list(name), strings.ReplaceAll(strings.TrimSpace(more), "\n", "\n  "))
}

// unfinished Jobs of all.
func unfinished(jobs []batchv1.Job) int {
	n := 0
	for i := range jobs {
		if s := jobs[i].Status; s.CompletionTime == nil && s.Failed == 0 {
			n++
		}
	}
	return n
}

// running waits until so many Jobs run, looks on while the sources are asked some
// more, and fails if there ever are others.
func (e *env) running(want int) {
	e.Helper()
	e.eventually(fmt.Sprintf("%d Jobs", want), func() error {
		if got := unfinished(e.jobs()); got != want {
			return fmt.Errorf("there are %d", got)
		}
		return nil
	})
	e.polled(2)
	if got := unfinished(e.jobs()); got != want {
		e.Fatalf("%d Jobs became %d", want, got)
	}
}

// testJobs: one Job for each element, never more than the maximum, and what each
// looks like.
//
// Covers: field ScaledJob.spec.maxReplicaCount; field ScaledJob.spec.pollingInterval; event KEDAJobsCreated
func testJobs(e *env) {
	e.apply(e.redisJob("work", longRunning, "maxReplicaCount: 5"))
	sj := scaledJob("work")
	e.condition(sj, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonScaledJobReady)
	e.condition(sj, v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerNotActive)
	e.redis.Push(e.list("work"), 2)
	e.running(2)
	e.condition(sj, v1alpha1.ConditionActive, metav1.ConditionTrue, v1alpha1.ReasonScalerActive)
	e.event("work", v1alpha1.EventJobsCreated, "2 Jobs", "a queue of 2 asks for 2")
	e.event("work", v1alpha1.EventScaledJobActive)
	for _, job := range e.jobs() {
		checkJob(e, &job)
	}
	e.redis.Push(e.list("work"), 50)
	e.running(5)
	status := e.sj("work").Status
	if fmt.Sprint(status.ExternalMetricNames) != "[s0-redis-"+e.list("work")+"]" || *status.TriggersTypes != "redis" || status.LastActiveTime == nil {
		e.Errorf("status %+v", status)
	}
	e.delete(&v1alpha1.ScaledJob{}, "work")
	e.gone(&v1alpha1.ScaledJob{}, "work")
	e.event("work", v1alpha1.EventScaledJobDeleted)
}

func checkJob(e *env, job *batchv1.Job) {
	e.Helper()
	owner := metav1.GetControllerOf(job)
	if owner == nil || owner.Kind != v1alpha1.KindScaledJob || owner.Name != "work" {
		e.Errorf("Job %s belongs to %v", job.Name, owner)
	}
	if job.Labels[v1alpha1.LabelScaledJobName] != "work" || job.Labels[v1alpha1.LabelAppManagedBy] != "keda-operator" ||
		job.Annotations[v1alpha1.AnnotationJobGeneration] != "1" || job.Spec.Template.Labels[v1alpha1.LabelScaledJobName] != "work" {
		e.Errorf("Job %s has labels %v, annotations %v, and its pods %v", job.Name, job.Labels, job.Annotations, job.Spec.Template.Labels)
	}
	if !strings.HasPrefix(job.Name, "work-") {
		e.Errorf("a Job of ScaledJob work is called %s", job.Name)
	}
}

// testJobMinimum: some Jobs always run, and are part of the maximum.
//
// Covers: field ScaledJob.spec.minReplicaCount
func testJobMinimum(e *env) {
	e.apply(e.redisJob("work", longRunning, "minReplicaCount: 2\nmaxReplicaCount: 4"))
	e.running(2)
	e.redis.Push(e.list("work"), 9)
	e.running(4)
}

// testAccurate: what runs has taken its element from the list.
func testAccurate(e *env) {
	e.apply(e.redisJob("work", longRunning, "maxReplicaCount: 10\nscalingStrategy: {strategy: accurate}"))
	e.condition(scaledJob("work"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonScaledJobReady)
	for want := 3; want <= 6; want += 3 {
		e.redis.Push(e.list("work"), 3)
		e.eventually(fmt.Sprintf("%d running Jobs", want), func() error {
			if got := e.runningPods(); got < want {
				return fmt.Errorf("%d pods run", got)
			}
			e.redis.Do("DEL", e.list("work"))
			return nil
		})
		if got := unfinished(e.jobs()); got < want || got > 10 {
			e.Errorf("%d Jobs, want %d at least and 10 at most", got, want)
		}
	}
}

func (e *env) runningPods() int {
	e.Helper()
	var pods corev1.PodList
	if err := e.c.List(e.Context(), &pods, client.InNamespace(e.ns)); err != nil {
		e.Fatal(err)
	}
	n := 0
	for i := range pods.Items {
		if pods.Items[i].Status.Phase == corev1.PodRunning {
			n++
		}
	}
	return n
}

// testEagerAndCustom: the other strategies, as far as the API shows them.
func testEagerAndCustom(e *env) {
	e.apply(e.redisJob("eager", longRunning, "maxReplicaCount: 3\nscalingStrategy: {strategy: eager}"))
	e.redis.Push(e.list("eager"), 9)
	e.running(3)
	e.apply(e.redisJob("custom", longRunning,
		`scalingStrategy: {strategy: custom, customScalingQueueLengthDeduction: 1, customScalingRunningJobPercentage: "1"}`))
	e.redis.Push(e.list("custom"), 4)
	e.running(3 + 3)
}

// testJobHistory: finished Jobs are kept as many as was said.
//
// Covers: field ScaledJob.spec.successfulJobsHistoryLimit; field ScaledJob.spec.failedJobsHistoryLimit
func testJobHistory(e *env) {
	e.apply(e.redisJob("good", `a: b`, "maxReplicaCount: 3\nsuccessfulJobsHistoryLimit: 2"),
		e.redisJob("bad", failing, "maxReplicaCount: 3\nfailedJobsHistoryLimit: 1"))
	e.redis.Push(e.list("good"), 3)
	e.redis.Push(e.list("bad"), 3)
	count := func(name string) (complete, failed int) {
		for _, job := range e.jobs() {
			if job.Labels[v1alpha1.LabelScaledJobName] != name {
				continue
			}
			for _, c := range job.Status.Conditions {
				switch {
				case c.Type == batchv1.JobComplete && c.Status == corev1.ConditionTrue:
					complete++
				case c.Type == batchv1.JobFailed && c.Status == corev1.ConditionTrue:
					failed++
				}
			}
		}
		return complete, failed
	}
	e.eventually("both have finished more Jobs than they keep", func() error {
		good, _ := count("good")
		_, bad := count("bad")
		if good < 3 || bad < 2 {
			return fmt.Errorf("%d complete, %d failed", good, bad)
		}
		return nil
	})
	e.redis.Do("DEL", e.list("good"), e.list("bad"))
	e.eventually("only the history is left", func() error {
		good, _ := count("good")
		_, bad := count("bad")
		if good != 2 || bad != 1 || len(e.jobs()) != 3 {
			return fmt.Errorf("%d complete, %d failed, %d in all", good, bad, len(e.jobs()))
		}
		return nil
	})
}

// testRollout: a new spec replaces the Jobs of the old one, unless it is gradual.
//
// Covers: field ScaledJob.spec.rollout.strategy; event ScaledJobRolloutCleanupStarted; event ScaledJobRolloutCleanupCompleted
func testRollout(e *env) {
	e.apply(e.redisJob("now", longRunning, "maxReplicaCount: 2"),
		e.redisJob("later", longRunning, "maxReplicaCount: 2\nrollout: {strategy: gradual}"))
	e.redis.Push(e.list("now"), 2)
	e.redis.Push(e.list("later"), 2)
	e.running(4)
	before := names(e.jobs())
	e.apply(e.redisJob("now", longRunning+`, changed: "yes"`, "maxReplicaCount: 2"),
		e.redisJob("later", longRunning+`, changed: "yes"`, "maxReplicaCount: 2\nrollout: {strategy: gradual}"))
	e.event("now", v1alpha1.EventScaledJobRolloutCleanupStarted, "2 Jobs")
	e.event("now", v1alpha1.EventScaledJobRolloutCleanupCompleted)
	e.eventually("two new Jobs have replaced two old ones", func() error {
		old, fresh := 0, 0
		for _, job := range e.jobs() {
			switch generation := job.Annotations[v1alpha1.AnnotationJobGeneration]; {
			case strings.HasPrefix(job.Name, "later-") && before[job.Name]:
				old++
			case strings.HasPrefix(job.Name, "now-") && generation == "2":
				fresh++
			}
		}
		if old != 2 || fresh != 2 || len(e.jobs()) != 4 {
			return fmt.Errorf("%d old, %d new, %d in all", old, fresh, len(e.jobs()))
		}
		return nil
	})
	if n := len(e.eventsOf("now", v1alpha1.EventScaledJobRolloutCleanupStarted)); n != 1 {
		e.Errorf("%d rollouts were told of one", n)
	}
}

func names(jobs []batchv1.Job) map[string]bool {
	out := map[string]bool{}
	for i := range jobs {
		out[jobs[i].Name] = true
	}
	return out
}

// testJobPause: no Jobs are made while paused, and those that run go on.
//
// Covers: annotation autoscaling.keda.sh/paused; condition ScaledJob/Paused/ScaledJobPaused; condition ScaledJob/Paused/ScaledJobUnpaused
func testJobPause(e *env) {
	e.apply(e.redisJob("work", longRunning, "maxReplicaCount: 5"))
	sj := scaledJob("work")
	e.redis.Push(e.list("work"), 1)
	e.running(1)
	annotate := func(value string) {
		e.patch(&v1alpha1.ScaledJob{}, "work", `{"metadata":{"annotations":{"autoscaling.keda.sh/paused":`+value+`}}}`)
	}
	annotate(`"true"`)
	e.condition(sj, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledJobPaused)
	e.redis.Push(e.list("work"), 2)
	e.apply(e.redisJob("other", longRunning, ""))
	e.redis.Push(e.list("other"), 1)
	e.running(2)
	annotate(`null`)
	e.condition(sj, v1alpha1.ConditionPaused, metav1.ConditionFalse, v1alpha1.ReasonScaledJobUnpaused)
	e.running(4)
}

// testSeveralQueues: fresh news of one queue is not multiplied by old news of
// another, however often and fast Jobs come and go.
func testSeveralQueues(e *env) {
	e.apply(fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: work}
spec:
  pollingInterval: 4
  maxReplicaCount: 20
  scalingStrategy: {multipleScalersCalculation: sum}
  jobTargetRef:
    template:
      metadata: {annotations: {%[1]s}}
      spec: {restartPolicy: Never, containers: [{name: main, image: none}]}
  triggers:
    - {type: redis, metadata: {address: "%[2]s", listName: "%[3]s-a", listLength: "1"}}
    - {type: redis, metadata: {address: "%[2]s", listName: "%[3]s-b", listLength: "1"}}
`, longRunning, e.redis.Address, e.list("work")))
	e.condition(scaledJob("work"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonScaledJobReady)
	e.redis.Push(e.list("work")+"-a", 2)
	e.running(2)
	e.redis.Push(e.list("work")+"-b", 3)
	e.running(5)
}

// testJobRefused: Jobs that the API server refuses are told, and do not count.
//
// Covers: event KEDAJobCreateFailed; event KEDAJobsCreated
// Differs: Jobs
// KEDA: The event KEDAJobsCreated reports the number that was wanted, also when some or all of the Jobs could not be created.
// Here: It reports the number that was created, and of how many.
// Why: An event that counts what does not exist misleads.
// Old: not available
func testJobRefused(e *env) {
	e.apply(`{apiVersion: v1, kind: ResourceQuota, metadata: {name: two}, spec: {hard: {count/jobs.batch: "2"}}}`)
	e.eventually("the quota holds", func() error {
		var quota corev1.ResourceQuota
		e.get(&quota, "two")
		if len(quota.Status.Hard) == 0 {
			return fmt.Errorf("it does not yet")
		}
		return nil
	})
	e.apply(e.redisJob("work", longRunning, "maxReplicaCount: 4"))
	e.redis.Push(e.list("work"), 4)
	e.running(2)
	e.event("work", v1alpha1.EventJobCreateFailed, "exceeded quota")
	e.event("work", v1alpha1.EventJobsCreated, "Created 2 of 4 Jobs")
	e.delete(&corev1.ResourceQuota{}, "two")
	e.running(4)
}

// testJobSpec: mistakes are named.
func testJobSpec(e *env) {
	e.apply(`
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: bad}
spec:
  jobTargetRef: {template: {spec: {restartPolicy: Always, containers: [{name: main, image: none}]}}}
  triggers: [{type: redis, metadata: {address: "redis:6379"}}]
`)
	e.condition(scaledJob("bad"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledJobCheckFailed, "restartPolicy", "listName")
	e.event("bad", v1alpha1.EventScaledJobCheckFailed, "listName")
}
