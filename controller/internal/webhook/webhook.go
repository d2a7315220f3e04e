// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package webhook is the admission of keda.sh objects: it runs the same
// validation library as Terraform's plan and the controller, adds what only the
// cluster knows (who else scales a target), and answers with all violations at
// once. It changes nothing, so it also serves dry runs.
package webhook

import (
	"context"
	"errors"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/ownership"
)

// check finds what is wrong with the decoded object of a request.
type check func(ctx context.Context, req admission.Request) (v1alpha1.Violations, error)

// Register adds one handler for each kind to a webhook server.
func Register(server webhook.Server, scheme *runtime.Scheme, reader client.Reader, registry prometheus.Registerer) {
	h := &handler{decoder: admission.NewDecoder(scheme), reader: reader}
	h.validations = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "keda_webhook_scaled_object_validations_total", Help: "ScaledObjects that admission looked at.",
	}, []string{"namespace", "action"})
	h.errors = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "keda_webhook_scaled_object_validation_errors_total", Help: "ScaledObjects that admission refused, by reason.",
	}, []string{"namespace", "action", "reason"})
	registry.MustRegister(h.validations, h.errors)
	for path, c := range map[string]check{
		"scaledobject":                 h.scaledObject,
		"scaledjob":                    decoded(h.decoder, v1alpha1.ValidateScaledJob),
		"triggerauthentication":        decoded(h.decoder, v1alpha1.ValidateTriggerAuthentication),
		"clustertriggerauthentication": decoded(h.decoder, v1alpha1.ValidateClusterTriggerAuthentication),
	} {
		server.Register("/validate-keda-sh-v1alpha1-"+path, &webhook.Admission{Handler: admission.HandlerFunc(answer(c))})
	}
}

type handler struct {
	decoder             admission.Decoder
	reader              client.Reader
	validations, errors *prometheus.CounterVec
}

// answer turns violations into a response.
func answer(c check) func(context.Context, admission.Request) admission.Response {
	return func(ctx context.Context, req admission.Request) admission.Response {
		violations, err := c(ctx, req)
		if err != nil {
			return admission.Errored(http.StatusBadRequest, err)
		}
		refused, warned := violations.Split(v1alpha1.Inadmissible)
		response := admission.Allowed("")
		if len(refused) > 0 {
			response = admission.Denied(refused.Error())
		}
		for _, w := range warned {
			response.Warnings = append(response.Warnings, w.Error())
		}
		return response
	}
}

// decoded validates a kind that needs no look at the cluster.
func decoded[T any](decoder admission.Decoder, validate func(*T, ...v1alpha1.Path) v1alpha1.Violations) check {
	return func(_ context.Context, req admission.Request) (v1alpha1.Violations, error) {
		object, ok := any(new(T)).(runtime.Object)
		if !ok {
			return nil, errors.New("not a Kubernetes object")
		}
		if err := decoder.Decode(req, object); err != nil {
			return nil, err
		}
		typed, _ := any(object).(*T)
		return validate(typed), nil
	}
}

// scaledObject also looks for others that scale the target. Of an object that is
// there already only older ones stand in the way: the one that came first may be
// changed. An object that is being deleted is let through, whatever it looks like:
// its finalizer must go.
func (h *handler) scaledObject(ctx context.Context, req admission.Request) (v1alpha1.Violations, error) {
	var so v1alpha1.ScaledObject
	if err := h.decoder.Decode(req, &so); err != nil {
		return nil, err
	}
	if !so.DeletionTimestamp.IsZero() {
		return nil, nil
	}
	action := "create"
	if req.Operation == admissionv1.Update {
		action = "update"
	}
	h.validations.WithLabelValues(req.Namespace, action).Inc()
	violations := v1alpha1.ValidateScaledObject(&so)
	if so.Namespace == "" {
		so.Namespace = req.Namespace
	}
	if so.Spec.ScaleTargetRef != nil {
		conflicts, err := ownership.Check(ctx, h.reader, &so, func(other *v1alpha1.ScaledObject) bool {
			return req.Operation != admissionv1.Update || ownership.Older(other, &so)
		})
		if err != nil {
			return nil, err
		}
		violations = append(violations, conflicts...)
	}
	if refused, _ := violations.Split(v1alpha1.Inadmissible); len(refused) > 0 {
		h.errors.WithLabelValues(req.Namespace, action, string(refused[0].Reason)).Inc()
	}
	return violations, nil
}
