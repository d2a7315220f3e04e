// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package schema

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// The framework computes the Terraform type of a block anew for every value
// that it touches, and converts every value to and fro on every pass; with some
// hundred arguments per trigger that was nearly all the time of a plan. The two
// types below compute their Terraform type once, and their values stay what
// they were on the wire until somebody looks inside.

type objectType struct {
	basetypes.ObjectType
	wire tftypes.Type
}

func newObjectType(attributes map[string]attr.Type) *objectType {
	object := basetypes.ObjectType{AttrTypes: attributes}
	return &objectType{ObjectType: object, wire: object.TerraformType(context.Background())}
}

func (t *objectType) TerraformType(context.Context) tftypes.Type { return t.wire }

func (t *objectType) Equal(other attr.Type) bool {
	switch o := other.(type) {
	case *objectType:
		return t == o || t.ObjectType.Equal(o.ObjectType)
	default:
		return t.ObjectType.Equal(other)
	}
}

func (t *objectType) ValueFromTerraform(_ context.Context, in tftypes.Value) (attr.Value, error) {
	return objectValue{wireValue{in, t.wire}, t}, nil
}

func (t *objectType) ValueFromObject(ctx context.Context, in basetypes.ObjectValue) (basetypes.ObjectValuable, diag.Diagnostics) {
	wire, diags := toWire(ctx, in)
	return objectValue{wireValue{wire, t.wire}, t}, diags
}

func (t *objectType) ValueType(context.Context) attr.Value {
	return objectValue{wireValue{expected: t.wire}, t}
}

type objectValue struct {
	wireValue
	typ *objectType
}

func (v objectValue) Type(context.Context) attr.Type { return v.typ }

func (v objectValue) Equal(other attr.Value) bool {
	o, ok := other.(objectValue)
	return ok && v.equal(o.wireValue)
}

func (v objectValue) ToObjectValue(ctx context.Context) (basetypes.ObjectValue, diag.Diagnostics) {
	value, err := v.typ.ObjectType.ValueFromTerraform(ctx, v.wire())
	if err != nil {
		return basetypes.NewObjectUnknown(v.typ.AttrTypes), mismatch(err)
	}
	return value.(basetypes.ObjectValue), nil
}

type listType struct {
	basetypes.ListType
	wire tftypes.Type
}

func newListType(element *objectType) *listType {
	list := basetypes.ListType{ElemType: element}
	return &listType{ListType: list, wire: list.TerraformType(context.Background())}
}

func (t *listType) TerraformType(context.Context) tftypes.Type { return t.wire }

func (t *listType) Equal(other attr.Type) bool {
	switch o := other.(type) {
	case *listType:
		return t == o || t.ListType.Equal(o.ListType)
	default:
		return t.ListType.Equal(other)
	}
}

func (t *listType) ValueFromTerraform(_ context.Context, in tftypes.Value) (attr.Value, error) {
	return listValue{wireValue{in, t.wire}, t}, nil
}

func (t *listType) ValueFromList(ctx context.Context, in basetypes.ListValue) (basetypes.ListValuable, diag.Diagnostics) {
	wire, diags := toWire(ctx, in)
	return listValue{wireValue{wire, t.wire}, t}, diags
}

func (t *listType) ValueType(context.Context) attr.Value {
	return listValue{wireValue{expected: t.wire}, t}
}

type listValue struct {
	wireValue
	typ *listType
}

func (v listValue) Type(context.Context) attr.Type { return v.typ }

func (v listValue) Equal(other attr.Value) bool {
	o, ok := other.(listValue)
	return ok && v.equal(o.wireValue)
}

func (v listValue) ToListValue(ctx context.Context) (basetypes.ListValue, diag.Diagnostics) {
	value, err := v.typ.ListType.ValueFromTerraform(ctx, v.wire())
	if err != nil {
		return basetypes.NewListUnknown(v.typ.ElemType), mismatch(err)
	}
	return value.(basetypes.ListValue), nil
}

// wireValue is a value as it came over the protocol, and the type it must have.
type wireValue struct {
	value    tftypes.Value
	expected tftypes.Type
}

// wire is the value; the zero value stands for null.
func (v wireValue) wire() tftypes.Value {
	if v.value.Type() == nil {
		return tftypes.NewValue(v.expected, nil)
	}
	return v.value
}

func (v wireValue) equal(o wireValue) bool { return v.wire().Equal(o.wire()) }

func (v wireValue) ToTerraformValue(context.Context) (tftypes.Value, error) { return v.wire(), nil }

func (v wireValue) IsNull() bool { return v.wire().IsNull() }

func (v wireValue) IsUnknown() bool { return !v.wire().IsKnown() }

func (v wireValue) String() string { return v.wire().String() }

func toWire(ctx context.Context, in attr.Value) (tftypes.Value, diag.Diagnostics) {
	wire, err := in.ToTerraformValue(ctx)
	if err != nil {
		return wire, mismatch(err)
	}
	return wire, nil
}

func mismatch(err error) diag.Diagnostics {
	return diag.Diagnostics{diag.NewErrorDiagnostic("Value does not fit its schema",
		fmt.Sprintf("This is a defect of the provider; please report it: %v", err))}
}
