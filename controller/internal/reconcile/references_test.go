// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"slices"
	"testing"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

// TestChangedStore: what no watch covers leads to its users of all kinds, as long
// as they use it.
func TestChangedStore(t *testing.T) {
	references := NewReferences()
	var enqueued []string
	for _, kind := range []string{"ScaledObject", "ScaledJob"} {
		references.Listen(kind, func(o sample.Object) { enqueued = append(enqueued, o.Kind+" "+o.Name) })
	}
	store, secret := auth.Reference{Kind: auth.KindStore, Name: "vault"}, auth.Reference{Kind: "Secret", Name: "vault"}
	object, job := sample.Object{Kind: "ScaledObject", Name: "web"}, sample.Object{Kind: "ScaledJob", Name: "work"}
	references.Set(object, []auth.Reference{secret, store})
	references.Set(job, []auth.Reference{store})
	references.Set(sample.Object{Kind: "ScaledObject", Name: "other"}, []auth.Reference{secret})
	references.Changed(store)
	slices.Sort(enqueued)
	if !slices.Equal(enqueued, []string{"ScaledJob work", "ScaledObject web"}) || !references.Used(store) {
		t.Errorf("it leads to %q", enqueued)
	}
	if got := references.Stores(object); !slices.Equal(got, []auth.Reference{store}) {
		t.Errorf("the stores of the object are %v", got)
	}
	references.Set(object, nil)
	references.Set(job, []auth.Reference{secret})
	enqueued = nil
	references.Changed(store)
	if len(enqueued) > 0 || references.Used(store) || len(references.Stores(job)) > 0 {
		t.Errorf("without users it leads to %q", enqueued)
	}
}
