// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/actuate"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/jobs"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
)

// act creates and deletes Jobs. A creation whose outcome is unknown keeps its
// place until the cache shows it or enough time has passed.
func (s *scaledJob) act(ctx context.Context, in jobs.Input, d jobs.Decision, attempts []attempt) error {
	var errs []error
	for _, name := range d.Delete {
		errs = append(errs, s.delete(ctx, name, metav1.DeletePropagationBackground))
	}
	errs = append(errs, s.rollOut(ctx, d.Rollout))
	if !waiting(in.Triggers) && !in.Spent {
		s.acted, s.woken = attempts, false
	}
	created := int32(0)
	for range d.Create {
		if err := s.create(ctx); err != nil {
			s.ScaledJobs.Event(s.plan.Object, report.Warning(v1alpha1.EventJobCreateFailed, err.Error()))
			errs = append(errs, err)
			break
		}
		created++
	}
	if created > 0 {
		note := "Created " + d.Why
		if created < d.Create {
			note = fmt.Sprintf("Created %d of %s", created, d.Why)
		}
		s.ScaledJobs.Event(s.plan.Object, report.Normal(v1alpha1.EventJobsCreated, note))
		s.decided = &v1alpha1.Decision{
			Time: metav1.NewTime(in.Now).Rfc3339Copy(), From: d.Running, To: d.Running + created, By: v1alpha1.DecidedByController, Why: note,
		}
		s.Log.Info("created jobs", "namespace", s.id.Namespace, "scaledJob", s.id.Name, "jobs", created, "why", d.Why)
	}
	return errors.Join(errs...)
}

func (s *scaledJob) create(ctx context.Context) error {
	job := actuate.NewJob(s.plan.Object, s.Version)
	s.unseen.Add(job.Name, s.Clock.Now())
	err := s.Actuator.CreateJob(ctx, job)
	if refused(err) {
		s.unseen.Drop(job.Name)
	}
	return err
}

// refused says that the API server answered, and said no. Whatever else went
// wrong, the Job may exist.
func refused(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || apierrors.IsAlreadyExists(err) || apierrors.IsTimeout(err) {
		return false
	}
	code := status.Status().Code
	return code >= http.StatusBadRequest && code < http.StatusInternalServerError
}

// delete deletes a Job once: the cache may show it for a while.
func (s *scaledJob) delete(ctx context.Context, name string, policy metav1.DeletionPropagation) error {
	err := s.Actuator.DeleteJob(ctx, s.id.Namespace, name, policy)
	if err == nil {
		s.deleted[name] = struct{}{}
	}
	return err
}

// rollOut deletes the Jobs of earlier generations.
func (s *scaledJob) rollOut(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	o := s.plan.Object
	s.ScaledJobs.Event(o, report.Normal(v1alpha1.EventScaledJobRolloutCleanupStarted, fmt.Sprintf("Deleting %d Jobs of earlier generations", len(names))))
	var errs []error
	for _, name := range names {
		errs = append(errs, s.delete(ctx, name, o.RolloutPropagation()))
	}
	if err := errors.Join(errs...); err != nil {
		s.ScaledJobs.Event(o, report.Warning(v1alpha1.EventScaledJobRolloutCleanupFailed, err.Error()))
		return err
	}
	s.ScaledJobs.Event(o, report.Normal(v1alpha1.EventScaledJobRolloutCleanupCompleted, fmt.Sprintf("Deleted %d Jobs of earlier generations", len(names))))
	return nil
}
