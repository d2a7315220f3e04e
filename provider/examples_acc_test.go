// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/acctest"
)

// TestAccExamples plans the examples of the documentation, all files of a
// resource together, without a cluster.
func TestAccExamples(t *testing.T) {
	acctest.Terraform(t)
	for _, folder := range []string{"keda_scaled_object", "keda_scaled_job", "keda_trigger_authentication", "keda_cluster_trigger_authentication", "keda_installation"} {
		t.Run(folder, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join("../examples/resources", folder, "resource*.tf"))
			if err != nil || len(files) == 0 {
				t.Fatalf("no examples: %v", err)
			}
			var hcl strings.Builder
			for _, file := range files {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				hcl.Write(text)
			}
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories(), Steps: []resource.TestStep{
				{Config: hcl.String(), PlanOnly: true, ExpectNonEmptyPlan: true},
			}})
		})
	}
}
