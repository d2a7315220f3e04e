// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package install

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// helmAdapterName is how KEDA's Helm chart calls the metrics adapter.
const helmAdapterName = "keda-operator-metrics-apiserver"

// Conflict says why an installation cannot begin.
type Conflict uint8

// The conflicts.
const (
	// Exists: this namespace has a complete installation already.
	Exists Conflict = iota
	// Second: another keda_installation is in another namespace.
	Second
	// Elsewhere: somebody else's KEDA is in another namespace.
	Elsewhere
	// Foreign: somebody else made objects that the installation would overwrite.
	Foreign
	// OtherAPI: external metrics are served by something else than KEDA.
	OtherAPI
	// NoNamespace: the namespace is not there and shall not be created.
	NoNamespace
)

// ConflictError means that nothing was written because of what is there.
type ConflictError struct {
	Conflict Conflict
	// Namespace is where the other installation is.
	Namespace string
	// Owner is whose it is.
	Owner Owner
	// Objects name what is in the way, sorted.
	Objects []string
}

func (e *ConflictError) Error() string {
	switch e.Conflict {
	case Exists:
		return fmt.Sprintf("namespace %s has a keda_installation already", e.Namespace)
	case Second:
		return fmt.Sprintf("a keda_installation in namespace %s serves the whole cluster already", e.Namespace)
	case Elsewhere:
		return fmt.Sprintf("KEDA is installed in namespace %s by %s", e.Namespace, e.Owner)
	case OtherAPI:
		return fmt.Sprintf("external metrics are served by %s, which belongs to %s", strings.Join(e.Objects, ", "), e.Owner)
	case NoNamespace:
		return "there is no namespace " + e.Namespace
	case Foreign:
	}
	return fmt.Sprintf("%d objects belong to %s", len(e.Objects), e.Owner)
}

// check looks for whatever the installation would disturb. It returns the
// objects to take over, by ID; there are some only when Adopt allows it.
func (i *Installer) check(ctx context.Context, fresh bool) (map[string]*unstructured.Unstructured, error) {
	if err := i.checkAPIService(ctx, fresh); err != nil {
		return nil, err
	}
	if err := i.checkOthers(ctx); err != nil {
		return nil, err
	}
	wanted, err := items(i.Phases)
	if err != nil {
		return nil, err
	}
	refs := map[string]kube.Ref{}
	for id, item := range wanted {
		refs[id] = item.ref
	}
	live, err := i.read(ctx, refs)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(live, func(_ string, object *unstructured.Unstructured) bool { return OwnerOf(object).Ours() })
	if len(live) == 0 || i.Adopt {
		return live, nil
	}
	ids := slices.Sorted(maps.Keys(live))
	return nil, &ConflictError{Conflict: Foreign, Namespace: i.Options.Namespace, Owner: OwnerOf(live[ids[0]]), Objects: ids}
}

// checkAPIService: a cluster has one server of external metrics.
func (i *Installer) checkAPIService(ctx context.Context, fresh bool) error {
	live, err := i.Client.Get(ctx, kube.Ref{Resource: resourceOf("APIService"), Name: manifests.APIServiceName})
	if err != nil || live == nil {
		return err
	}
	namespace, _, _ := unstructured.NestedString(live.Object, "spec", "service", "namespace")
	name, _, _ := unstructured.NestedString(live.Object, "spec", "service", "name")
	owner := OwnerOf(live)
	switch {
	case name != manifests.MetricsAdapterName && name != helmAdapterName:
		return &ConflictError{Conflict: OtherAPI, Namespace: namespace, Owner: owner, Objects: []string{"services " + namespace + "/" + name}}
	case namespace != i.Options.Namespace:
		return elsewhere(namespace, owner)
	case owner.Ours() && fresh && !i.Adopt:
		return &ConflictError{Conflict: Exists, Namespace: namespace, Owner: owner}
	}
	return nil
}

// checkOthers looks for controllers in other namespaces, which may be there
// without an APIService.
func (i *Installer) checkOthers(ctx context.Context) error {
	found, err := i.Client.List(ctx, resourceOf("Deployment"), kube.Selection{Fields: "metadata.name=" + manifests.ControllerName})
	if err != nil {
		return err
	}
	for n := range found {
		if namespace := found[n].GetNamespace(); namespace != i.Options.Namespace {
			return elsewhere(namespace, OwnerOf(&found[n]))
		}
	}
	return nil
}

func elsewhere(namespace string, owner Owner) error {
	if owner.Ours() {
		return &ConflictError{Conflict: Second, Namespace: namespace, Owner: owner}
	}
	return &ConflictError{Conflict: Elsewhere, Namespace: namespace, Owner: owner}
}
