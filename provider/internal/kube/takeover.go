// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
)

// Everyone lets TakeOver take from all field managers.
func Everyone(string) bool { return true }

// TakeOver makes the client's field manager the owner of everything that the field
// managers for which from is true wrote into the object, so that the next Apply
// removes what it does not contain. What Kubernetes' own controllers wrote stays
// theirs.
func (c *Client) TakeOver(ctx context.Context, ref Ref, object *unstructured.Unstructured, from func(manager string) bool) error {
	owned := object.DeepCopy()
	entries := owned.GetManagedFields()
	managers := sets.New[string]()
	for i := range entries {
		e := &entries[i]
		if e.Subresource != "" || strings.HasPrefix(e.Manager, "kube-") || !from(e.Manager) ||
			(e.Manager == c.manager && e.Operation == metav1.ManagedFieldsOperationApply) {
			continue
		}
		// The upgrade from client-side apply only looks at updates.
		e.Operation = metav1.ManagedFieldsOperationUpdate
		managers.Insert(e.Manager)
	}
	owned.SetManagedFields(entries)
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(owned, managers, c.manager)
	if err != nil {
		return fmt.Errorf("cannot take the fields of %s over: %w", ref, err)
	}
	if patch == nil {
		return nil
	}
	return c.Patch(ctx, ref, types.JSONPatchType, patch)
}

// Managers lists who wrote the object, Kubernetes' own controllers apart.
func Managers(object *unstructured.Unstructured) []string {
	managers := sets.New[string]()
	for _, e := range object.GetManagedFields() {
		if e.Subresource == "" && !strings.HasPrefix(e.Manager, "kube-") {
			managers.Insert(e.Manager)
		}
	}
	return sets.List(managers)
}
