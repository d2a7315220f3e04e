// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	tfconfig "github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/acctest"
)

// TestAccExamples plans the examples of the documentation, all files of a
// resource together, without a cluster.
func TestAccExamples(t *testing.T) {
	for _, folder := range examples(t, "../examples/resources/*") {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			planExample(t, nil, examples(t, filepath.Join(folder, "resource*.tf"))...)
		})
	}
	t.Run("provider", func(t *testing.T) {
		user := filepath.Join(t.TempDir(), "user.tf") // a provider that nobody uses is not configured
		text := "resource \"keda_installation\" \"there\" {\n  provider = keda.eks\n}\n"
		if err := os.WriteFile(user, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		planExample(t, tfconfig.Variables{
			"cluster_endpoint": tfconfig.StringVariable("https://eks.example.com"), "cluster_name": tfconfig.StringVariable("example"),
			"cluster_ca": tfconfig.StringVariable("bm9uZQ=="),
		}, append(examples(t, "../examples/provider/*.tf"), user)...)
	})
}

// TestAccStories plans the configurations of examples/stories from nothing,
// without a cluster. For the one on EKS the other providers are played (see
// cloudProviders): what AWS will say, such as the address of the cluster that the
// run makes, is unknown at that time, and must not be needed.
func TestAccStories(t *testing.T) {
	for _, folder := range examples(t, "../examples/stories/*") {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			var variables tfconfig.Variables
			if filepath.Base(folder) == "eks-sqs" {
				variables = tfconfig.Variables{
					"subnet_ids":     tfconfig.ListVariable(tfconfig.StringVariable("subnet-1"), tfconfig.StringVariable("subnet-2")),
					"consumer_image": tfconfig.StringVariable("registry.example.com/consumer:1"),
				}
			}
			planExample(t, variables, examples(t, filepath.Join(folder, "*.tf"))...)
		})
	}
}

// examples finds files and wants at least one.
func examples(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("no examples in %s: %v", pattern, err)
	}
	return found
}

// planExample plans files as one configuration. Tests can serve providers under
// one namespace only, so ours moves to that of the others.
func planExample(t *testing.T, variables tfconfig.Variables, files ...string) {
	t.Helper()
	acctest.Terraform(t)
	dir := t.TempDir()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		moved := strings.ReplaceAll(string(text), `"keda-tf/keda"`, `"hashicorp/keda"`)
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), []byte(moved), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	resource.Test(t, resource.TestCase{Steps: []resource.TestStep{{
		ProtoV6ProviderFactories: cloudProviders(factories()),
		ConfigDirectory:          tfconfig.StaticDirectory(dir), ConfigVariables: variables, PlanOnly: true, ExpectNonEmptyPlan: true,
	}}})
}
