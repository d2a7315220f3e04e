// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/actuate"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/autoscale"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
)

const (
	// mistakeRetry is how soon a mistake is looked at again although nothing that
	// the object refers to changed: a safety net for what no watch covers.
	mistakeRetry = time.Minute
	// overtakenRetry is how soon a reconcile runs again that somebody else's write
	// overtook.
	overtakenRetry = 200 * time.Millisecond
)

// backoff is how soon trouble with the API server is retried: at once, then ever
// later, but no later than a mistake. What could not be done while it was away, or a
// webhook, is done soon after it is back.
func backoff() workqueue.TypedRateLimiter[ctrl.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[ctrl.Request](5*time.Millisecond, mistakeRetry)
}

// overtaken says that an error is no more than bad timing: somebody else wrote
// first, or the process ends. Nobody needs to hear of it.
func overtaken(ctx context.Context, err error) bool {
	return apierrors.IsConflict(err) || errors.Is(err, actuate.ErrMoved) || ctx.Err() != nil
}

// transient says that the API server could not be asked. What was decided before
// still holds; every other error is a mistake that only a change of the object, or
// of what it refers to, can cure.
func transient(err error) bool {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		code := status.Status().Code
		return code >= http.StatusInternalServerError || code == http.StatusTooManyRequests
	}
	var network net.Error
	var discovery *apiutil.ErrResourceDiscoveryFailed
	return errors.As(err, &network) || errors.As(err, &discovery) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.ErrUnexpectedEOF)
}

// retry says what a reconcile returns that failed, or whose report did: trouble
// with the API server is retried with backoff, mistakes wait for a watch.
func retry(ctx context.Context, failure, report error) (ctrl.Result, error) {
	switch {
	case failure == nil, report != nil:
		return ctrl.Result{}, errors.Join(failure, report)
	case transient(failure):
		return ctrl.Result{}, failure
	}
	log.FromContext(ctx).Info("cannot scale", "reason", failure.Error())
	return ctrl.Result{RequeueAfter: mistakeRetry}, nil
}

// describe fills in what a status says about the spec.
func describe(status *v1alpha1.ScaledObjectStatus, so *v1alpha1.ScaledObject, f *found) {
	status.TriggersTypes = new(v1alpha1.TriggersTypes(so.Spec.Triggers))
	status.AuthenticationsTypes = new(v1alpha1.AuthenticationsTypes(so.Spec.Triggers))
	status.PausedReplicaCount = f.pause.Replicas
	status.LastDecision = status.LastDecision.Latest(f.decided)
	if f.hpa != nil {
		status.HpaName = *f.hpa
	}
	if f.kind.Kind != "" {
		if !notedFor(status, so) {
			status.OriginalReplicaCount = nil
		}
		if status.OriginalReplicaCount == nil && f.plan != nil { // without, somebody else scales the target
			status.OriginalReplicaCount = new(f.replicas)
		}
		status.ScaleTargetName = so.Spec.ScaleTargetRef.Name
		status.ScaleTargetKind = f.kind.KindString()
		status.ScaleTargetGVKR = new(f.kind)
	}
	// A plan whose triggers could not be resolved has none, and the HPA asks for what it asked for.
	if f.plan != nil && f.plan.Triggers != nil && !f.pause.Paused {
		status.ExternalMetricNames, status.ResourceMetricNames = metricNames(f.plan.Triggers)
		status.CompositeScalerName = ""
		if f.plan.Modifiers != nil {
			status.CompositeScalerName = v1alpha1.CompositeMetricName
			status.ExternalMetricNames = []string{v1alpha1.CompositeMetricName}
		}
	}
}

// notedFor says that the original count of a status is that of the object's present
// target. KEDA, from which a status may come, notes no name, and no count anew.
func notedFor(status *v1alpha1.ScaledObjectStatus, so *v1alpha1.ScaledObject) bool {
	gvk, err := so.Spec.ScaleTargetRef.GroupVersionKind()
	noted := status.ScaleTargetGVKR
	return err == nil && (noted == nil || noted.Group == gvk.Group && noted.Kind == gvk.Kind) &&
		(status.ScaleTargetName == "" || status.ScaleTargetName == so.Spec.ScaleTargetRef.Name)
}

func metricNames(triggers []autoscale.Trigger) (external, resource []string) {
	for i := range triggers {
		if r := triggers[i].Resource; r != nil {
			resource = append(resource, r.Name)
		}
		for _, m := range triggers[i].Metrics {
			external = append(external, m.FullName)
		}
	}
	return external, resource
}

// concludeScaledObject sets what the reconciler knows: a failed check, or a pause.
// Ready becomes true by the first evaluation, when the triggers were really read;
// a paused object is ready without.
func concludeScaledObject(c *v1alpha1.Conditions, pause v1alpha1.Pause, failure error, now metav1.Time) {
	switch {
	case pause.Any():
		c.Set(v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectPaused, pauseMessage(pause), now)
	case c.IsTrue(v1alpha1.ConditionPaused):
		c.Set(v1alpha1.ConditionPaused, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectUnpaused, "scaling goes on", now)
	}
	conclude(c, verdict{v1alpha1.ReasonScaledObjectReady, v1alpha1.ReasonScaledObjectCheckFailed}, pause.Paused, failure, now)
}

// concludeScaledJob is concludeScaledObject for ScaledJobs.
func concludeScaledJob(c *v1alpha1.Conditions, paused bool, failure error, now metav1.Time) {
	switch {
	case paused:
		c.Set(v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledJobPaused, "no Jobs are created while the object is paused", now)
	case c.IsTrue(v1alpha1.ConditionPaused):
		c.Set(v1alpha1.ConditionPaused, metav1.ConditionFalse, v1alpha1.ReasonScaledJobUnpaused, "Jobs are created again", now)
	}
	conclude(c, verdict{v1alpha1.ReasonScaledJobReady, v1alpha1.ReasonScaledJobCheckFailed}, paused, failure, now)
}

// verdict holds the reasons for Ready of one kind.
type verdict struct{ ready, failed string }

// isPaused is why a paused object is ready although nothing was read.
const isPaused = "the object is paused"

func conclude(c *v1alpha1.Conditions, v verdict, paused bool, failure error, now metav1.Time) {
	switch {
	case failure != nil:
		c.Set(v1alpha1.ConditionReady, metav1.ConditionFalse, v.failed, failure.Error(), now)
		if paused || !transient(failure) { // else what was said of the triggers still holds
			c.Set(v1alpha1.ConditionActive, metav1.ConditionUnknown, v1alpha1.ReasonUnknownState, "the object cannot be scaled as it is", now)
		}
	case paused:
		c.Set(v1alpha1.ConditionReady, metav1.ConditionTrue, v.ready, isPaused, now)
		c.Set(v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerNotActive, isPaused, now)
	case c.Get(v1alpha1.ConditionReady).Reason == v.failed, c.Get(v1alpha1.ConditionReady).Message == isPaused:
		c.Set(v1alpha1.ConditionReady, metav1.ConditionUnknown, "", "the triggers are being read", now)
	}
}

// polling says what is looked at from now on.
func polling(triggers []v1alpha1.ScaleTrigger, interval time.Duration) string {
	return fmt.Sprintf("Looking at %s every %s", v1alpha1.TriggersTypes(triggers), interval)
}

// stopped says that nothing is looked at any more.
func stopped(why string) report.Event {
	return report.Normal(v1alpha1.EventScalersStopped, "Stopped looking at the triggers: "+why)
}

// advice tells of what works although it is odd. What has no effect is a warning.
func advice(v v1alpha1.Violation) report.Event {
	if v.Severity == v1alpha1.Advisory {
		return report.Normal(v1alpha1.EventScalerInfo, v.Error())
	}
	return report.Warning(v1alpha1.EventScalerInfo, v.Error())
}

func triggerTypes(triggers []v1alpha1.ScaleTrigger) []string {
	types := make([]string, len(triggers))
	for i := range triggers {
		types[i] = triggers[i].Type
	}
	return types
}

// pauseDecision explains the replicas of an object that a pause holds.
func pauseDecision(from, to int32) *v1alpha1.Decision {
	return &v1alpha1.Decision{
		Time: metav1.Now().Rfc3339Copy(), From: from, To: to, By: v1alpha1.DecidedByController,
		Why: fmt.Sprintf("the annotation %s holds %d replicas", v1alpha1.AnnotationPausedReplicas, to),
	}
}

func pauseMessage(p v1alpha1.Pause) string {
	switch {
	case p.Replicas != nil:
		return fmt.Sprintf("scaling is paused at %d replicas by the annotation %s", *p.Replicas, v1alpha1.AnnotationPausedReplicas)
	case p.Paused:
		return "scaling is paused by the annotation " + v1alpha1.AnnotationPaused
	case p.ScaleIn && p.ScaleOut:
		return "scaling in and out is paused"
	case p.ScaleIn:
		return "scaling in is paused"
	default:
		return "scaling out is paused"
	}
}
