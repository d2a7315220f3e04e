// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// conditions says what the triggers are worth. Messages name no counts, because
// they differ at each poll.
func (in *Input) conditions(c combined) (active, ready v1alpha1.Condition) {
	failures := in.failures()
	up := c.active || in.Min > 0
	switch {
	case c.active:
		active = condition(v1alpha1.ConditionActive, metav1.ConditionTrue, v1alpha1.ReasonScalerActive, "at least one trigger is active")
	case up:
		active = condition(v1alpha1.ConditionActive, metav1.ConditionTrue, v1alpha1.ReasonScalerActive, "minReplicaCount keeps Jobs running")
	case c.waiting:
	case failures != "":
		active = condition(v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerNotActive,
			"no trigger is known to be active, and not every trigger can be read")
	default:
		active = condition(v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerNotActive, "no trigger is active")
	}
	switch {
	case failures != "" && up:
		ready = condition(v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonPartialTriggerError, failures)
	case failures != "":
		ready = condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTriggerError, failures)
	case !c.waiting:
		ready = condition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonScaledJobReady, "every trigger can be read")
	}
	return active, ready
}

func condition(t v1alpha1.ConditionType, status metav1.ConditionStatus, reason, message string) v1alpha1.Condition {
	return v1alpha1.Condition{Type: t, Status: status, Reason: reason, Message: message}
}

// failures lists the errors in the order of the triggers.
func (in *Input) failures() string {
	var parts []string
	for i := range in.Triggers {
		if t := &in.Triggers[i]; t.Err != "" {
			parts = append(parts, t.Metric+": "+t.Err)
		}
	}
	return strings.Join(parts, "; ")
}

func whyMin(d *Decision, in *Input) string {
	return fmt.Sprintf("%s: minReplicaCount is %d, running are %d", count(d.Create), in.Min, d.Running)
}

func whyQueue(d *Decision, in *Input) string {
	switch {
	case d.MaxScale == 0:
		return "no Jobs: nothing waits"
	case d.Create == 0:
		return "no Jobs: those that run suffice, or no more may"
	default:
		return fmt.Sprintf("%s: a queue of %d asks for %d, running are %d of at most %d, %d of them pending",
			count(d.Create), d.QueueLength, d.MaxScale, d.Running, in.Max, d.Pending)
	}
}

func count(n int32) string {
	if n == 1 {
		return "1 Job"
	}
	return fmt.Sprintf("%d Jobs", n)
}
