// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// oneForm reports whether an object is written in one way only: by one typed
// block, or by the general arguments. What is not known may turn out either way.
func (e *Expansion) oneForm(fields []schema.Field, values map[string]tftypes.Value, here path.Path) bool {
	var typed []*schema.Field
	var choices []string
	for i := range fields {
		f := &fields[i]
		if f.Implies == nil {
			continue
		}
		choices = append(choices, f.Name)
		value := values[f.Name]
		switch {
		case absent(value):
		case !value.IsKnown():
			return true
		default:
			typed = append(typed, f)
		}
	}
	switch {
	case len(choices) == 0:
		return true
	case len(typed) == 0:
		return e.named(fields, values, here, choices)
	case len(typed) > 1:
		e.problem(here.AtName(typed[1].Name), "Two blocks where one is allowed",
			fmt.Sprintf("The blocks %s and %s exclude each other. Write each in a block of its own around it.", typed[0].Name, typed[1].Name))
		return false
	}
	return e.noneBeside(fields, values, here, typed[0])
}

// named reports whether the key that no typed block implies is given.
func (e *Expansion) named(fields []schema.Field, values map[string]tftypes.Value, here path.Path, choices []string) bool {
	key := general(fields)
	if key == nil || !absent(values[key.Name]) {
		return true
	}
	e.problem(here, "Nothing to do", fmt.Sprintf("Write one of the blocks %s, or %s.", strings.Join(choices, ", "), key.Name))
	return false
}

// noneBeside reports whether no general argument says what a typed block says.
func (e *Expansion) noneBeside(fields []schema.Field, values map[string]tftypes.Value, here path.Path, typed *schema.Field) bool {
	for i := range fields {
		f := &fields[i]
		if f.Implies != nil || absent(values[f.Name]) || (form{typed}).uses(f) {
			continue
		}
		e.problem(here.AtName(f.Name), "Said twice",
			fmt.Sprintf("%s and the block %s exclude each other: the block stands for type = %q.", f.Name, typed.Name, typed.Implies.Value))
		return false
	}
	return true
}

// general finds the argument for the key that typed blocks imply.
func general(fields []schema.Field) *schema.Field {
	for i := range fields {
		if fields[i].Implies != nil {
			return schema.Find(fields, fields[i].Implies.Key)
		}
	}
	return nil
}

// form is which of several ways to write an object its state uses: a typed block
// that implies a key, or the general arguments that hold the same keys.
type form struct {
	// typed is the block, nil for the general arguments.
	typed *schema.Field
}

// uses reports whether a field is part of the form.
func (c form) uses(f *schema.Field) bool {
	switch {
	case f.Implies != nil:
		return f == c.typed
	case c.typed == nil:
		return true
	}
	return !slices.Equal(f.At, c.typed.At) && !slices.Equal(f.At, []string{c.typed.Implies.Key})
}

// chooseForm keeps the form of the prior value as long as the object fits into
// it; where there is none it prefers the typed block.
func chooseForm(fields []schema.Field, prior map[string]tftypes.Value, object map[string]any) form {
	for i := range fields {
		f := &fields[i]
		if f.Implies == nil || object[f.Implies.Key] != f.Implies.Value {
			continue
		}
		general := schema.Find(fields, f.Implies.Key)
		if general != nil && !absent(prior[general.Name]) {
			return form{}
		}
		if fits(f, get(object, f.At)) {
			return form{typed: f}
		}
	}
	return form{}
}

// fits reports whether a typed block can hold all that the object has there.
func fits(block *schema.Field, live any) bool {
	members, ok := live.(map[string]any)
	if !ok {
		return live == nil
	}
	for key, value := range members {
		at := slices.IndexFunc(block.Fields, func(f schema.Field) bool { return slices.Equal(f.At, []string{key}) })
		if at < 0 || !readable(&block.Fields[at], value) {
			return false
		}
	}
	return true
}

func readable(f *schema.Field, live any) bool {
	spelling, ok := live.(string)
	if !ok {
		return false
	}
	switch f.Kind {
	case schema.Strings:
		return true
	case schema.StringMap:
		_, ok := splitPairs(f.Text.Separator, live)
		return ok
	default:
		_, err := read(f.Kind, spelling)
		return err == nil
	}
}

// equal reports whether two scalars mean the same.
func equal(f *schema.Field, a, b tftypes.Value) bool {
	if a.Equal(b) {
		return true
	}
	if f.Kind == schema.Int || f.Kind == schema.Float {
		x, errX := plain(schema.Float, a)
		y, errY := plain(schema.Float, b)
		return errX == nil && errY == nil && x == y
	}
	var x, y string
	if f.Kind != schema.String || a.As(&x) != nil || b.As(&y) != nil {
		return false
	}
	switch f.Format {
	case schema.Duration:
		dx, errX := duration(x)
		dy, errY := duration(y)
		return errX == nil && errY == nil && dx == dy
	case schema.Quantity:
		return sameQuantity(x, y)
	case schema.Plain, schema.ObjectName, schema.NamespaceName:
	}
	return f.Text != nil && strings.TrimSpace(x) == strings.TrimSpace(y)
}

// duration reads a Go duration or, as KEDA does, a number of milliseconds.
func duration(spelling string) (time.Duration, error) {
	if n, err := readInt(spelling); err == nil {
		return time.Duration(n) * time.Millisecond, nil
	}
	return time.ParseDuration(spelling)
}

func splitItems(separator, joined string) []string {
	var items []string
	for item := range strings.SplitSeq(joined, separator) {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func splitPairs(separator string, live any) (map[string]string, bool) {
	joined, ok := live.(string)
	pairs := map[string]string{}
	for _, item := range splitItems(separator, joined) {
		key, value, found := strings.Cut(item, "=")
		pairs[strings.TrimSpace(key)] = strings.TrimSpace(value)
		ok = ok && found
	}
	return pairs, ok
}
