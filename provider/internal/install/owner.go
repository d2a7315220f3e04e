// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package install

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// What Helm marks its objects with.
const (
	helmRelease   = "meta.helm.sh/release-name"
	helmNamespace = "meta.helm.sh/release-namespace"
)

// Owner is who answers for an object.
type Owner struct {
	Tool Tool
	// Namespace and Name are those of a Helm release.
	Namespace, Name string
	text            string
}

// Tool is what an object was made with.
type Tool uint8

// The tools that matter to an installation.
const (
	ToolOther Tool = iota
	ToolOurs
	ToolHelm
)

// Ours reports whether keda_installation made the object.
func (o Owner) Ours() bool { return o.Tool == ToolOurs }

// String names the owner within a sentence.
func (o Owner) String() string { return o.text }

// OwnerOf tells who made an object. Labels and annotations are believed before
// field managers, because they survive edits.
func OwnerOf(object *unstructured.Unstructured) Owner {
	labels, annotations := object.GetLabels(), object.GetAnnotations()
	switch {
	case annotations[helmRelease] != "":
		namespace, name := annotations[helmNamespace], annotations[helmRelease]
		return Owner{ToolHelm, namespace, name, fmt.Sprintf("Helm release %s/%s", namespace, name)}
	case labels[manifests.LabelManagedBy] == manifests.ManagedBy:
		return Owner{Tool: ToolOurs, text: "a keda_installation"}
	case annotations["argocd.argoproj.io/tracking-id"] != "":
		app, _, _ := strings.Cut(annotations["argocd.argoproj.io/tracking-id"], ":")
		return Owner{text: "Argo CD application " + app}
	case labels["kustomize.toolkit.fluxcd.io/name"] != "":
		return Owner{text: "Flux Kustomization " + labels["kustomize.toolkit.fluxcd.io/name"]}
	}
	if managers := kube.Managers(object); len(managers) > 0 {
		return Owner{text: "field manager " + strings.Join(managers, ", ")}
	}
	return Owner{text: "somebody else"}
}
