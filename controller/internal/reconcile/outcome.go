// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"errors"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/autoscale"
)

// mistakeRetry is how soon a mistake is looked at again although nothing that the
// object refers to changed: a safety net for what no watch covers.
const mistakeRetry = 5 * time.Minute

// mistake is an error that only a change of the object, or of what it refers to,
// can cure: watches bring it back, and retrying would be noise.
type mistake struct{ error }

func (m *mistake) Unwrap() error { return m.error }

func misconfigured(err error) error { return &mistake{err} }

// retry says what a reconcile returns: errors of the API server are retried with
// backoff, mistakes wait for a watch.
func retry(ctx context.Context, failure, report error) (ctrl.Result, error) {
	if failure == nil {
		return ctrl.Result{}, report
	}
	log.FromContext(ctx).Info("cannot scale", "reason", failure.Error())
	var m *mistake
	if errors.As(failure, &m) && report == nil {
		return ctrl.Result{RequeueAfter: mistakeRetry}, nil
	}
	return ctrl.Result{}, errors.Join(failure, report)
}

// describe fills in what a status says about the spec.
func describe(status *v1alpha1.ScaledObjectStatus, so *v1alpha1.ScaledObject, f *found, now metav1.Time) {
	status.ObservedGeneration = so.Generation
	status.TriggersTypes = new(v1alpha1.TriggersTypes(so.Spec.Triggers))
	status.AuthenticationsTypes = new(v1alpha1.AuthenticationsTypes(so.Spec.Triggers))
	status.HpaName = so.HPAName()
	status.PausedReplicaCount = f.pause.Replicas
	if f.pause.Paused {
		status.HpaName = ""
	}
	if f.kind.Kind != "" {
		status.ScaleTargetKind = f.kind.KindString()
		status.ScaleTargetGVKR = new(f.kind)
		if status.OriginalReplicaCount == nil {
			status.OriginalReplicaCount = new(f.replicas)
		}
	}
	if state, reason, message, ok := hpaCondition(f.hpa); ok {
		status.Conditions.Set(v1alpha1.ConditionHPAActive, state, reason, message, now)
	}
	if f.plan != nil {
		status.ExternalMetricNames, status.ResourceMetricNames = metricNames(f.plan.Triggers)
		status.CompositeScalerName = ""
		if f.plan.Modifiers != nil {
			status.CompositeScalerName = v1alpha1.CompositeMetricName
			status.ExternalMetricNames = []string{v1alpha1.CompositeMetricName}
		}
	}
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
	if failure != nil {
		c.Set(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, failure.Error(), now)
		c.Set(v1alpha1.ConditionActive, metav1.ConditionUnknown, v1alpha1.ReasonUnknownState, "the object cannot be scaled as it is", now)
		return
	}
	switch {
	case pause.Paused:
		c.Set(v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectPaused, pauseMessage(pause), now)
		c.Set(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectReady, "the object is paused", now)
		c.Set(v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerNotActive, "the object is paused", now)
	case pause.Any():
		c.Set(v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectPaused, pauseMessage(pause), now)
	case c.IsTrue(v1alpha1.ConditionPaused):
		c.Set(v1alpha1.ConditionPaused, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectUnpaused, "scaling goes on", now)
	}
	if c.Get(v1alpha1.ConditionReady).Reason == v1alpha1.ReasonScaledObjectCheckFailed {
		c.Set(v1alpha1.ConditionReady, metav1.ConditionUnknown, "", "the triggers are being read", now)
	}
}

func pauseMessage(p v1alpha1.Pause) string {
	switch {
	case p.Replicas != nil:
		return "scaling is paused at " + strconv.Itoa(int(*p.Replicas)) + " replicas"
	case p.Paused:
		return "scaling is paused"
	case p.ScaleIn && p.ScaleOut:
		return "scaling in and out is paused"
	case p.ScaleIn:
		return "scaling in is paused"
	default:
		return "scaling out is paused"
	}
}
