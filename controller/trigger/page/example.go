// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// The names in examples.
const (
	workload  = "worker"
	namespace = "default"
)

// examples writes the definition's example as Terraform configuration and as
// manifests.
func examples(b *strings.Builder, d trigger.Definition, declaration param.Declaration) {
	b.WriteString("## Example\n\n```terraform\n")
	hclObject(b, d, declaration)
	hclAuthentication(b, d)
	b.WriteString("```\n\nThe same as manifests:\n\n```yaml\n")
	yamlObject(b, d, declaration)
	yamlAuthentication(b, d)
	b.WriteString("```\n\n")
}

// pair is one attribute of a Terraform block.
type pair struct{ name, value string }

func hclObject(b *strings.Builder, d trigger.Definition, declaration param.Declaration) {
	fmt.Fprintf(b, "resource \"keda_scaled_object\" %q {\n  name      = %q\n  namespace = %q\n\n", workload, workload, namespace)
	if floor(d) != "" {
		fmt.Fprintf(b, "  min_replica_count = %s\n\n", floor(d))
	}
	fmt.Fprintf(b, "  scale_target_ref {\n    name = %q\n  }\n\n  trigger {\n", workload)
	if d.Example.MetricType != "" {
		fmt.Fprintf(b, "    metric_type = %q\n\n", d.Example.MetricType)
	}
	if len(d.Example.Auth) > 0 {
		fmt.Fprintf(b, "    authentication_ref {\n      name = keda_trigger_authentication.%s.name\n    }\n\n", workload)
	}
	fmt.Fprintf(b, "    %s {\n", strings.ReplaceAll(d.Type, "-", "_"))
	hclPairs(b, "      ", attributes(d, declaration))
	b.WriteString("    }\n  }\n}\n")
}

func hclAuthentication(b *strings.Builder, d trigger.Definition) {
	if len(d.Example.Auth) == 0 {
		return
	}
	fmt.Fprintf(b, "\nresource \"keda_trigger_authentication\" %q {\n  name      = %q\n  namespace = %q\n", workload, workload, namespace)
	for _, name := range d.Example.Auth {
		b.WriteString("\n  secret_target_ref {\n")
		hclPairs(b, "    ", []pair{{"parameter", quote(name)}, {"name", quote(workload)}, {"key", quote(name)}})
		b.WriteString("  }\n")
	}
	b.WriteString("}\n")
}

// floor is the minimum of replicas that the example must set: resource triggers
// alone cannot scale to zero.
func floor(d trigger.Definition) string {
	if _, ok := d.New().(trigger.Resource); ok {
		return "1"
	}
	return ""
}

// attributes returns the example's parameters in the order of the declaration.
func attributes(d trigger.Definition, declaration param.Declaration) []pair {
	var pairs []pair
	for _, p := range declaration.Params {
		if text, ok := d.Example.Metadata[p.Name]; ok {
			pairs = append(pairs, pair{param.Snake(p.Name), hclValue(p, text)})
		}
	}
	return pairs
}

// hclPairs writes attributes with their equals signs in one column, as
// "terraform fmt" does.
func hclPairs(b *strings.Builder, indent string, pairs []pair) {
	width := 0
	for _, p := range pairs {
		width = max(width, len(p.name))
	}
	for _, p := range pairs {
		fmt.Fprintf(b, "%s%-*s = %s\n", indent, width, p.name, p.value)
	}
}

func hclValue(p param.Description, text string) string {
	switch p.Kind {
	case param.KindInt, param.KindFloat, param.KindBool:
		return text
	case param.KindStrings:
		var items []string
		for item := range strings.SplitSeq(text, p.Separator) {
			items = append(items, quote(strings.TrimSpace(item)))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case param.KindMap:
		var items []string
		for item := range strings.SplitSeq(text, p.Separator) {
			key, value, _ := strings.Cut(item, "=")
			items = append(items, quote(strings.TrimSpace(key))+" = "+quote(strings.TrimSpace(value)))
		}
		return "{ " + strings.Join(items, ", ") + " }"
	default:
		return quote(text)
	}
}

// quote writes a string of Terraform's language, whose escapes are those of Go
// but for templates.
func quote(text string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(strconv.Quote(text))
}

func yamlObject(b *strings.Builder, d trigger.Definition, declaration param.Declaration) {
	fmt.Fprintf(b, "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata:\n  name: %s\n  namespace: %s\nspec:\n", workload, namespace)
	fmt.Fprintf(b, "  scaleTargetRef:\n    name: %s\n", workload)
	if floor(d) != "" {
		fmt.Fprintf(b, "  minReplicaCount: %s\n", floor(d))
	}
	fmt.Fprintf(b, "  triggers:\n    - type: %s\n", d.Type)
	if d.Example.MetricType != "" {
		fmt.Fprintf(b, "      metricType: %s\n", d.Example.MetricType)
	}
	b.WriteString("      metadata:\n")
	for _, p := range declaration.Params {
		if text, ok := d.Example.Metadata[p.Name]; ok {
			fmt.Fprintf(b, "        %s: %s\n", p.Name, yamlQuote(text))
		}
	}
	if len(d.Example.Auth) > 0 {
		fmt.Fprintf(b, "      authenticationRef:\n        name: %s\n", workload)
	}
}

func yamlAuthentication(b *strings.Builder, d trigger.Definition) {
	if len(d.Example.Auth) == 0 {
		return
	}
	fmt.Fprintf(b, "---\napiVersion: keda.sh/v1alpha1\nkind: TriggerAuthentication\nmetadata:\n  name: %s\n  namespace: %s\n", workload, namespace)
	b.WriteString("spec:\n  secretTargetRef:\n")
	for _, name := range d.Example.Auth {
		fmt.Fprintf(b, "    - parameter: %s\n      name: %s\n      key: %s\n", name, workload, name)
	}
}

// yamlQuote writes a single-quoted YAML string, in which only the quote itself is
// special.
func yamlQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
