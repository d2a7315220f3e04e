// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Selection picks objects of a list. The zero value picks all.
type Selection struct {
	// Namespace is empty for all namespaces.
	Namespace string
	// Labels and Fields are selectors as kubectl writes them.
	Labels, Fields string
}

// List returns the selected objects of a resource. It fails with ErrNoKind when
// the cluster does not know the resource.
func (c *Client) List(ctx context.Context, resource schema.GroupVersionResource, s Selection) ([]unstructured.Unstructured, error) {
	list, err := c.in(Ref{Resource: resource, Namespace: s.Namespace}).List(ctx,
		metav1.ListOptions{LabelSelector: s.Labels, FieldSelector: s.Fields})
	switch {
	case isNoKind(err):
		return nil, fmt.Errorf("%w: %w", ErrNoKind, err)
	case err != nil:
		return nil, c.explain(err)
	}
	return list.Items, nil
}

// DeleteForeground is Delete, but the object stays until everything that it owns
// is gone: a Deployment until its pods are.
func (c *Client) DeleteForeground(ctx context.Context, ref Ref) error {
	foreground := metav1.DeletePropagationForeground
	err := c.in(ref).Delete(ctx, ref.Name, metav1.DeleteOptions{PropagationPolicy: &foreground})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return c.explain(err)
}

// Patch changes parts of an object.
func (c *Client) Patch(ctx context.Context, ref Ref, kind types.PatchType, patch []byte) error {
	_, err := c.in(ref).Patch(ctx, ref.Name, kind, patch, metav1.PatchOptions{FieldManager: c.manager})
	return c.explain(err)
}
