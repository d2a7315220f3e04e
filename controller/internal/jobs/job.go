// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"slices"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// State is how far a Job is.
type State int

// A Job is Unfinished until its Complete or Failed condition is True.
const (
	Unfinished State = iota
	Complete
	Failed
)

// Job is what a decision looks at of a Job.
type Job struct {
	Name  string
	State State
	// Finished is when the Job ended; zero for an Unfinished one.
	Finished time.Time
	// Pending says that an Unfinished Job has not begun to work.
	Pending bool
	// Deleting says that the Job is being deleted. It keeps its place until it is
	// gone, because its pods may still run, but is not deleted again.
	Deleting bool
	// Generation is the generation of the ScaledJob that created the Job, from
	// its annotation; 0 when it has none.
	Generation int64
}

// Of reads a Job. Whether it is pending is the caller's to add with Pending, and
// only for strategies that use it.
func Of(job *batchv1.Job) Job {
	// An annotation that is no number is not one of ours: it counts as missing.
	generation, _ := strconv.ParseInt(job.Annotations[v1alpha1.AnnotationJobGeneration], 10, 64)
	j := Job{Name: job.Name, Deleting: job.DeletionTimestamp != nil, Generation: generation}
	for i := range job.Status.Conditions {
		c := &job.Status.Conditions[i]
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case batchv1.JobComplete:
			j.State, j.Finished = Complete, c.LastTransitionTime.Time
			if job.Status.CompletionTime != nil {
				j.Finished = job.Status.CompletionTime.Time
			}
		case batchv1.JobFailed:
			// Failed Jobs have no completion time.
			j.State, j.Finished = Failed, c.LastTransitionTime.Time
		}
	}
	return j
}

// Pending says whether a Job with these pods has not begun to work: none of its
// pods runs or has succeeded or, if conditions are given, none of its pods meets
// them all.
func Pending(pods []*corev1.Pod, conditions []corev1.PodConditionType) bool {
	begun := func(pod *corev1.Pod) bool {
		return pod.Status.Phase == corev1.PodRunning || pod.Status.Phase == corev1.PodSucceeded
	}
	if len(conditions) > 0 {
		begun = func(pod *corev1.Pod) bool { return meetsAll(pod, conditions) }
	}
	return !slices.ContainsFunc(pods, begun)
}

func meetsAll(pod *corev1.Pod, conditions []corev1.PodConditionType) bool {
	for _, want := range conditions {
		if !slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == want && c.Status == corev1.ConditionTrue
		}) {
			return false
		}
	}
	return true
}
