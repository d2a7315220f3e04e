// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/ownership"
)

// scaledObject makes all checks of a ScaledObject, and counts them.
func (h *handler) scaledObject(ctx context.Context, req admission.Request) (v1alpha1.Violations, error) {
	var so v1alpha1.ScaledObject
	if err := h.decode(req, &so); err != nil {
		return nil, err
	}
	found := v1alpha1.ValidateScaledObject(&so)
	outside := h.outside(&so)
	if so.Spec.ScaleTargetRef != nil && len(outside) == 0 {
		found = append(found, h.rivals(ctx, req, &so)...)
		found = append(found, h.requests(ctx, &so)...)
	}
	found = append(found, outside...)
	if !ptr.Deref(req.DryRun, false) {
		h.count(req, found)
	}
	return found, nil
}

// rivals looks for others that scale the target. Of an object that has its target
// and the name of its HPA already only older ones stand in the way: the one that
// came first may be changed.
func (h *handler) rivals(ctx context.Context, req admission.Request, so *v1alpha1.ScaledObject) v1alpha1.Violations {
	var before v1alpha1.ScaledObject
	stays := req.Operation == admissionv1.Update && h.decoder.DecodeRaw(req.OldObject, &before) == nil &&
		slices.Equal(ownership.TargetOf(&before), ownership.TargetOf(so)) && before.HPAName() == so.HPAName()
	found, err := ownership.Check(ctx, h.Cache, so, func(other *v1alpha1.ScaledObject) bool {
		return !stays || ownership.Older(other, so)
	})
	if err != nil {
		return unchecked(targetPath, v1alpha1.ReasonOtherScaledObject, "whether something else scales the target", err)
	}
	return found
}

var targetPath = v1alpha1.Path{"spec", "scaleTargetRef"}

// unchecked warns of a check that could not be made.
func unchecked(at v1alpha1.Path, reason v1alpha1.Reason, what string, err error) v1alpha1.Violations {
	return v1alpha1.Violations{{Path: at, Severity: v1alpha1.Misleading, Reason: reason, Message: "is accepted, but " + what + " could not be checked: " + err.Error()}}
}

// count counts a look at an object, and each reason why it is refused.
func (h *handler) count(req admission.Request, found v1alpha1.Violations) {
	action := strings.ToLower(string(req.Operation))
	h.validations.WithLabelValues(req.Namespace, action).Inc()
	refused, _ := found.Split(v1alpha1.Inadmissible)
	counted := map[v1alpha1.Reason]bool{}
	for _, v := range refused {
		if !counted[v.Reason] {
			counted[v.Reason] = true
			h.errors.WithLabelValues(req.Namespace, action, string(v.Reason)).Inc()
		}
	}
}
