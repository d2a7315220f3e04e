// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"strings"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// triggerBlock declares the trigger block: what all triggers have in common, one
// block for each first-class type, and type and metadata for all types.
func triggerBlock(common ...schema.Field) schema.Field {
	fields := []schema.Field{
		{Name: "type", At: []string{"type"}, Prose: "Type of the event source as KEDA calls it, for types without a block of their own or for parameters kept in a map."},
		{Name: "metadata", Kind: schema.StringMap, At: []string{"metadata"}, Prose: "Parameters of `type` under KEDA's own names. They are checked like those of the typed blocks."},
		{Name: "name", At: []string{"name"}, Prose: "Name within the object, for formulas and as a label of metrics. Unique."},
		{Name: "authentication_ref", Kind: schema.Block, At: []string{"authenticationRef"}, Prose: "Authentication that supplies parameters or an identity.", Fields: []schema.Field{
			{Name: "name", At: []string{"name"}, Required: true, Prose: "Name of the authentication."},
			{Name: "kind", At: []string{"kind"}, Default: "TriggerAuthentication", Enum: []string{"TriggerAuthentication", "ClusterTriggerAuthentication"}, Prose: "Kind of the authentication."},
		}},
	}
	fields = append(fields, common...)
	for _, d := range trigger.All() {
		if d.Typed {
			fields = append(fields, typedBlock(d))
		}
	}
	return schema.Field{Name: "trigger", Kind: schema.Blocks, At: []string{"spec", "triggers"}, Fields: fields,
		Prose: "Event source. Written as one typed block, such as `redis`, or as `type` and `metadata`. At least one."}
}

// typedBlock declares the block of a first-class trigger type.
func typedBlock(d trigger.Definition) schema.Field {
	block := schema.Field{
		Name: blockName(d.Type), Kind: schema.Block, At: []string{"metadata"},
		Implies: &schema.Implied{Key: "type", Value: d.Type},
		Prose:   fmt.Sprintf("%s (`%s`).", d.Title, d.Type),
	}
	for _, p := range param.Describe(d.New().Declare).Params {
		if p.Removed != "" {
			continue
		}
		if p.ReadableFrom(param.Metadata) {
			block.Fields = append(block.Fields, parameter(p))
		}
		if p.ReadableFrom(param.Env) {
			block.Fields = append(block.Fields, parameterFromEnv(p))
		}
	}
	return block
}

func blockName(kind string) string { return strings.ReplaceAll(kind, "-", "_") }

func parameter(p param.Description) schema.Field {
	f := schema.Field{
		Name: param.Snake(p.Name), At: []string{p.Name}, Prose: p.Prose,
		Text: &schema.Text{Separator: p.Separator}, Enum: p.Enum, Secret: p.Secret, Deprecated: p.Deprecated,
		Required: p.Required && len(p.Sources) == 1,
	}
	if p.Default != "" {
		f.Default = p.Default
	}
	switch p.Kind {
	case param.KindInt:
		f.Kind = schema.Int
	case param.KindFloat:
		f.Kind = schema.Float
	case param.KindBool:
		f.Kind = schema.Bool
	case param.KindStrings:
		f.Kind = schema.Strings
	case param.KindMap:
		f.Kind = schema.StringMap
	case param.KindDuration:
		f.Format = schema.Duration
	case param.KindString, param.KindQuery:
	}
	return f
}

func parameterFromEnv(p param.Description) schema.Field {
	return schema.Field{
		Name: param.Snake(p.Name) + "_from_env", At: []string{p.Name + "FromEnv"}, Text: &schema.Text{},
		Prose: fmt.Sprintf("Environment variable of the workload's container that holds `%s`.", param.Snake(p.Name)),
	}
}
