// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Misfit is a value that a Go type cannot hold.
type Misfit struct {
	// At is where it is, below the value that was checked.
	At Location
	// Message says what is wrong, Detail what to do.
	Summary, Detail string
}

// Strict compares JSON values with the Go type that they are to fill, and
// returns every key that the type does not have and every value of another
// type. It goes further than encoding/json, which stops at the first and does
// not say where it is.
func Strict(value any, into reflect.Type) []Misfit {
	var s strict
	s.value(value, into, nil)
	return s.misfits
}

type strict struct{ misfits []Misfit }

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

func (s *strict) value(value any, into reflect.Type, at Location) {
	for into.Kind() == reflect.Pointer {
		into = into.Elem()
	}
	if value == nil {
		return
	}
	if reflect.PointerTo(into).Implements(unmarshaler) {
		s.custom(value, into, at)
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		s.object(value, into, at)
	case reflect.Map:
		s.members(value, into, at)
	case reflect.Slice:
		s.items(value, into, at)
	default:
		s.scalar(value, into.Kind(), at)
	}
}

// custom asks a type that parses itself, such as a quantity. All of them stand in
// the schema of the cluster as a string or a whole number.
func (s *strict) custom(value any, into reflect.Type, at Location) {
	if _, fraction := value.(float64); fraction {
		s.misfit(at, "Wrong type", fmt.Sprintf("A string is expected here, not %s. Put it in quotes.", describe(value)))
		return
	}
	encoded, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(encoded, reflect.New(into).Interface())
	}
	if err != nil {
		s.misfit(at, "Wrong value", fmt.Sprintf("%s is not a valid %s: %v.", describe(value), into.Name(), err))
	}
}

func (s *strict) object(value any, into reflect.Type, at Location) {
	members, ok := value.(map[string]any)
	if !ok {
		s.misfit(at, "Wrong type", fmt.Sprintf("An object is expected here, not %s.", describe(value)))
		return
	}
	fields := jsonFields(into)
	for _, key := range slices.Sorted(maps.Keys(members)) {
		field, ok := fields[key]
		if !ok {
			names := slices.Sorted(maps.Keys(fields))
			detail := fmt.Sprintf("There is no %q here.%s", key, Suggest(key, names))
			if Suggest(key, names) == "" {
				detail += " Possible are " + Quoted(names) + "."
			}
			s.misfit(at.to(key), "Unknown field", detail)
			continue
		}
		s.value(members[key], field, at.to(key))
	}
}

func (s *strict) members(value any, into reflect.Type, at Location) {
	members, ok := value.(map[string]any)
	if !ok {
		s.misfit(at, "Wrong type", fmt.Sprintf("A map is expected here, not %s.", describe(value)))
		return
	}
	for _, key := range slices.Sorted(maps.Keys(members)) {
		s.value(members[key], into.Elem(), at.to(key))
	}
}

func (s *strict) items(value any, into reflect.Type, at Location) {
	if _, ok := value.(string); ok && into.Elem().Kind() == reflect.Uint8 {
		return
	}
	items, ok := value.([]any)
	if !ok {
		s.misfit(at, "Wrong type", fmt.Sprintf("A list is expected here, not %s.", describe(value)))
		return
	}
	for i, item := range items {
		s.value(item, into.Elem(), at.to(i))
	}
}

func (s *strict) scalar(value any, kind reflect.Kind, at Location) {
	switch kind {
	case reflect.String:
		if _, ok := value.(string); !ok {
			s.misfit(at, "Wrong type", fmt.Sprintf("A string is expected here, not %s. Put it in quotes.", describe(value)))
		}
	case reflect.Bool:
		if _, ok := value.(bool); !ok {
			s.misfit(at, "Wrong type", fmt.Sprintf("true or false is expected here, not %s.", describe(value)))
		}
	case reflect.Float32, reflect.Float64:
		if _, ok := number(value); !ok {
			s.misfit(at, "Wrong type", fmt.Sprintf("A number is expected here, not %s.", describe(value)))
		}
	case reflect.Int32, reflect.Int64, reflect.Int:
		if n, ok := value.(int64); !ok || (kind == reflect.Int32 && (n < math.MinInt32 || n > math.MaxInt32)) {
			s.misfit(at, "Wrong type", fmt.Sprintf("A whole number is expected here, not %s.", describe(value)))
		}
	default:
		// Kubernetes has no other scalars in its types.
	}
}

func (s *strict) misfit(at Location, summary, detail string) {
	s.misfits = append(s.misfits, Misfit{At: at, Summary: summary, Detail: detail})
}

// shownText is how much of a string an error shows.
const shownText = 40

// describe names a value without quoting much of it: it may be a whole manifest,
// with what is secret in it.
func describe(value any) string {
	switch v := value.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case string:
		if shown := []rune(v); len(shown) > shownText {
			return fmt.Sprintf("a string that begins with %q", string(shown[:shownText]))
		}
		return "the string " + strconv.Quote(v)
	case bool:
		return strconv.FormatBool(v)
	}
	return "the number " + text(value)
}

// jsonFields lists the types of a struct's fields by their JSON names, those of
// inlined structs included.
func jsonFields(object reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range object.NumField() {
		field := object.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case name == "" && (field.Anonymous || strings.Contains(options, "inline")):
			maps.Copy(fields, jsonFields(field.Type))
		case name != "":
			fields[name] = field.Type
		}
	}
	return fields
}
