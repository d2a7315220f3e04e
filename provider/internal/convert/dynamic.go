// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"encoding/json"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"k8s.io/apimachinery/pkg/api/resource"
)

// dynamic turns a value of any type into JSON values. Null members are left out,
// as are unknown ones, which are noted.
func (e *Expansion) dynamic(value tftypes.Value, at Location) any {
	switch {
	case value.IsNull():
		return nil
	case !value.IsKnown():
		e.Unknown = append(e.Unknown, at)
		return nil
	case value.Type().Is(tftypes.Object{}), value.Type().Is(tftypes.Map{}):
		object := map[string]any{}
		for key, member := range attributes(value) {
			if v := e.dynamic(member, at.to(key)); v != nil {
				object[key] = v
			}
		}
		return object
	case value.Type().Is(tftypes.String), value.Type().Is(tftypes.Bool), value.Type().Is(tftypes.Number):
		return simple(value)
	}
	list := []any{}
	for i, item := range elements(value) {
		// An item keeps its place, so that the indexes of errors are right.
		list = append(list, e.dynamic(item, at.to(i)))
	}
	return list
}

// simple turns a known string, bool or number into its JSON value.
func simple(value tftypes.Value) any {
	switch {
	case value.Type().Is(tftypes.String):
		var s string
		_ = value.As(&s) // the type was asked for
		return s
	case value.Type().Is(tftypes.Bool):
		var b bool
		_ = value.As(&b)
		return b
	}
	var n big.Float
	_ = value.As(&n)
	if i, accuracy := n.Int64(); accuracy == big.Exact {
		return i
	}
	f, _ := n.Float64()
	return f
}

// fromJSON turns JSON values into a Terraform value of the type that HCL would
// give them: objects and tuples.
func fromJSON(value any) tftypes.Value {
	switch v := value.(type) {
	case map[string]any:
		kinds, members := map[string]tftypes.Type{}, map[string]tftypes.Value{}
		for key, member := range v {
			if member != nil {
				members[key] = fromJSON(member)
				kinds[key] = members[key].Type()
			}
		}
		return tftypes.NewValue(tftypes.Object{AttributeTypes: kinds}, members)
	case []any:
		kinds, items := make([]tftypes.Type, len(v)), make([]tftypes.Value, len(v))
		for i, item := range v {
			items[i] = fromJSON(item)
			kinds[i] = items[i].Type()
		}
		return tftypes.NewValue(tftypes.Tuple{ElementTypes: kinds}, items)
	case string:
		return tftypes.NewValue(tftypes.String, v)
	case bool:
		return tftypes.NewValue(tftypes.Bool, v)
	case json.Number:
		n, _, _ := big.ParseFloat(v.String(), 10, 64, big.ToNearestEven)
		return tftypes.NewValue(tftypes.Number, n)
	}
	if n, ok := number(value); ok {
		return tftypes.NewValue(tftypes.Number, n)
	}
	return tftypes.NewValue(tftypes.DynamicPseudoType, nil)
}

// project reduces what the cluster holds to what was configured, so that fields
// that others filled in are not drift; where both mean the same, the configured
// spelling stays.
func project(configured, live any) any { return projectAt(configured, live, "") }

func projectAt(configured, live any, key string) any {
	switch want := configured.(type) {
	case map[string]any:
		return projectMap(want, live, isQuantities(key))
	case []any:
		return projectList(want, live)
	}
	if reflect.DeepEqual(configured, live) || (live == nil && isZero(configured)) {
		return configured
	}
	if key == quantityItem && sameQuantity(text(configured), text(live)) {
		return configured
	}
	return live
}

func projectMap(want map[string]any, live any, quantities bool) any {
	have, ok := live.(map[string]any)
	if !ok && (live != nil || !isZero(want)) {
		return live
	}
	result := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		below := key
		if quantities {
			below = quantityItem
		}
		if v := projectAt(want[key], have[key], below); v != nil {
			result[key] = v
		}
	}
	return result
}

func projectList(want []any, live any) any {
	have, ok := live.([]any)
	if !ok && live == nil && len(want) == 0 {
		return want
	}
	if len(have) != len(want) {
		return live
	}
	result := make([]any, len(want))
	for i := range want {
		result[i] = projectAt(want[i], have[i], "")
	}
	return result
}

// quantityItem stands for a key whose value is a quantity. Elsewhere, for
// example in the arguments of a command, 1000m and 1 are different.
const quantityItem = "\x00quantity"

func isQuantities(key string) bool {
	return key == "limits" || key == "requests" || key == "overhead"
}

func sameQuantity(a, b string) bool {
	x, errX := resource.ParseQuantity(strings.TrimSpace(a))
	y, errY := resource.ParseQuantity(strings.TrimSpace(b))
	return errX == nil && errY == nil && x.Cmp(y) == 0
}

// isZero reports whether a value means the same as none: a client that writes
// Go structs leaves such values out.
func isZero(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case int64:
		return v == 0
	case float64:
		return v == 0
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, member := range v {
			if !isZero(member) {
				return false
			}
		}
		return true
	}
	return false
}
