// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package page writes the documentation page of a trigger type from its
// declaration, as Markdown for the Terraform Registry. "make generate" calls Page
// for every definition of the catalogue.
package page

import (
	"fmt"
	"strings"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// Page returns the page of a trigger type: prose, an example in HCL and as a
// manifest, the parameters, the rules between them, and the metric. The
// definition's example must be valid.
func Page(d trigger.Definition) string {
	declaration := param.Describe(d.New().Declare)
	var b strings.Builder
	header(&b, d)
	examples(&b, d, declaration)
	parameters(&b, declaration)
	rules(&b, declaration)
	metrics(&b, d, declaration)
	return b.String()
}

func header(b *strings.Builder, d trigger.Definition) {
	summary, _, _ := strings.Cut(d.Prose, "\n\n")
	fmt.Fprintf(b, "---\npage_title: \"Trigger %s\"\nsubcategory: \"Triggers\"\ndescription: |-\n  %s\n---\n\n", d.Type, summary)
	fmt.Fprintf(b, "# %s (`%s`)\n\n%s\n\n", d.Title, d.Type, d.Prose)
}

// parameters writes the tables: what the trigger itself may give, and what only
// a TriggerAuthentication may.
func parameters(b *strings.Builder, declaration param.Declaration) {
	var own, authentication []param.Description
	for _, p := range declaration.Params {
		switch {
		case p.Removed != "":
		case p.ReadableFrom(param.Metadata):
			own = append(own, p)
		default:
			authentication = append(authentication, p)
		}
	}
	b.WriteString("## Parameters\n\nManifests and `metadata` maps use the first name, the typed Terraform block the second.\n\n")
	b.WriteString("| Parameter | In Terraform | Type | Default | Description |\n| --- | --- | --- | --- | --- |\n")
	for _, p := range own {
		fmt.Fprintf(b, "| `%s` | `%s` | %s | %s | %s |\n", p.Name, param.Snake(p.Name), kind(p), fallback(p), cell(description(p)))
	}
	if len(authentication) > 0 {
		b.WriteString("\nThe following come from a TriggerAuthentication or, where it says so, the workload's environment.\n\n")
		b.WriteString("| Parameter | Type | Default | Description |\n| --- | --- | --- | --- |\n")
	}
	for _, p := range authentication {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", p.Name, kind(p), fallback(p), cell(description(p)))
	}
	b.WriteString("\n")
}

func kind(p param.Description) string {
	if len(p.Enum) > 0 {
		var values []string
		for _, v := range p.Enum {
			values = append(values, "`"+v+"`")
		}
		if p.Kind == param.KindStrings {
			return "list of " + strings.Join(values, ", ")
		}
		return strings.Join(values, ", ")
	}
	return string(p.Kind)
}

func fallback(p param.Description) string {
	switch {
	case p.Required:
		return "required"
	case p.Default != "":
		return "`" + p.Default + "`"
	default:
		return ""
	}
}

// description adds to a parameter's prose what the declaration says elsewhere.
func description(p param.Description) string {
	text := []string{p.Prose}
	switch {
	case p.Positive:
		text = append(text, "Greater than 0.")
	case p.Min != nil && p.Max != nil:
		text = append(text, fmt.Sprintf("From %v to %v.", *p.Min, *p.Max))
	case p.Min != nil:
		text = append(text, fmt.Sprintf("At least %v.", *p.Min))
	case p.Max != nil:
		text = append(text, fmt.Sprintf("At most %v.", *p.Max))
	}
	if len(p.Aliases) > 0 {
		text = append(text, "Also called `"+strings.Join(p.Aliases, "`, `")+"`.")
	}
	if also := alternatives(p); also != "" {
		text = append(text, also)
	}
	if p.Secret {
		text = append(text, "Never shown.")
	}
	if p.Deprecated != "" {
		text = append(text, "Deprecated: "+p.Deprecated+".")
	}
	return strings.Join(text, " ")
}

// alternatives says where else than in its table's place a parameter may come
// from.
func alternatives(p param.Description) string {
	var ways []string
	if p.ReadableFrom(param.Metadata) && p.ReadableFrom(param.Auth) {
		ways = append(ways, "from a TriggerAuthentication")
	}
	if p.ReadableFrom(param.Env) {
		ways = append(ways, fmt.Sprintf("from the environment variable that `%sFromEnv` names", p.Name))
	}
	if len(ways) == 0 {
		return ""
	}
	return "Also " + strings.Join(ways, " or ") + "."
}

// cell keeps a text within its table cell.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ").Replace(text)
}

func rules(b *strings.Builder, declaration param.Declaration) {
	if len(declaration.Rules) == 0 {
		return
	}
	b.WriteString("Rules:\n\n")
	for _, rule := range declaration.Rules {
		fmt.Fprintf(b, "- %s\n", rule)
	}
	b.WriteString("\n")
}

// metrics tells the name of the example's metric, and which parameters are
// target and activation value.
func metrics(b *strings.Builder, d trigger.Definition, declaration param.Declaration) {
	example := decodeExample(d)
	b.WriteString("## Metric\n\n")
	switch t := example.(type) {
	case trigger.Resource:
		fmt.Fprintf(b, "The horizontal pod autoscaler watches the resource metric `%s` of the pods, or of the container in "+
			"`containerName`. There is no external metric.\n", t.Resource().Name)
	case trigger.External:
		for _, m := range t.Metrics() {
			fmt.Fprintf(b, "The external metric of the example is called `%s`: the trigger's index, then the metric's own name.\n",
				trigger.MetricName(0, m.Name))
		}
		b.WriteString(roles(declaration))
	}
}

func roles(declaration param.Declaration) string {
	target, activation := "", ""
	for _, p := range declaration.Params {
		if p.Target {
			target = p.Name
		}
		if p.Activation {
			activation = p.Name
		}
	}
	text := ""
	if target != "" {
		text += fmt.Sprintf("Its target is `%s`", target)
		if activation != "" {
			text += fmt.Sprintf("; the trigger is active while the value is greater than `%s`", activation)
		}
		text += ".\n"
	}
	return text
}

// decodeExample fills in the definition's example.
func decodeExample(d trigger.Definition) trigger.Trigger {
	t := d.New()
	param.Decode(t.Declare, param.Input{Metadata: d.Example.Metadata, AuthPending: true, Namespace: namespace})
	return t
}
