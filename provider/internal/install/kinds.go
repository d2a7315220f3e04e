// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package install

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// kind relates a Kubernetes kind to its resource, so that no discovery is needed.
type kind struct {
	gvk    schema.GroupVersionKind
	plural string
}

func (k kind) resource() schema.GroupVersionResource {
	return k.gvk.GroupVersion().WithResource(k.plural)
}

// kinds are those of an installation, in an order in which they can be made;
// the reverse is the order in which they can be deleted. An APIService without
// its Service breaks discovery in the whole cluster, so it goes before it; the
// rights go after the pods, which need them to give up their leadership.
var kinds = []kind{
	{schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}, "customresourcedefinitions"},
	{schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, "namespaces"},
	{schema.GroupVersionKind{Version: "v1", Kind: "ServiceAccount"}, "serviceaccounts"},
	{schema.GroupVersionKind{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole"}, "clusterroles"},
	{schema.GroupVersionKind{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRoleBinding"}, "clusterrolebindings"},
	{schema.GroupVersionKind{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "Role"}, "roles"},
	{schema.GroupVersionKind{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "RoleBinding"}, "rolebindings"},
	{schema.GroupVersionKind{Version: "v1", Kind: "Secret"}, "secrets"},
	{schema.GroupVersionKind{Group: "coordination.k8s.io", Version: "v1", Kind: "Lease"}, "leases"},
	{schema.GroupVersionKind{Version: "v1", Kind: "Service"}, "services"},
	{schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, "deployments"},
	{schema.GroupVersionKind{Group: "apiregistration.k8s.io", Version: "v1", Kind: "APIService"}, "apiservices"},
	{schema.GroupVersionKind{Group: "admissionregistration.k8s.io", Version: "v1", Kind: "ValidatingWebhookConfiguration"}, "validatingwebhookconfigurations"},
}

// resourceOf returns the resource of one of the kinds. It panics on another,
// which the tests of this package rule out.
func resourceOf(name string) schema.GroupVersionResource {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.gvk.Kind == name })
	return kinds[i].resource()
}

// RefOf names a rendered object.
func RefOf(object *unstructured.Unstructured) (kube.Ref, error) {
	for _, k := range kinds {
		if k.gvk == object.GroupVersionKind() {
			return kube.Ref{Resource: k.resource(), Namespace: object.GetNamespace(), Name: object.GetName()}, nil
		}
	}
	return kube.Ref{}, fmt.Errorf("%s %s: an installation has no objects of this kind", object.GroupVersionKind(), object.GetName())
}

// ParseID reads what Ref.String wrote: "deployments.apps keda/keda-operator".
func ParseID(id string) (kube.Ref, error) {
	resource, name, found := strings.Cut(id, " ")
	for _, k := range kinds {
		if found && k.resource().GroupResource().String() == resource {
			ref := kube.Ref{Resource: k.resource(), Name: name}
			if namespace, rest, namespaced := strings.Cut(name, "/"); namespaced {
				ref.Namespace, ref.Name = namespace, rest
			}
			return ref, nil
		}
	}
	return kube.Ref{}, fmt.Errorf("%q is not the name of an object of an installation", id)
}

// rank is the place of the object's kind in the order of making.
func rank(ref kube.Ref) int {
	return slices.IndexFunc(kinds, func(k kind) bool { return k.resource() == ref.Resource })
}

func is(ref kube.Ref, kindName string) bool {
	i := rank(ref)
	return i >= 0 && kinds[i].gvk.Kind == kindName
}
