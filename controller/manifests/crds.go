// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"embed"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

//go:embed crds/*.yaml
var crdFiles embed.FS

// CRDs returns the custom resource definitions of keda.sh/v1alpha1 and
// eventing.keda.sh/v1alpha1, as controller-gen made them from controller/api.
func CRDs() ([]*unstructured.Unstructured, error) {
	entries, err := crdFiles.ReadDir("crds")
	if err != nil {
		return nil, fmt.Errorf("cannot list the embedded CRDs: %w", err)
	}
	crds := make([]*unstructured.Unstructured, 0, len(entries))
	for _, entry := range entries {
		data, err := crdFiles.ReadFile("crds/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("cannot read the embedded CRD %s: %w", entry.Name(), err)
		}
		crd := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(data, &crd.Object); err != nil {
			return nil, fmt.Errorf("embedded CRD %s: %w", entry.Name(), err)
		}
		unstructured.RemoveNestedField(crd.Object, "status")
		crds = append(crds, crd)
	}
	return crds, nil
}
