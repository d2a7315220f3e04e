// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package install

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// Inventory lists objects by their ID. The value says what an object contains,
// as a hash, or how it differs from what it should contain. A plan that compares
// two inventories names the objects that an apply will change.
type Inventory map[string]string

// Values of an inventory beside hashes.
const (
	missing       = "missing"
	ownedByPrefix = "belongs to "
	differsPrefix = "differs: "
)

// item is an object that is to be in the cluster.
type item struct {
	ref    kube.Ref
	object *unstructured.Unstructured
	hash   string
}

// items turns rendered phases into items by ID, the namespace apart: whether it
// is the installation's depends on who made it.
func items(phases []manifests.Phase) (map[string]item, error) {
	all := map[string]item{}
	for _, object := range manifests.Objects(phases) {
		ref, err := RefOf(object)
		if err != nil {
			return nil, err
		}
		if is(ref, "Namespace") {
			continue
		}
		hash, err := hash(object)
		if err != nil {
			return nil, err
		}
		all[ref.String()] = item{ref, object, hash}
	}
	return all, nil
}

// Wanted is the inventory of rendered phases.
func Wanted(phases []manifests.Phase) (Inventory, error) {
	all, err := items(phases)
	if err != nil {
		return nil, err
	}
	inventory := Inventory{}
	for id, item := range all {
		inventory[id] = item.hash
	}
	return inventory, nil
}

func hash(object *unstructured.Unstructured) (string, error) {
	data, err := json.Marshal(object.Object)
	if err != nil {
		return "", fmt.Errorf("cannot encode %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(data))[:len("sha256:")+16], nil
}

// shownDifferences is how many fields an inventory names per object.
const shownDifferences = 4

// state is the inventory's value for a live object.
func (i item) state(live *unstructured.Unstructured) string {
	if live == nil {
		return missing
	}
	if owner := OwnerOf(live); !owner.Ours() {
		return ownedByPrefix + owner.String()
	}
	differences := Differences(i.object, live)
	switch n := len(differences); {
	case n == 0:
		return i.hash
	case n > shownDifferences:
		return fmt.Sprintf("%s%s and %d more", differsPrefix, strings.Join(differences[:shownDifferences], ", "), n-shownDifferences)
	default:
		return differsPrefix + strings.Join(differences, ", ")
	}
}
