// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package actuate

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/jobs"
)

// CreateJob creates a Job that NewJob built.
func (a *Actuator) CreateJob(ctx context.Context, job *batchv1.Job) error {
	if err := a.Client.Create(ctx, job); err != nil {
		return fmt.Errorf("cannot create Job %s/%s: %w", job.Namespace, job.Name, err)
	}
	return nil
}

// DeleteJob deletes a Job and, by the propagation policy, its pods. A Job that is
// already gone is no error, even if another one has its name by now.
func (a *Actuator) DeleteJob(ctx context.Context, namespace, name string, uid types.UID, policy metav1.DeletionPropagation) error {
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	err := a.Client.Delete(ctx, job, client.PropagationPolicy(policy), client.Preconditions{UID: &uid})
	if client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
		return fmt.Errorf("cannot delete Job %s/%s: %w", namespace, name, err)
	}
	return nil
}

// NewJob builds the Job that a ScaledJob's jobTargetRef describes: named after it,
// owned by it, with the usual labels, its own, which win (but for the excluded
// ones), and its annotations, and marked with the generation of the spec that made it
// and with its ordinal among the ScaledJob's Jobs. The name follows from the ordinal: a
// request whose answer is lost can be recognised and repeated, and of two leaders who
// both create the next Job one is told that it exists.
func NewJob(sj *v1alpha1.ScaledJob, version string, ordinal int64) *batchv1.Job {
	labels := v1alpha1.UsualLabels(sj.Name, sj.Name, version)
	maps.Copy(labels, sj.LabelsForJobs())
	labels[v1alpha1.LabelScaledJobName] = sj.Name // by which Jobs are found
	annotations := maps.Clone(sj.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	delete(annotations, corev1.LastAppliedConfigAnnotation)
	annotations[v1alpha1.AnnotationJobGeneration] = strconv.FormatInt(sj.Generation, 10)
	annotations[jobs.AnnotationOrdinal] = strconv.FormatInt(ordinal, 10)

	spec := *sj.Spec.JobTargetRef.DeepCopy()
	if spec.Template.Labels == nil {
		spec.Template.Labels = map[string]string{}
	}
	spec.Template.Labels[v1alpha1.LabelScaledJobName] = sj.Name
	if spec.Template.Spec.RestartPolicy == "" {
		spec.Template.Spec.RestartPolicy = corev1.RestartPolicyOnFailure
	}
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Name:            jobName(sj.Name, sj.UID, ordinal),
			Namespace:       sj.Namespace,
			Labels:          labels,
			Annotations:     annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(sj, v1alpha1.GroupVersion.WithKind(v1alpha1.KindScaledJob))},
		},
		Spec: spec,
	}
}

const (
	// jobSuffix is the length of what makes a Job's name unique, and jobAlphabet
	// the characters it is made of, both as in the API server's own generateName.
	jobSuffix   = 5
	jobAlphabet = "bcdfghjklmnpqrstvwxz2456789"
)

// jobName is the name of a ScaledJob's Job with an ordinal, short enough to be the
// label that the Job controller puts on pods. A ScaledJob that was deleted and
// created again has other names for its Jobs.
func jobName(base string, uid types.UID, ordinal int64) string {
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%s/%d", uid, ordinal)
	suffix := make([]byte, jobSuffix)
	for i, rest := 0, hash.Sum64(); i < jobSuffix; i++ {
		suffix[i] = jobAlphabet[rest%uint64(len(jobAlphabet))]
		rest /= uint64(len(jobAlphabet))
	}
	keep := min(len(base), validation.DNS1035LabelMaxLength-jobSuffix-1)
	return strings.TrimRight(base[:keep], "-.") + "-" + string(suffix)
}
