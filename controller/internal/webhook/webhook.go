// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package webhook is the admission of keda.sh objects. It runs the validation
// library of Terraform's plan and of the controller, adds what only the cluster
// knows, and answers with everything that is wrong at once, always in one order:
//
//  1. the object itself, field by field (v1alpha1.Validate…);
//  2. who else scales the target of a ScaledObject (package ownership);
//  3. whether the target's containers request what cpu and memory triggers
//     compare with (requests.go);
//  4. whether the controller works on the object at all (Options.Outside).
//
// What works, but not as it reads, is a warning; so is what cannot be checked
// just now, because the controller makes the same checks again. An object that is
// being deleted, and an update that leaves spec and annotations as they are, such
// as one that adds or removes a finalizer, pass unseen: an object that was stored
// while no webhook answered must remain manageable. Admission changes nothing, so
// it also serves dry runs, which it does not count.
package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	eventingv1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/workload"
)

// Options are what admission works with. All are required.
type Options struct {
	// Scheme knows the kinds of keda.sh and eventing.keda.sh.
	Scheme *runtime.Scheme
	// Cache finds who else scales a target, by the indexes of package ownership:
	// the work for one object does not grow with the number of objects.
	Cache client.Reader
	// Live asks the API server, for LimitRanges.
	Live client.Reader
	// Templates reads pod templates from the API server; the cache drops them.
	Templates interface {
		PodTemplate(ctx context.Context, target workload.Ref) (*corev1.PodTemplateSpec, error)
	}
	// Outside says why the controller does not work on an object; empty when it
	// does.
	Outside func(object client.Object) string
	// Registry takes the metrics.
	Registry prometheus.Registerer
}

// check finds what is wrong with the object of a request.
type check func(ctx context.Context, req admission.Request) (v1alpha1.Violations, error)

// Register adds one handler for each kind to a webhook server.
func Register(server webhook.Server, options Options) {
	h := &handler{Options: options, decoder: admission.NewDecoder(options.Scheme)}
	h.validations = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "keda_webhook_scaled_object_validations_total", Help: "ScaledObjects that admission looked at, dry runs apart.",
	}, []string{"namespace", "action"})
	h.errors = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "keda_webhook_scaled_object_validation_errors_total", Help: "ScaledObjects that admission refused, once for each reason, dry runs apart.",
	}, []string{"namespace", "action", "reason"})
	options.Registry.MustRegister(h.validations, h.errors)
	for kind, c := range map[string]check{
		"keda-sh-v1alpha1-scaledobject":                     h.scaledObject,
		"keda-sh-v1alpha1-scaledjob":                        alone(h, v1alpha1.ValidateScaledJob),
		"keda-sh-v1alpha1-triggerauthentication":            alone(h, v1alpha1.ValidateTriggerAuthentication),
		"keda-sh-v1alpha1-clustertriggerauthentication":     alone(h, v1alpha1.ValidateClusterTriggerAuthentication),
		"eventing-keda-sh-v1alpha1-cloudeventsource":        alone(h, complete(eventingv1alpha1.ValidateCloudEventSource)),
		"eventing-keda-sh-v1alpha1-clustercloudeventsource": alone(h, complete(eventingv1alpha1.ValidateClusterCloudEventSource)),
	} {
		server.Register("/validate-"+kind, &webhook.Admission{Handler: admission.HandlerFunc(answer(c))})
	}
}

type handler struct {
	Options
	decoder             admission.Decoder
	validations, errors *prometheus.CounterVec
}

// answer turns violations into a response.
func answer(c check) func(context.Context, admission.Request) admission.Response {
	return func(ctx context.Context, req admission.Request) admission.Response {
		settled, err := settled(req)
		if err != nil {
			return admission.Errored(http.StatusBadRequest, err)
		}
		if settled {
			return admission.Allowed("")
		}
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

// checked is the part of an object that admission looks at.
type checked struct {
	Metadata struct {
		Annotations       map[string]string `json:"annotations"`
		DeletionTimestamp *metav1.Time      `json:"deletionTimestamp"`
	} `json:"metadata"`
	Spec any `json:"spec"`
}

// settled says that there is nothing to check: the object is being deleted, or
// nothing was changed that is checked.
func settled(req admission.Request) (bool, error) {
	var after, before checked
	if err := json.Unmarshal(req.Object.Raw, &after); err != nil {
		return false, fmt.Errorf("object: %w", err)
	}
	if after.Metadata.DeletionTimestamp != nil {
		return true, nil
	}
	if req.Operation != admissionv1.Update || len(req.OldObject.Raw) == 0 {
		return false, nil
	}
	if err := json.Unmarshal(req.OldObject.Raw, &before); err != nil {
		return false, fmt.Errorf("old object: %w", err)
	}
	return reflect.DeepEqual(before, after), nil
}

// complete is the validation of a kind that no plan validates, of which nothing is
// ever unknown.
func complete[T any](validate func(*T) v1alpha1.Violations) func(*T, ...v1alpha1.Path) v1alpha1.Violations {
	return func(object *T, _ ...v1alpha1.Path) v1alpha1.Violations { return validate(object) }
}

// alone validates a kind that needs no look at the cluster.
func alone[T any](h *handler, validate func(*T, ...v1alpha1.Path) v1alpha1.Violations) check {
	return func(_ context.Context, req admission.Request) (v1alpha1.Violations, error) {
		object, ok := any(new(T)).(client.Object)
		if !ok {
			return nil, errors.New("not a Kubernetes object")
		}
		if err := h.decode(req, object); err != nil {
			return nil, err
		}
		typed, _ := any(object).(*T)
		return append(validate(typed), h.outside(object)...), nil
	}
}

// decode reads the object of a request, which may leave its namespace to the URL.
func (h *handler) decode(req admission.Request, object client.Object) error {
	if err := h.decoder.Decode(req, object); err != nil {
		return err
	}
	if object.GetNamespace() == "" {
		object.SetNamespace(req.Namespace)
	}
	return nil
}

// outside warns of an object that nobody would look at.
func (h *handler) outside(object client.Object) v1alpha1.Violations {
	why := h.Outside(object)
	if why == "" {
		return nil
	}
	return v1alpha1.Violations{{Path: v1alpha1.Path{"metadata"}, Severity: v1alpha1.Misleading, Message: "is outside of what the controller works on: " + why}}
}
