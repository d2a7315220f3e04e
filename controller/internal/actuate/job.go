// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package actuate

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// CreateJob creates a Job that NewJob built.
func (a *Actuator) CreateJob(ctx context.Context, job *batchv1.Job) error {
	if err := a.Client.Create(ctx, job); err != nil {
		return fmt.Errorf("cannot create Job %s/%s: %w", job.Namespace, job.Name, err)
	}
	return nil
}

// DeleteJob deletes a Job and, by the propagation policy, its pods. A Job that is
// already gone is no error.
func (a *Actuator) DeleteJob(ctx context.Context, namespace, name string, policy metav1.DeletionPropagation) error {
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	err := a.Client.Delete(ctx, job, client.PropagationPolicy(policy))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("cannot delete Job %s/%s: %w", namespace, name, err)
	}
	return nil
}

// NewJob builds the Job that a ScaledJob's jobTargetRef describes: named after it,
// owned by it, with its labels (but for the excluded ones) and annotations, and
// marked with the generation of the spec that made it. The name is chosen here and
// not by the API server, so that a request whose answer is lost can be recognised.
func NewJob(sj *v1alpha1.ScaledJob, version string) *batchv1.Job {
	labels := sj.LabelsForJobs()
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, map[string]string{
		v1alpha1.LabelAppName:       sj.Name,
		v1alpha1.LabelAppVersion:    version,
		v1alpha1.LabelAppPartOf:     sj.Name,
		v1alpha1.LabelAppManagedBy:  v1alpha1.ManagedBy,
		v1alpha1.LabelScaledJobName: sj.Name,
	})
	annotations := maps.Clone(sj.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	delete(annotations, corev1.LastAppliedConfigAnnotation)
	annotations[v1alpha1.AnnotationJobGeneration] = strconv.FormatInt(sj.Generation, 10)

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
			Name:            jobName(sj.Name),
			Namespace:       sj.Namespace,
			Labels:          labels,
			Annotations:     annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(sj, v1alpha1.GroupVersion.WithKind(v1alpha1.KindScaledJob))},
		},
		Spec: spec,
	}
}

// jobSuffix is the length of the random part of a Job's name, as the API server's
// own generateName has it.
const jobSuffix = 5

// jobName is unique, and short enough to be the label that the Job controller
// puts on pods.
func jobName(base string) string {
	keep := min(len(base), validation.DNS1035LabelMaxLength-jobSuffix-1)
	return strings.TrimRight(base[:keep], "-.") + "-" + rand.String(jobSuffix)
}
