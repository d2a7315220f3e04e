// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// attributes returns the members of an object or map, none when it is null or
// not known.
func attributes(v tftypes.Value) map[string]tftypes.Value {
	var members map[string]tftypes.Value
	if v.Type() == nil || v.IsNull() || !v.IsKnown() || v.As(&members) != nil {
		return nil
	}
	return members
}

// elements returns the items of a list, none when it is null or not known.
func elements(v tftypes.Value) []tftypes.Value {
	var items []tftypes.Value
	if v.Type() == nil || v.IsNull() || !v.IsKnown() || v.As(&items) != nil {
		return nil
	}
	return items
}

// absent reports whether nobody wrote the value: null, or the empty list that
// Terraform sends for a block that does not occur.
func absent(v tftypes.Value) bool {
	if v.Type() == nil || v.IsNull() {
		return true
	}
	return v.IsKnown() && v.Type().Is(tftypes.List{}) && len(elements(v)) == 0
}

// Attribute returns the value of a top-level argument.
func Attribute(object tftypes.Value, name string) tftypes.Value { return attributes(object)[name] }

// Known returns the text of a string argument and whether it has one now.
func Known(object tftypes.Value, name string) (string, bool) {
	var text string
	v, ok := attributes(object)[name]
	if !ok || v.IsNull() || !v.IsKnown() || v.As(&text) != nil {
		return "", false
	}
	return text, true
}

// Flag returns the value of a bool argument, unset when it is null or unknown.
func Flag(object tftypes.Value, name string, unset bool) bool {
	var flag bool
	v, ok := attributes(object)[name]
	if !ok || v.IsNull() || !v.IsKnown() || v.As(&flag) != nil {
		return unset
	}
	return flag
}

// With returns the object with some members replaced.
func With(object tftypes.Value, members map[string]tftypes.Value) tftypes.Value {
	all := attributes(object)
	for name, value := range members {
		all[name] = value
	}
	return tftypes.NewValue(object.Type(), all)
}

// Blank is an object of which nothing is set but what members say.
func Blank(kind tftypes.Object, members map[string]tftypes.Value) tftypes.Value {
	values := make(map[string]tftypes.Value, len(kind.AttributeTypes))
	for name, member := range kind.AttributeTypes {
		values[name] = null(member)
	}
	maps.Copy(values, members)
	return tftypes.NewValue(kind, values)
}

// plain turns a known scalar into the Go value that JSON has for it.
func plain(kind schema.Kind, v tftypes.Value) (any, error) {
	switch kind {
	case schema.Bool:
		var b bool
		err := v.As(&b)
		return b, err
	case schema.Int:
		return whole(v)
	case schema.Float:
		var n big.Float
		if err := v.As(&n); err != nil {
			return nil, err
		}
		f, _ := n.Float64()
		return f, nil
	default:
		var s string
		err := v.As(&s)
		return s, err
	}
}

func whole(v tftypes.Value) (int64, error) {
	var n big.Float
	if err := v.As(&n); err != nil {
		return 0, err
	}
	i, accuracy := n.Int64()
	if accuracy != big.Exact {
		return 0, fmt.Errorf("%s is not a whole number of 64 bits", n.Text('g', 10))
	}
	return i, nil
}

// text is the canonical spelling of a scalar.
func text(value any) string {
	switch v := value.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}

// read parses a spelling of a scalar; any that KEDA accepts will do.
func read(kind schema.Kind, spelling string) (any, error) {
	spelling = strings.TrimSpace(spelling)
	switch kind {
	case schema.Bool:
		return strconv.ParseBool(spelling)
	case schema.Int:
		return readInt(spelling)
	case schema.Float:
		return readFloat(spelling)
	default:
		return spelling, nil
	}
}

// readFloat refuses what is no number of Terraform: NaN and the infinities.
func readFloat(spelling string) (float64, error) {
	f, err := strconv.ParseFloat(spelling, 64)
	if err == nil && (math.IsNaN(f) || math.IsInf(f, 0)) {
		err = fmt.Errorf("%q is not a finite number", spelling)
	}
	return f, err
}

func readInt(spelling string) (int64, error) {
	if i, err := strconv.ParseInt(spelling, 10, 64); err == nil {
		return i, nil
	}
	var n big.Float
	if _, _, err := n.Parse(spelling, 10); err != nil {
		return 0, err
	}
	return whole(tftypes.NewValue(tftypes.Number, &n))
}

// wire turns a Go value into the Terraform value of a scalar kind.
func wire(kind schema.Kind, value any) (tftypes.Value, bool) {
	switch kind {
	case schema.Bool:
		b, ok := value.(bool)
		return tftypes.NewValue(tftypes.Bool, b), ok
	case schema.Int, schema.Float:
		n, ok := number(value)
		return tftypes.NewValue(tftypes.Number, n), ok
	default:
		s, ok := value.(string)
		return tftypes.NewValue(tftypes.String, s), ok
	}
}

func number(value any) (*big.Float, bool) {
	switch n := value.(type) {
	case int64:
		return new(big.Float).SetInt64(n), true
	case float64:
		return big.NewFloat(n), true
	}
	return nil, false
}
