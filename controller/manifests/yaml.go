// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"fmt"
	"io"

	"sigs.k8s.io/yaml"
)

// WriteYAML writes the objects of the phases as one YAML stream, in their order.
func WriteYAML(w io.Writer, phases []Phase) error {
	for _, object := range Objects(phases) {
		data, err := yaml.Marshal(object.Object)
		if err != nil {
			return fmt.Errorf("cannot write %s %s: %w", object.GetKind(), object.GetName(), err)
		}
		if _, err := fmt.Fprintf(w, "---\n%s", data); err != nil {
			return err
		}
	}
	return nil
}
