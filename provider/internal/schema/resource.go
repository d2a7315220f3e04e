// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package schema

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	rs "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Resource makes the Terraform schema of a resource from its fields.
func Resource(prose string, fields []Field) rs.Schema {
	attributes, blocks, _ := members(fields, true)
	return rs.Schema{MarkdownDescription: prose, Attributes: attributes, Blocks: blocks}
}

// members makes the schema of fields. enforced says that Terraform is to see
// that required ones are there. It must not in a block that is written at most
// once, because the framework then demands them even where the block is absent;
// package convert does it there.
func members(fields []Field, enforced bool) (map[string]rs.Attribute, map[string]rs.Block, *objectType) {
	attributes, blocks := map[string]rs.Attribute{}, map[string]rs.Block{}
	kinds := make(map[string]attr.Type, len(fields))
	for i := range fields {
		f := &fields[i]
		if f.IsBlock() {
			blocks[f.Name] = block(f)
			kinds[f.Name] = blocks[f.Name].Type()
			continue
		}
		attributes[f.Name] = attribute(f, enforced)
		kinds[f.Name] = attributes[f.Name].GetType()
	}
	return attributes, blocks, newObjectType(kinds)
}

func block(f *Field) rs.Block {
	attributes, blocks, object := members(f.Fields, f.Kind == Blocks)
	if f.Kind == Block {
		return rs.SingleNestedBlock{
			MarkdownDescription: prose(f), DeprecationMessage: f.Deprecated,
			Attributes: attributes, Blocks: blocks, CustomType: object,
		}
	}
	return rs.ListNestedBlock{
		MarkdownDescription: prose(f), DeprecationMessage: f.Deprecated, CustomType: newListType(object),
		NestedObject: rs.NestedBlockObject{Attributes: attributes, Blocks: blocks, CustomType: object},
	}
}

func attribute(f *Field, enforced bool) rs.Attribute {
	text, required := prose(f), f.Required && enforced
	optional := !required && !f.FromServer()
	switch f.Kind {
	case Int:
		return rs.Int64Attribute{MarkdownDescription: text, DeprecationMessage: f.Deprecated,
			Required: required, Optional: optional, Computed: f.Computed, Sensitive: f.Secret}
	case Float:
		return rs.Float64Attribute{MarkdownDescription: text, DeprecationMessage: f.Deprecated,
			Required: required, Optional: optional, Computed: f.Computed, Sensitive: f.Secret}
	case Bool:
		return rs.BoolAttribute{MarkdownDescription: text, DeprecationMessage: f.Deprecated,
			Required: required, Optional: optional, Computed: f.Computed, Sensitive: f.Secret}
	case Strings:
		return rs.ListAttribute{MarkdownDescription: text, DeprecationMessage: f.Deprecated, ElementType: types.StringType,
			Required: required, Optional: optional, Computed: f.Computed, Sensitive: f.Secret}
	case StringMap:
		return rs.MapAttribute{MarkdownDescription: text, DeprecationMessage: f.Deprecated, ElementType: types.StringType,
			Required: required, Optional: optional, Computed: f.Computed, Sensitive: f.Secret}
	case Dynamic:
		return rs.DynamicAttribute{MarkdownDescription: text, DeprecationMessage: f.Deprecated,
			Required: required, Optional: optional, Computed: f.Computed, Sensitive: f.Secret}
	default:
		return stringAttribute(f, text, required)
	}
}

func stringAttribute(f *Field, text string, required bool) rs.Attribute {
	attribute := rs.StringAttribute{MarkdownDescription: text, DeprecationMessage: f.Deprecated,
		Required: required, Optional: !required && !f.FromServer(), Computed: f.Computed, Sensitive: f.Secret}
	if f.Assumed {
		attribute.Default = stringdefault.StaticString(fmt.Sprint(f.Default))
	}
	if f.Replace {
		attribute.PlanModifiers = append(attribute.PlanModifiers, stringplanmodifier.RequiresReplace())
	}
	if f.Computed && !f.Assumed {
		attribute.PlanModifiers = append(attribute.PlanModifiers, planmodifier.String(stringplanmodifier.UseStateForUnknown()))
	}
	return attribute
}

// prose is the description of a field with its values, bounds and default.
func prose(f *Field) string {
	parts := []string{f.Prose}
	if f.Required {
		parts = append(parts, "Required.")
	}
	if len(f.Enum) > 0 {
		parts = append(parts, "One of `"+strings.Join(f.Enum, "`, `")+"`.")
	}
	if f.Default != nil {
		parts = append(parts, fmt.Sprintf("Default `%v`.", f.Default))
	}
	return strings.Join(parts, " ")
}
