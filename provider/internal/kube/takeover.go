// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"k8s.io/client-go/util/retry"
)

// Everyone lets TakeOver take from all field managers.
func Everyone(string) bool { return true }

// TakeOver makes the client's field manager the owner of everything that the field
// managers for which from is true wrote into the object, so that the next Apply
// removes what it does not contain. What Kubernetes' own controllers wrote stays
// theirs. An object that is not there has nothing to take over, and one that is
// written at the same time is read again.
func (c *Client) TakeOver(ctx context.Context, ref Ref, from func(manager string) bool) error {
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		object, err := c.Get(ctx, ref)
		if err != nil || object == nil {
			return err
		}
		return c.takeOver(ctx, ref, object, from)
	})
}

func (c *Client) takeOver(ctx context.Context, ref Ref, owned *unstructured.Unstructured, from func(manager string) bool) error {
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

// Owned is what a field manager owns of an object, in the notation of managed
// fields.
type Owned struct {
	Manager string
	Fields  map[string]any
}

// Others lists the field managers of an object beside the client's own.
// As long as there is one, an Apply that leaves a value out does not remove it.
func (c *Client) Others(object *unstructured.Unstructured) []Owned {
	var others []Owned
	for _, e := range object.GetManagedFields() {
		var fields map[string]any
		if e.Manager != c.manager && e.FieldsV1 != nil && json.Unmarshal(e.FieldsV1.GetRawBytes(), &fields) == nil {
			others = append(others, Owned{e.Manager, fields})
		}
	}
	return others
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
