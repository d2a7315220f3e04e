// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// Location is a place in a Kubernetes object: keys (string) and positions in
// lists (int), as in v1alpha1.Path.
type Location []any

// ParseLocation reads the notation of field errors, conflicts and conditions:
// spec.triggers[0].metadata.listName, .spec.minReplicaCount,
// metadata.annotations[example.com/a], .metadata.annotations.example.com/a.
func ParseLocation(text string) Location {
	var location Location
	for text != "" {
		switch text[0] {
		case '.':
			text = text[1:]
		case '[':
			key, rest, _ := strings.Cut(text[1:], "]")
			location, text = append(location, bracketed(key)), rest
		default:
			end := strings.IndexAny(text, ".[")
			if end < 0 || location.ofKeys() {
				end = len(text)
			}
			location, text = append(location, text[:end]), text[end:]
		}
	}
	return location
}

// ofKeys reports whether members of the location are labels or annotations, whose
// keys have dots of their own.
func (l Location) ofKeys() bool {
	n := len(l)
	return n >= 2 && l[n-2] == "metadata" && (l[n-1] == "labels" || l[n-1] == "annotations")
}

// bracketed reads what stands in brackets: a position, a key, or name="value" of
// an item.
func bracketed(text string) any {
	if index, err := strconv.Atoi(text); err == nil {
		return index
	}
	if strings.Contains(text, "=") {
		return text
	}
	return strings.Trim(text, `"'`)
}

// Under reports whether the location is other or lies below it.
func (l Location) Under(other Location) bool {
	return len(l) >= len(other) && slices.Equal(l[:len(other)], other)
}

func (l Location) to(segments ...any) Location {
	return append(slices.Clip(l), segments...)
}

// Keys are the segments as text.
func (l Location) Keys() []string {
	keys := make([]string, len(l))
	for i, segment := range l {
		keys[i] = fmt.Sprint(segment)
	}
	return keys
}

// along continues a location by keys.
func (l Location) along(keys []string) Location {
	for _, key := range keys {
		l = l.to(key)
	}
	return l
}

// Locate finds the argument that holds the value at a location: as deep as
// there are arguments for it, the empty path when there is none. Where several
// blocks could hold it, the one that the configuration uses is meant.
func Locate(fields []schema.Field, config tftypes.Value, at Location) path.Path {
	return locate(fields, config, at, path.Empty())
}

func locate(fields []schema.Field, config tftypes.Value, at Location, base path.Path) path.Path {
	values := attributes(config)
	field := holder(fields, values, at)
	if field == nil {
		return base
	}
	value, rest, here := values[field.Name], at[len(field.At):], base.AtName(field.Name)
	switch {
	case field.Kind == schema.Block:
		return locate(field.Fields, value, rest, here)
	case len(rest) == 0:
		return here
	case field.Kind == schema.Blocks, field.Kind == schema.Strings:
		return locateElement(field, value, rest, here)
	case field.Kind == schema.StringMap:
		return here.AtMapKey(fmt.Sprint(rest[0]))
	case field.Kind == schema.Dynamic:
		return inDynamic(here, rest)
	}
	return here
}

func locateElement(field *schema.Field, list tftypes.Value, rest Location, here path.Path) path.Path {
	index, ok := rest[0].(int)
	if !ok {
		return here
	}
	here = here.AtListIndex(index)
	items := elements(list)
	if field.Kind != schema.Blocks || index >= len(items) {
		return here
	}
	return locate(field.Fields, items[index], rest[1:], here)
}

// holder chooses the field for a location: one that is set before one that is
// not, then the one that reaches deeper.
func holder(fields []schema.Field, values map[string]tftypes.Value, at Location) *schema.Field {
	var best *schema.Field
	rank := -1
	for i := range fields {
		f := &fields[i]
		if len(f.At) == 0 || !at.Under(Location(nil).along(f.At)) {
			continue
		}
		score := 2 * len(f.At)
		if value, ok := values[f.Name]; ok && !absent(value) {
			score += 100
		}
		if f.Implies == nil {
			score++
		}
		if score > rank {
			best, rank = f, score
		}
	}
	return best
}

func inDynamic(here path.Path, rest Location) path.Path {
	for _, segment := range rest {
		switch s := segment.(type) {
		case int:
			here = here.AtListIndex(s)
		case string:
			here = here.AtName(s)
		}
	}
	return here
}
