// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package schema

import (
	"fmt"
	"strings"

	rs "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Resource makes the Terraform schema of a resource that the framework serves.
// The framework demands what a block requires even where the block is absent, so
// nothing is required in blocks that are written at most once; package convert
// sees to it there.
func Resource(prose string, fields []Field) rs.Schema {
	return maker{lenient: true}.resource(prose, fields)
}

// Served makes the Terraform schema of a resource that the provider serves
// without the framework.
func Served(prose string, fields []Field) rs.Schema {
	return maker{}.resource(prose, fields)
}

// maker makes schemas. lenient leaves the required fields of blocks that are
// written at most once to package convert.
type maker struct{ lenient bool }

func (m maker) resource(prose string, fields []Field) rs.Schema {
	attributes, blocks := m.members(fields, false)
	return rs.Schema{MarkdownDescription: prose, Attributes: attributes, Blocks: blocks}
}

func (m maker) members(fields []Field, single bool) (map[string]rs.Attribute, map[string]rs.Block) {
	attributes, blocks := map[string]rs.Attribute{}, map[string]rs.Block{}
	for i := range fields {
		f := &fields[i]
		if f.IsBlock() {
			blocks[f.Name] = m.block(f)
			continue
		}
		attributes[f.Name] = attribute(f, f.Required && (!single || !m.lenient))
	}
	return attributes, blocks
}

func (m maker) block(f *Field) rs.Block {
	attributes, blocks := m.members(f.Fields, f.Kind == Block)
	if f.Kind == Block {
		return rs.SingleNestedBlock{
			MarkdownDescription: prose(f), DeprecationMessage: f.Deprecated, Attributes: attributes, Blocks: blocks,
		}
	}
	return rs.ListNestedBlock{
		MarkdownDescription: prose(f), DeprecationMessage: f.Deprecated,
		NestedObject: rs.NestedBlockObject{Attributes: attributes, Blocks: blocks},
	}
}

func attribute(f *Field, required bool) rs.Attribute {
	text, optional := prose(f), !required && !f.FromServer()
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
	if len(f.Enum) > 0 {
		parts = append(parts, "One of `"+strings.Join(f.Enum, "`, `")+"`.")
	}
	if f.Default != nil {
		parts = append(parts, fmt.Sprintf("Default `%v`.", f.Default))
	}
	return strings.Join(parts, " ")
}
