// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"slices"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

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

// AnnotationOrdinal on a Job is its number among the Jobs of its ScaledJob, from 1.
// Its name follows from it, so that two leaders who both create the next Job create
// one.
const AnnotationOrdinal = "scaledjob.keda.sh/ordinal"

// Job is what a decision looks at of a Job.
type Job struct {
	Name  string
	UID   types.UID
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
	// Ordinal is its number, from AnnotationOrdinal; 0 when it has none.
	Ordinal int64
}

// Of reads a Job. Whether it is pending is the caller's to add with Pending, and
// only for strategies that use it.
func Of(job *batchv1.Job) Job {
	j := Job{
		Name: job.Name, UID: job.UID, Deleting: job.DeletionTimestamp != nil,
		Generation: number(job, v1alpha1.AnnotationJobGeneration), Ordinal: number(job, AnnotationOrdinal),
	}
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

// number reads an annotation. One that is no number is not ours: it counts as
// missing.
func number(job *batchv1.Job, annotation string) int64 {
	n, _ := strconv.ParseInt(job.Annotations[annotation], 10, 64)
	return n
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
