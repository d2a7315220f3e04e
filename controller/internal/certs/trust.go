// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"context"
	"encoding/base64"
	"fmt"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// target is an object that names the authority which the API server shall trust.
type target struct {
	kind schema.GroupVersionKind
	name string
	// set writes the bundle, in base64, where the object's kind has it and a
	// Service of the namespace is asked: another installation sees to its own.
	set func(object map[string]any, namespace, bundle string) error
	// namespace is that of the installation.
	namespace string
}

func (r *Rotator) targets() []target {
	var targets []target
	if r.opts.APIService != "" {
		kind := schema.GroupVersionKind{Group: "apiregistration.k8s.io", Version: "v1", Kind: "APIService"}
		targets = append(targets, target{kind, r.opts.APIService, setAPIService, r.opts.Secret.Namespace})
	}
	if r.opts.Webhook != "" {
		kind := schema.GroupVersionKind{Group: "admissionregistration.k8s.io", Version: "v1", Kind: "ValidatingWebhookConfiguration"}
		targets = append(targets, target{kind, r.opts.Webhook, setWebhooks, r.opts.Secret.Namespace})
	}
	return targets
}

// trust writes the bundle into the object where it has another one; found is
// false if the object does not exist. The API server writes the status of an
// APIService at the same time, so a conflict is no reason to give up.
func (t target) trust(ctx context.Context, c client.Client, bundle []byte) (found bool, err error) {
	err = retry.RetryOnConflict(retry.DefaultRetry, func() (err error) {
		found, err = t.write(ctx, c, bundle)
		return err
	})
	return found, err
}

// write reads and patches the object once. Unstructured objects keep fields that
// this program does not know.
func (t target) write(ctx context.Context, c client.Client, bundle []byte) (found bool, err error) {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(t.kind)
	if err := c.Get(ctx, client.ObjectKey{Name: t.name}, object); err != nil {
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return false, fmt.Errorf("read %s %s: %w", t.kind.Kind, t.name, err)
	}
	before := object.DeepCopy()
	if err := t.set(object.Object, t.namespace, base64.StdEncoding.EncodeToString(bundle)); err != nil {
		return true, fmt.Errorf("set caBundle of %s %s: %w", t.kind.Kind, t.name, err)
	}
	if reflect.DeepEqual(before.Object, object.Object) {
		return true, nil
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := c.Patch(ctx, object, patch); err != nil {
		return true, fmt.Errorf("set caBundle of %s %s: %w", t.kind.Kind, t.name, err)
	}
	return true, nil
}

func setAPIService(object map[string]any, namespace, bundle string) error {
	if isOf, found, _ := unstructured.NestedString(object, "spec", "service", "namespace"); found && isOf != namespace {
		return nil
	}
	// The API refuses a bundle beside this switch.
	unstructured.RemoveNestedField(object, "spec", "insecureSkipTLSVerify")
	return unstructured.SetNestedField(object, bundle, "spec", "caBundle")
}

func setWebhooks(object map[string]any, namespace, bundle string) error {
	webhooks, _, err := unstructured.NestedSlice(object, "webhooks")
	if err != nil {
		return err
	}
	for i := range webhooks {
		webhook, ok := webhooks[i].(map[string]any)
		if !ok {
			return fmt.Errorf("webhooks[%d] is not an object", i)
		}
		if isOf, found, _ := unstructured.NestedString(webhook, "clientConfig", "service", "namespace"); found && isOf != namespace {
			continue
		}
		if err := unstructured.SetNestedField(webhook, bundle, "clientConfig", "caBundle"); err != nil {
			return err
		}
	}
	return unstructured.SetNestedSlice(object, webhooks, "webhooks")
}
