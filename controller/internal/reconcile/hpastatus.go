// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
)

// HPAStatus mirrors what an HPA says about itself in the condition HPAActive of
// its ScaledObject, and what it did last in status.lastDecision. It is a reconciler
// of its own because an HPA changes its mind with every activation, and nothing
// else has to be looked at then.
type HPAStatus struct {
	Client client.Reader
	Status *report.ScaledObjects
}

// Setup registers the reconciler with a manager.
func (r *HPAStatus) Setup(mgr ctrl.Manager) error {
	return builder.ControllerManagedBy(mgr).Named("hpastatus").
		For(&autoscalingv2.HorizontalPodAutoscaler{}, builder.WithPredicates(hpaSaysSomethingNew())).
		Complete(r)
}

// Reconcile reports the state of one HPA.
func (r *HPAStatus) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var h autoscalingv2.HorizontalPodAutoscaler
	if err := r.Client.Get(ctx, req.NamespacedName, &h); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	owner := metav1.GetControllerOf(&h)
	state, reason, message, known := hpaCondition(&h)
	if owner == nil || owner.Kind != v1alpha1.KindScaledObject || !known && h.Status.LastScaleTime == nil {
		return ctrl.Result{}, nil
	}
	var so v1alpha1.ScaledObject
	if err := r.Client.Get(ctx, client.ObjectKey{Namespace: h.Namespace, Name: owner.Name}, &so); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if so.UID != owner.UID || !so.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	return ctrl.Result{}, r.Status.Update(ctx, &so, func(status *v1alpha1.ScaledObjectStatus, now metav1.Time) {
		if known {
			status.Conditions.Set(v1alpha1.ConditionHPAActive, state, reason, message, now)
		}
		status.LastDecision = status.LastDecision.Latest(hpaDecision(&h, status.LastDecision))
	})
}

// hpaCondition mirrors the HPA's own ScalingActive: whether it can read its
// metrics. ok is false while the HPA has not said anything.
func hpaCondition(h *autoscalingv2.HorizontalPodAutoscaler) (status metav1.ConditionStatus, reason, message string, ok bool) {
	c := scalingActive(h)
	switch {
	case c == nil:
		return "", "", "", false
	case c.Status == corev1.ConditionTrue:
		return metav1.ConditionTrue, v1alpha1.ReasonHPAActive, "the HPA reads its metrics" + atMaximum(h), true
	case c.Reason == v1alpha1.ReasonScalingDisabled:
		return metav1.ConditionTrue, v1alpha1.ReasonScalingDisabled, "the target is scaled to zero", true
	case c.Reason == "":
		return metav1.ConditionFalse, v1alpha1.ReasonHPAMetricsUnavailable, c.Message, true
	default:
		return metav1.ConditionFalse, c.Reason, c.Message, true
	}
}

func scalingActive(h *autoscalingv2.HorizontalPodAutoscaler) *autoscalingv2.HorizontalPodAutoscalerCondition {
	for i := range h.Status.Conditions {
		if c := &h.Status.Conditions[i]; c.Type == autoscalingv2.ScalingActive {
			return c
		}
	}
	return nil
}

// atMaximum says that the metrics ask for more than maxReplicaCount.
func atMaximum(h *autoscalingv2.HorizontalPodAutoscaler) string {
	for _, c := range h.Status.Conditions {
		if c.Type == autoscalingv2.ScalingLimited && c.Status == corev1.ConditionTrue && c.Reason == "TooManyReplicas" {
			return fmt.Sprintf(" and would have more replicas if maxReplicaCount (%d) let it", h.Spec.MaxReplicas)
		}
	}
	return ""
}

// hpaSaysSomethingNew lets through changes of an HPA's view of its metrics, and of
// the replicas by it, and all that it says when it is taken over.
func hpaSaysSomethingNew() predicate.Predicate {
	return predicate.Funcs{
		DeleteFunc: func(event.DeleteEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			a, ok1 := e.ObjectOld.(*autoscalingv2.HorizontalPodAutoscaler)
			b, ok2 := e.ObjectNew.(*autoscalingv2.HorizontalPodAutoscaler)
			if !ok1 || !ok2 {
				return false
			}
			statusA, reasonA, _, okA := hpaCondition(a)
			statusB, reasonB, _, okB := hpaCondition(b)
			return okA != okB || statusA != statusB || reasonA != reasonB || atMaximum(a) != atMaximum(b) ||
				!a.Status.LastScaleTime.Equal(b.Status.LastScaleTime) || !equality.Semantic.DeepEqual(metav1.GetControllerOf(a), metav1.GetControllerOf(b))
		},
	}
}
