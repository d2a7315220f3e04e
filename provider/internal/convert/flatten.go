// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"reflect"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// Flatten makes the state of an object. prior is the state or configuration
// before: arguments that it does not set stay unset, so that what Kubernetes or
// others fill in is no drift, and where a value means the same as the prior one,
// the prior spelling stays. Items of a list belong to Terraform as a whole, so
// there nothing is hidden except defaults.
func Flatten(fields []schema.Field, prior tftypes.Value, object map[string]any) tftypes.Value {
	return flattener{}.object(fields, prior, object)
}

// Import makes the state of an object of which Terraform knows nothing yet: all
// that it holds, but defaults that Kubernetes wrote. prior gives the type.
func Import(fields []schema.Field, prior tftypes.Value, object map[string]any) tftypes.Value {
	return flattener{all: true}.object(fields, prior, object)
}

// flattener reads all that an object holds, or only what prior has.
type flattener struct{ all bool }

func (r flattener) object(fields []schema.Field, prior tftypes.Value, object map[string]any) tftypes.Value {
	kind := objectType(prior)
	values, result := attributes(prior), make(map[string]tftypes.Value, len(kind.AttributeTypes))
	form := chooseForm(fields, values, object)
	for i := range fields {
		f := &fields[i]
		before, ok := values[f.Name]
		if !ok {
			before = tftypes.NewValue(kind.AttributeTypes[f.Name], nil)
		}
		switch {
		case len(f.At) == 0:
			result[f.Name] = before
		case !form.uses(f):
			result[f.Name] = null(before.Type())
		default:
			live := get(object, f.At)
			result[f.Name] = r.field(f, before, live)
		}
	}
	return tftypes.NewValue(kind, result)
}

// field flattens one value; live is nil when the object has none.
func (r flattener) field(f *schema.Field, prior tftypes.Value, live any) tftypes.Value {
	unset := absent(prior) && !f.FromServer()
	switch {
	case unset && (!r.all || isDefault(f, live)):
		return unwritten(prior)
	case live == nil && (unset || impliesAbsence(f, prior)):
		return prior
	case live == nil:
		return null(prior.Type())
	}
	if value, ok := r.shape(f, prior, live); ok {
		return value
	}
	// What the schema cannot hold shows as a missing value, which the next
	// apply repairs.
	return null(prior.Type())
}

func (r flattener) shape(f *schema.Field, prior tftypes.Value, live any) (tftypes.Value, bool) {
	switch f.Kind {
	case schema.Block:
		object, ok := live.(map[string]any)
		if !ok {
			return prior, false
		}
		return r.object(f.Fields, prior, object), true
	case schema.Blocks:
		items, ok := live.([]any)
		return r.blocks(f, prior, items), ok
	case schema.Strings:
		return flattenStrings(f, prior, live)
	case schema.StringMap:
		return r.stringMap(f, prior, live)
	case schema.Dynamic:
		return r.dynamic(prior, live), true
	default:
		return flattenScalar(f, prior, live)
	}
}

func (flattener) blocks(f *schema.Field, prior tftypes.Value, items []any) tftypes.Value {
	kind := listType(prior)
	before, result := elements(prior), make([]tftypes.Value, 0, len(items))
	for i, item := range items {
		object, ok := item.(map[string]any)
		if !ok {
			continue
		}
		old := null(kind.ElementType)
		if i < len(before) {
			old = before[i]
		}
		result = append(result, flattener{all: true}.object(f.Fields, old, object))
	}
	return tftypes.NewValue(kind, result)
}

func (r flattener) dynamic(prior tftypes.Value, live any) tftypes.Value {
	if absent(prior) {
		return fromJSON(live)
	}
	var e Expansion
	configured := e.dynamic(prior, nil)
	if kept := project(configured, live); !reflect.DeepEqual(kept, configured) {
		return fromJSON(kept)
	}
	return prior
}

func (r flattener) stringMap(f *schema.Field, prior tftypes.Value, live any) (tftypes.Value, bool) {
	members, ok := stringMembers(f, live)
	if !ok {
		return prior, false
	}
	before, result := attributes(prior), map[string]tftypes.Value{}
	for key, value := range members {
		if _, set := before[key]; set || r.all {
			result[key] = tftypes.NewValue(tftypes.String, value)
		}
	}
	if len(result) == 0 && absent(prior) {
		return prior, true
	}
	return tftypes.NewValue(prior.Type(), result), true
}

func stringMembers(f *schema.Field, live any) (map[string]string, bool) {
	members := map[string]string{}
	if f.Text != nil {
		return splitPairs(f.Text.Separator, live)
	}
	object, ok := live.(map[string]any)
	for key, member := range object {
		value, isString := member.(string)
		if !isString {
			return nil, false
		}
		members[key] = value
	}
	return members, ok
}

func flattenStrings(f *schema.Field, prior tftypes.Value, live any) (tftypes.Value, bool) {
	var items []string
	switch v := live.(type) {
	case string:
		if f.Text == nil {
			return prior, false
		}
		items = splitItems(f.Text.Separator, v)
	case []any:
		for _, item := range v {
			items = append(items, text(item))
		}
	default:
		return prior, false
	}
	if before := strings.Join(priorItems(prior), "\n"); !absent(prior) && before == strings.Join(items, "\n") {
		return prior, true
	}
	values := make([]tftypes.Value, len(items))
	for i, item := range items {
		values[i] = tftypes.NewValue(tftypes.String, item)
	}
	return tftypes.NewValue(prior.Type(), values), true
}

// priorItems are the items of a list as they read back: trimmed, none empty.
func priorItems(list tftypes.Value) []string {
	var items []string
	for _, item := range elements(list) {
		if v, err := plain(schema.String, item); err == nil {
			items = append(items, splitItems("\x00", text(v))...)
		}
	}
	return items
}

func flattenScalar(f *schema.Field, prior tftypes.Value, live any) (tftypes.Value, bool) {
	value := live
	if spelling, ok := live.(string); ok && f.Text != nil {
		parsed, err := read(f.Kind, spelling)
		if err != nil {
			return prior, false
		}
		value = parsed
	}
	if f.Kind == schema.Int {
		value = asWhole(value)
	}
	current, ok := wire(f.Kind, value)
	if ok && !prior.IsNull() && prior.IsKnown() && equal(f, prior, current) {
		return prior, true
	}
	return current, ok
}

// asWhole turns the float that some JSON decoders make of a whole number back.
func asWhole(value any) any {
	if f, ok := value.(float64); ok && f == float64(int64(f)) {
		return int64(f)
	}
	return value
}

// impliesAbsence reports whether the prior value means the same as none. A
// number never does: idle_replica_count = 0 is not the same as no idle count.
func impliesAbsence(f *schema.Field, prior tftypes.Value) bool {
	if !prior.IsKnown() || f.Kind == schema.Int || f.Kind == schema.Float {
		return false
	}
	e := &Expansion{}
	holder := map[string]any{}
	only := *f
	only.At = []string{"value"}
	only.Text = nil
	e.field(&only, prior, nil, path.Root(f.Name), holder)
	return isZero(holder["value"])
}

// isDefault reports whether a live value is only what Kubernetes fills in.
func isDefault(f *schema.Field, live any) bool {
	return f.Written && f.Default != nil && live != nil && strings.EqualFold(text(live), text(f.Default))
}

// get follows keys; nil when they lead nowhere.
func get(object map[string]any, keys []string) any {
	var value any = object
	for _, key := range keys {
		members, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = members[key]
	}
	return value
}

// objectType and listType are the types of values that the schema made; others
// do not get here.
func objectType(v tftypes.Value) tftypes.Object {
	kind, _ := v.Type().(tftypes.Object)
	return kind
}

func listType(v tftypes.Value) tftypes.List {
	kind, _ := v.Type().(tftypes.List)
	return kind
}

// unwritten keeps an argument that says nothing as it is: an empty list stays one.
func unwritten(prior tftypes.Value) tftypes.Value {
	if prior.IsNull() {
		return null(prior.Type())
	}
	return prior
}

func null(kind tftypes.Type) tftypes.Value {
	// A block that may occur any number of times is never null, but empty.
	if list, ok := kind.(tftypes.List); ok && list.ElementType.Is(tftypes.Object{}) {
		return tftypes.NewValue(kind, []tftypes.Value{})
	}
	return tftypes.NewValue(kind, nil)
}
