// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/jobs"
)

// PodJobIndex indexes cached pods by the Job that owns them.
const PodJobIndex = "job"

// PodJob is the index function of PodJobIndex.
func PodJob(object client.Object) []string {
	if job := object.GetLabels()[batchv1.JobNameLabel]; job != "" {
		return []string{job}
	}
	return nil
}

// jobs lists the ScaledJob's Jobs. The first list of a process is a live one: the
// cache of a new leader may still lack what the leader before it created last.
func (s *scaledJob) jobs(ctx context.Context, withPending bool, conditions []corev1.PodConditionType) ([]jobs.Job, error) {
	reader := s.Cache
	if !s.listed {
		reader = s.Live
	}
	var list batchv1.JobList
	err := reader.List(ctx, &list, client.InNamespace(s.id.Namespace), client.MatchingLabels{v1alpha1.LabelScaledJobName: s.id.Name})
	if err != nil {
		return nil, fmt.Errorf("cannot list the Jobs of ScaledJob %s/%s: %w", s.id.Namespace, s.id.Name, err)
	}
	out := make([]jobs.Job, 0, len(list.Items))
	for i := range list.Items {
		job := &list.Items[i]
		if !metav1.IsControlledBy(job, s.plan.Object) {
			continue
		}
		j := jobs.Of(job)
		if withPending && j.State == jobs.Unfinished {
			if j.Pending, err = s.pending(ctx, job.Name, conditions); err != nil {
				return nil, err
			}
		}
		out = append(out, j)
	}
	return out, nil
}

// caughtUp ends the first, live list: what it showed and the cache may not show
// yet stays expected.
func (s *scaledJob) caughtUp(listed []jobs.Job) {
	for i := range listed {
		if listed[i].State == jobs.Unfinished {
			s.unseen.Add(listed[i].Name, s.Clock.Now())
		}
	}
	s.listed = true
}

func (s *scaledJob) pending(ctx context.Context, job string, conditions []corev1.PodConditionType) (bool, error) {
	var pods corev1.PodList
	if err := s.Cache.List(ctx, &pods, client.InNamespace(s.id.Namespace), client.MatchingFields{PodJobIndex: job}); err != nil {
		return false, fmt.Errorf("cannot list the pods of Job %s/%s: %w", s.id.Namespace, job, err)
	}
	list := make([]*corev1.Pod, len(pods.Items))
	for i := range pods.Items {
		list[i] = &pods.Items[i]
	}
	return jobs.Pending(list, conditions), nil
}
