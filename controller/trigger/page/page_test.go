// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package page_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"sigs.k8s.io/yaml"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger/page"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// block returns the text of the page's only code block in a language.
func block(t *testing.T, text, language string) string {
	t.Helper()
	parts := strings.Split(text, "```"+language+"\n")
	if len(parts) != 2 {
		t.Fatalf("%d blocks in %s, want 1", len(parts)-1, language)
	}
	code, _, _ := strings.Cut(parts[1], "```")
	return code
}

func TestManifestsAreTheExample(t *testing.T) {
	for _, d := range trigger.All() {
		manifest, _, _ := strings.Cut(block(t, page.Page(d), "yaml"), "---\n")
		var object struct {
			Spec struct {
				Triggers []struct {
					Type, MetricType string
					Metadata         map[string]string
				}
			}
		}
		if err := yaml.Unmarshal([]byte(manifest), &object); err != nil {
			t.Errorf("%s: %v\n%s", d.Type, err, manifest)
			continue
		}
		got := object.Spec.Triggers[0]
		if diff := cmp.Diff(d.Example.Metadata, got.Metadata); diff != "" || got.Type != d.Type || got.MetricType != d.Example.MetricType {
			t.Errorf("%s is written as %s %s (-want +got):\n%s", d.Type, got.Type, got.MetricType, diff)
		}
	}
}

func TestConfigurationsAreFormattedTerraform(t *testing.T) {
	for _, d := range trigger.All() {
		text := []byte(block(t, page.Page(d), "terraform"))
		file, diagnostics := hclsyntax.ParseConfig(text, d.Type+".tf", hcl.InitialPos)
		if diagnostics.HasErrors() {
			t.Errorf("%s: %v\n%s", d.Type, diagnostics, text)
			continue
		}
		if diff := cmp.Diff(string(hclwrite.Format(text)), string(text)); diff != "" {
			t.Errorf("%s is not formatted (-formatted +got):\n%s", d.Type, diff)
		}
		object := file.Body.(*hclsyntax.Body).Blocks[0].Body
		typed := find(object, "trigger", strings.ReplaceAll(d.Type, "-", "_"))
		if typed == nil || len(typed.Attributes) != len(d.Example.Metadata) {
			t.Errorf("%s: the block of the type does not hold the example:\n%s", d.Type, text)
		}
	}
}

func find(body *hclsyntax.Body, path ...string) *hclsyntax.Body {
	for _, name := range path {
		var next *hclsyntax.Body
		for _, b := range body.Blocks {
			if b.Type == name {
				next = b.Body
			}
		}
		if next == nil {
			return nil
		}
		body = next
	}
	return body
}

func TestEveryParameterHasOneRow(t *testing.T) {
	for _, d := range trigger.All() {
		text := page.Page(d)
		for _, p := range param.Describe(d.New().Declare).Params {
			want := 1
			if p.Removed != "" {
				want = 0
			}
			if got := strings.Count(text, fmt.Sprintf("\n| `%s` |", p.Name)); got != want {
				t.Errorf("%s: %d rows of %s, want %d", d.Type, got, p.Name, want)
			}
		}
		for line := range strings.SplitSeq(text, "\n") {
			columns := strings.Count(strings.ReplaceAll(line, "\\|", ""), "|") - 1
			if strings.HasPrefix(line, "|") && columns != 4 && columns != 5 {
				t.Errorf("%s: a row of %d columns: %s", d.Type, columns, line)
			}
		}
	}
}

func TestMetricSection(t *testing.T) {
	for kind, want := range map[string]string{
		"redis":               "is called `s0-redis-jobs`",
		"kubernetes-workload": "is called `s0-workload-default`",
		"cpu":                 "There is no external metric.",
		"prometheus":          "Its target is `threshold`; the trigger is active while the value is greater than `activationThreshold`.",
	} {
		d, _ := trigger.Lookup(kind)
		if _, metric, _ := strings.Cut(page.Page(d), "## Metric"); !strings.Contains(metric, want) {
			t.Errorf("%s: %q lacks %q", kind, metric, want)
		}
	}
}
