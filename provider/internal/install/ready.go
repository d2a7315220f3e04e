// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package install

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-log/tflog"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// PhaseError means that a phase was not applied, or did not begin to work in
// time.
type PhaseError struct {
	// Phase is one of manifests' phases, Object the one that is to blame.
	Phase  string
	Object kube.Ref
	// Status is what was seen last, Hints what the cluster says about it; both
	// are empty when the object was not applied.
	Status string
	Hints  []string
	Err    error
}

func (e *PhaseError) Error() string {
	if e.Status == "" {
		return fmt.Sprintf("phase %s: %s: %v", e.Phase, e.Object, e.Err)
	}
	return fmt.Sprintf("phase %s: %s: %s: %v", e.Phase, e.Object, e.Status, e.Err)
}

func (e *PhaseError) Unwrap() error { return e.Err }

// await waits until the objects of a phase work.
func (i *Installer) await(ctx context.Context, phase manifests.Phase) error {
	if !i.Wait && phase.Name != manifests.PhaseCRDs {
		return nil
	}
	for _, object := range phase.Objects {
		ref, err := RefOf(object)
		if err != nil {
			return err
		}
		if err := i.awaitObject(ctx, phase.Name, ref); err != nil {
			return err
		}
	}
	return nil
}

func (i *Installer) awaitObject(ctx context.Context, phase string, ref kube.Ref) error {
	last := ""
	err := kube.Poll(ctx, func() (bool, error) {
		live, err := i.Client.Get(ctx, ref)
		if err != nil {
			return false, err
		}
		works, status := Works(live)
		if status != last {
			tflog.Info(ctx, "Waiting", map[string]any{"phase": phase, "object": ref.String(), "status": status})
			last = status
		}
		return works, nil
	})
	if err == nil {
		return nil
	}
	failed := &PhaseError{Phase: phase, Object: ref, Status: last, Err: err}
	if errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		failed.Err = context.Cause(ctx)
		failed.Hints = i.diagnose(context.WithoutCancel(ctx), ref)
	}
	return failed
}

// Works reports whether an object does what it is there for, and if not, why.
// Kinds that only hold settings always do.
func Works(live *unstructured.Unstructured) (bool, string) {
	if live == nil {
		return false, "it was deleted"
	}
	switch live.GetKind() {
	case "CustomResourceDefinition":
		return conditions(live, "Established", "NamesAccepted")
	case "Deployment":
		return rolledOut(live)
	case "APIService":
		return conditions(live, "Available")
	case "ValidatingWebhookConfiguration":
		return trusted(live)
	}
	return true, ""
}

// conditions reports whether all of the conditions are True.
func conditions(live *unstructured.Unstructured, types ...string) (bool, string) {
	for _, name := range types {
		c := condition(live, name)
		if c["status"] != "True" {
			return false, describeCondition(name, c)
		}
	}
	return true, ""
}

func condition(live *unstructured.Unstructured, name string) map[string]any {
	list, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, item := range list {
		if c, ok := item.(map[string]any); ok && c["type"] == name {
			return c
		}
	}
	return nil
}

func describeCondition(name string, c map[string]any) string {
	if c == nil {
		return "not " + name + " yet"
	}
	parts := []string{fmt.Sprintf("%s is %v", name, c["status"])}
	for _, key := range []string{"reason", "message"} {
		if more, _ := c[key].(string); more != "" {
			parts = append(parts, strings.TrimSuffix(more, "."))
		}
	}
	return strings.Join(parts, ": ")
}

// rolledOut reports whether all pods of a Deployment, and no others, are of its
// newest template and available.
func rolledOut(live *unstructured.Unstructured) (bool, string) {
	number := func(fields ...string) int64 {
		n, _, _ := unstructured.NestedInt64(live.Object, fields...)
		return n
	}
	want, set, _ := unstructured.NestedInt64(live.Object, "spec", "replicas")
	if !set {
		want = 1
	}
	total, updated, available := number("status", "replicas"), number("status", "updatedReplicas"), number("status", "availableReplicas")
	text := fmt.Sprintf("%d of %d pods are updated and %d available", updated, want, available)
	switch {
	case number("status", "observedGeneration") < live.GetGeneration():
		return false, "the change has not been seen yet"
	case total > updated:
		return false, fmt.Sprintf("%s; %d old pods are still there", text, total-updated)
	case updated != want || available != want:
		return false, text
	}
	return true, ""
}

// trusted reports whether the controller has told the API server which
// certificate its webhook shows. Until then the webhook cannot be called.
func trusted(live *unstructured.Unstructured) (bool, string) {
	hooks, _, _ := unstructured.NestedSlice(live.Object, "webhooks")
	for _, hook := range hooks {
		members, _ := hook.(map[string]any)
		bundle, _, _ := unstructured.NestedString(members, "clientConfig", "caBundle")
		if bundle == "" {
			return false, fmt.Sprintf("the controller has not set the CA of webhook %v yet", members["name"])
		}
	}
	return true, ""
}
