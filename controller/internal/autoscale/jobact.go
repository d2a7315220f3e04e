// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/actuate"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/jobs"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
)

// act deletes and creates Jobs. What began to be read of the sources before it is
// done is not acted on again.
func (s *scaledJob) act(ctx context.Context, in jobs.Input, d jobs.Decision) error {
	var errs []error
	for _, name := range d.Delete {
		errs = append(errs, s.delete(ctx, in.Jobs, name, metav1.DeletePropagationBackground))
	}
	errs = append(errs, s.rollOut(ctx, in.Jobs, d.Rollout))
	created, err := s.createAll(ctx, d.Create)
	if err != nil {
		s.ScaledJobs.Event(s.plan.Object, report.Warning(v1alpha1.EventJobCreateFailed, err.Error()))
		errs = append(errs, err)
	}
	if counts(in.Triggers) && !waiting(in.Triggers) && !in.Spent {
		s.since, s.owed, s.woken = s.Clock.Now(), false, false
	}
	if len(d.Rollout) > 0 { // what replaces them need not wait for the next poll
		s.owed, s.woken = true, false
	}
	if created > 0 {
		s.tell(in, d, created)
	}
	return errors.Join(errs...)
}

func counts(triggers []jobs.Trigger) bool {
	return slices.ContainsFunc(triggers, func(t jobs.Trigger) bool { return t.Counts() })
}

// tell reports Jobs that were created.
func (s *scaledJob) tell(in jobs.Input, d jobs.Decision, created int32) {
	note := "Created " + d.Why
	switch {
	case created < d.Create:
		note = fmt.Sprintf("Created %d of %s", created, d.Why)
	case created > d.Create:
		note = fmt.Sprintf("Created %d Jobs, %d of them anew after a request without an answer; %s", created, created-d.Create, d.Why)
	}
	s.ScaledJobs.Event(s.plan.Object, report.Normal(v1alpha1.EventJobsCreated, note))
	s.decided = &v1alpha1.Decision{
		Time: metav1.NewTime(in.Now).Rfc3339Copy(), From: d.Running, To: d.Running + created, By: v1alpha1.DecidedByController, Why: note,
	}
	s.Log.Info("created jobs", "namespace", s.id.Namespace, "scaledJob", s.id.Name, "jobs", created, "why", d.Why)
}

// createAll creates as many Jobs as are missing, until one cannot be created, and
// says how many it created. One that turns out to exist was missing only from what
// was known: a leader before this one created it.
func (s *scaledJob) createAll(ctx context.Context, missing int32) (created int32, err error) {
	for missing > 0 {
		job := actuate.NewJob(s.plan.Object, s.Version, s.ordinal+1)
		known := s.unseen.Has(job.Name) // counted already: an earlier request got no answer
		exists, err := s.create(ctx, job, known)
		if err != nil {
			return created, err
		}
		s.ordinal++
		if !exists {
			created++
		}
		if !known {
			missing--
		}
	}
	return created, nil
}

// create creates a Job, or finds that it exists. A creation whose outcome is unknown
// keeps its place until a list shows it or enough time has passed, and its name for
// the next attempt.
func (s *scaledJob) create(ctx context.Context, job *batchv1.Job, known bool) (exists bool, err error) {
	s.unseen.Add(job.Name, "", s.Clock.Now())
	err = s.Actuator.CreateJob(ctx, job)
	if apierrors.IsAlreadyExists(err) {
		exists, err = true, s.find(ctx, job)
	}
	switch {
	case err == nil:
		s.unseen.Add(job.Name, job.UID, s.Clock.Now())
	case refused(err) && !known:
		s.unseen.Drop(job.Name, "")
	}
	return exists, err
}

// find reads a Job that exists already. It may be somebody else's; then the next
// attempt is made under the next name.
func (s *scaledJob) find(ctx context.Context, job *batchv1.Job) error {
	var found batchv1.Job
	if err := s.Live.Get(ctx, client.ObjectKeyFromObject(job), &found); err != nil {
		return fmt.Errorf("cannot create Job %s/%s, which exists and cannot be read: %w", job.Namespace, job.Name, err)
	}
	if !metav1.IsControlledBy(&found, s.plan.Object) {
		s.ordinal++
		s.unseen.Drop(job.Name, "")
		return fmt.Errorf("cannot create Job %s/%s: another Job has this name; the next is created under another one", job.Namespace, job.Name)
	}
	job.UID = found.UID
	return nil
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
func (s *scaledJob) delete(ctx context.Context, listed []jobs.Job, name string, policy metav1.DeletionPropagation) error {
	uid := listed[slices.IndexFunc(listed, func(j jobs.Job) bool { return j.Name == name })].UID
	err := s.Actuator.DeleteJob(ctx, s.id.Namespace, name, uid, policy)
	if err != nil {
		return err
	}
	s.deleted[uid] = struct{}{}
	if policy == metav1.DeletePropagationBackground { // else it stays until its pods are gone
		s.unseen.Drop(name, uid)
	}
	return nil
}

// rollOut deletes the Jobs of earlier generations.
func (s *scaledJob) rollOut(ctx context.Context, listed []jobs.Job, names []string) error {
	if len(names) == 0 {
		return nil
	}
	o := s.plan.Object
	s.ScaledJobs.Event(o, report.Normal(v1alpha1.EventScaledJobRolloutCleanupStarted, fmt.Sprintf("Deleting %d Jobs of earlier generations", len(names))))
	var errs []error
	for _, name := range names {
		errs = append(errs, s.delete(ctx, listed, name, o.RolloutPropagation()))
	}
	if err := errors.Join(errs...); err != nil {
		s.ScaledJobs.Event(o, report.Warning(v1alpha1.EventScaledJobRolloutCleanupFailed, err.Error()))
		return err
	}
	s.ScaledJobs.Event(o, report.Normal(v1alpha1.EventScaledJobRolloutCleanupCompleted, fmt.Sprintf("Deleted %d Jobs of earlier generations", len(names))))
	return nil
}
