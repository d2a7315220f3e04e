// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/jobs"
)

// jobs lists the ScaledJob's Jobs, from the API server itself or from the cache. The
// first list of a process is a live one: the cache of a new leader may still lack
// what the leader before it created last.
func (s *scaledJob) jobs(ctx context.Context, live, withPending bool, conditions []corev1.PodConditionType) ([]jobs.Job, error) {
	reader := s.Cache
	if live {
		reader = s.Live
	}
	var list batchv1.JobList
	err := reader.List(ctx, &list, client.InNamespace(s.id.Namespace), client.MatchingLabels{v1alpha1.LabelScaledJobName: s.id.Name})
	if err != nil {
		return nil, fmt.Errorf("cannot list the Jobs of ScaledJob %s/%s: %w", s.id.Namespace, s.id.Name, err)
	}
	out := make([]jobs.Job, 0, len(list.Items))
	for i := range list.Items {
		if metav1.IsControlledBy(&list.Items[i], s.plan.Object) {
			job := jobs.Of(&list.Items[i])
			s.ordinal = max(s.ordinal, job.Ordinal)
			out = append(out, job)
		}
	}
	s.markDeleted(out)
	if withPending {
		err = s.markPending(ctx, out, conditions)
	}
	return out, err
}

// markDeleted marks the Jobs that were deleted although the list still shows them
// as they were, and forgets those that it does not show any more.
func (s *scaledJob) markDeleted(listed []jobs.Job) {
	if len(s.deleted) == 0 {
		return
	}
	still := map[types.UID]struct{}{}
	for i := range listed {
		if _, deleted := s.deleted[listed[i].UID]; deleted {
			listed[i].Deleting = true
			still[listed[i].UID] = struct{}{}
		}
	}
	s.deleted = still
}

// markPending marks the unfinished Jobs that have not begun to work, by their
// pods.
func (s *scaledJob) markPending(ctx context.Context, listed []jobs.Job, conditions []corev1.PodConditionType) error {
	var list corev1.PodList
	err := s.Cache.List(ctx, &list, client.InNamespace(s.id.Namespace), client.MatchingLabels{v1alpha1.LabelScaledJobName: s.id.Name}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return fmt.Errorf("cannot list the pods of ScaledJob %s/%s: %w", s.id.Namespace, s.id.Name, err)
	}
	pods := map[string][]*corev1.Pod{}
	for i := range list.Items {
		job := list.Items[i].Labels[batchv1.JobNameLabel]
		pods[job] = append(pods[job], &list.Items[i])
	}
	for i := range listed {
		if j := &listed[i]; j.State == jobs.Unfinished {
			j.Pending = jobs.Pending(pods[j.Name], conditions)
		}
	}
	return nil
}
