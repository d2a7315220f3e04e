// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// Problem is something wrong with a configuration, at an argument.
type Problem struct {
	Path            path.Path
	Summary, Detail string
}

// Expansion is a configuration turned into a Kubernetes object.
type Expansion struct {
	// Object holds what is known; its values are those of JSON.
	Object map[string]any
	// Unknown are the places whose values only an apply will tell.
	Unknown []Location
	// Problems are values that their arguments cannot hold.
	Problems []Problem
}

// Expand turns a configuration, plan or state into a Kubernetes object.
func Expand(fields []schema.Field, config tftypes.Value) *Expansion {
	e := &Expansion{Object: map[string]any{}}
	e.object(fields, config, nil, path.Empty(), e.Object)
	return e
}

// Pending reports whether the value at a location, one above or one below it,
// is not known yet.
func (e *Expansion) Pending(at Location) bool {
	return slices.ContainsFunc(e.Unknown, func(u Location) bool { return at.Under(u) || u.Under(at) })
}

func (e *Expansion) object(fields []schema.Field, config tftypes.Value, at Location, here path.Path, into map[string]any) {
	values := attributes(config)
	if !e.oneForm(fields, values, here) {
		e.Unknown = append(e.Unknown, at)
		return
	}
	for i := range fields {
		f := &fields[i]
		value := values[f.Name]
		if absent(value) || f.FromServer() {
			e.missing(f, at, here)
			continue
		}
		place := here.AtName(f.Name)
		if !value.IsKnown() {
			e.unknown(f, at)
			continue
		}
		if len(f.At) == 0 {
			e.local(f, value, place)
			continue
		}
		if f.Implies != nil {
			into[f.Implies.Key] = f.Implies.Value
		}
		e.field(f, value, at.along(f.At), place, into)
	}
}

// missing reports a required field that is not set.
func (e *Expansion) missing(f *schema.Field, at Location, here path.Path) {
	if !f.Required {
		return
	}
	e.problem(here.AtName(f.Name), "Missing "+f.Name, fmt.Sprintf("%s is required here. %s", f.Name, f.Prose))
	e.unknown(f, at)
}

// unknown notes a place. A block that may or may not be there leaves open what
// it implies as well, which is the whole object that holds it.
func (e *Expansion) unknown(f *schema.Field, at Location) {
	switch {
	case f.Implies != nil:
		e.Unknown = append(e.Unknown, at)
	case len(f.At) > 0:
		e.Unknown = append(e.Unknown, at.along(f.At))
	}
}

// local checks a field that is not sent.
func (e *Expansion) local(f *schema.Field, value tftypes.Value, here path.Path) {
	if f.Kind == schema.Block {
		e.object(f.Fields, value, nil, here, map[string]any{})
		return
	}
	e.scalar(f, value, here)
}

func (e *Expansion) field(f *schema.Field, value tftypes.Value, at Location, here path.Path, into map[string]any) {
	switch f.Kind {
	case schema.Block:
		e.object(f.Fields, value, at, here, descend(into, f.At))
	case schema.Blocks:
		put(into, f.At, e.blocks(f, value, at, here))
	case schema.Strings:
		e.strings(f, value, at, here, into)
	case schema.StringMap:
		e.stringMap(f, value, at, here, into)
	case schema.Dynamic:
		put(into, f.At, e.dynamic(value, at))
	default:
		v, ok := e.scalar(f, value, here)
		if !ok {
			// Said already; nothing that follows from it need be said too.
			e.Unknown = append(e.Unknown, at)
			return
		}
		put(into, f.At, v)
	}
}

func (e *Expansion) blocks(f *schema.Field, value tftypes.Value, at Location, here path.Path) []any {
	items := elements(value)
	objects := make([]any, len(items))
	for i, item := range items {
		object, place := map[string]any{}, at.to(i)
		if item.IsKnown() {
			e.object(f.Fields, item, place, here.AtListIndex(i), object)
		} else {
			e.Unknown = append(e.Unknown, place)
		}
		objects[i] = object
	}
	if f.Max != nil && int64(len(items)) > *f.Max {
		e.problem(here, "Too many blocks", fmt.Sprintf("%d %s blocks; at most %d are allowed.", len(items), f.Name, *f.Max))
	}
	return objects
}

func (e *Expansion) scalar(f *schema.Field, value tftypes.Value, here path.Path) (any, bool) {
	v, err := plain(f.Kind, value)
	if err != nil {
		e.problem(here, "Wrong value", err.Error()+".")
		return nil, false
	}
	if !e.allowed(f, v, here) {
		return nil, false
	}
	if f.Text != nil {
		return text(v), true
	}
	return v, true
}

func (e *Expansion) allowed(f *schema.Field, value any, here path.Path) bool {
	if s, ok := value.(string); ok && len(f.Enum) > 0 && !slices.Contains(f.Enum, s) {
		e.problem(here, "Unknown value", fmt.Sprintf("%q is not one of %s.%s", s, Quoted(f.Enum), Suggest(s, f.Enum)))
		return false
	}
	if s, ok := value.(string); ok {
		if rule := nameRule(f.Format, s); rule != "" {
			e.problem(here, "Invalid "+f.Name, fmt.Sprintf("%q is no name in Kubernetes: write %s, with a letter or digit at both ends.", s, rule))
			return false
		}
	}
	n, ok := value.(int64)
	switch {
	case ok && f.Min != nil && n < *f.Min:
		e.problem(here, "Number too small", fmt.Sprintf("%d is less than %d, the least that %s can be.", n, *f.Min, f.Name))
		return false
	case ok && f.Max != nil && n > *f.Max:
		e.problem(here, "Number too large", fmt.Sprintf("%d is more than %d, the most that %s can be.", n, *f.Max, f.Name))
		return false
	}
	return true
}

// nameRule says what a name must consist of, when it does not.
func nameRule(format schema.Format, name string) string {
	switch {
	case format == schema.ObjectName && len(validation.IsDNS1123Subdomain(name)) > 0:
		return fmt.Sprintf("1 to %d lower case letters, digits, - and .", validation.DNS1123SubdomainMaxLength)
	case format == schema.NamespaceName && len(validation.IsDNS1123Label(name)) > 0:
		return fmt.Sprintf("1 to %d lower case letters, digits and -", validation.DNS1123LabelMaxLength)
	}
	return ""
}

func (e *Expansion) strings(f *schema.Field, value tftypes.Value, at Location, here path.Path, into map[string]any) {
	items, open := []string{}, false
	for i, item := range elements(value) {
		place := here.AtListIndex(i)
		switch {
		case item.IsNull():
			e.problem(place, "Missing value", "An item of a list cannot be null.")
		case !item.IsKnown():
			open = true
		default:
			if v, ok := e.scalar(&schema.Field{Name: f.Name, Enum: f.Enum}, item, place); ok {
				items = append(items, text(v))
			}
		}
	}
	switch {
	case open:
		e.Unknown = append(e.Unknown, at)
	case f.Text != nil:
		put(into, f.At, e.join(f, items, here))
	default:
		put(into, f.At, anySlice(items))
	}
}

func anySlice(items []string) []any {
	list := make([]any, len(items))
	for i, item := range items {
		list[i] = item
	}
	return list
}

// join writes a list as one string.
func (e *Expansion) join(f *schema.Field, items []string, here path.Path) string {
	for i, item := range items {
		if strings.Contains(item, f.Text.Separator) {
			e.problem(here.AtListIndex(i), "Separator in item",
				fmt.Sprintf("The items of %s are joined by %q, so none may contain it.", f.Name, f.Text.Separator))
		}
	}
	return strings.Join(items, f.Text.Separator)
}

func (e *Expansion) stringMap(f *schema.Field, value tftypes.Value, at Location, here path.Path, into map[string]any) {
	members, open := map[string]any{}, []Location(nil)
	for key, item := range attributes(value) {
		switch {
		case item.IsNull():
			e.problem(here.AtMapKey(key), "Missing value", fmt.Sprintf("The value of %q is null. Leave the key out, or give it a value.", key))
		case !item.IsKnown():
			open = append(open, at.to(key))
		default:
			if v, err := plain(schema.String, item); err == nil {
				members[key] = v
			}
		}
	}
	switch {
	case f.Text == nil:
		// Other fields may have put members into the same map.
		maps.Copy(descend(into, f.At), members)
		e.Unknown = append(e.Unknown, open...)
	case len(open) > 0:
		e.Unknown = append(e.Unknown, at)
	default:
		put(into, f.At, joinPairs(f.Text.Separator, members))
	}
}

// joinPairs writes a map as sorted pairs.
func joinPairs(separator string, members map[string]any) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(members)) {
		pairs = append(pairs, key+"="+text(members[key]))
	}
	return strings.Join(pairs, separator)
}

func (e *Expansion) problem(at path.Path, summary, detail string) {
	e.Problems = append(e.Problems, Problem{at, summary, detail})
}

// descend returns the object at the end of the keys, making those on the way.
func descend(object map[string]any, keys []string) map[string]any {
	for _, key := range keys {
		next, ok := object[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			object[key] = next
		}
		object = next
	}
	return object
}

func put(object map[string]any, keys []string, value any) {
	last := len(keys) - 1
	descend(object, keys[:last])[keys[last]] = value
}
