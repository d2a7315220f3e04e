// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package param

import (
	"errors"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is the type of a parameter's value.
type Kind string

// The kinds of values, with the text that stands for them.
const (
	// KindString is any text.
	KindString Kind = "string"
	// KindStrings is a list, its items separated by commas or the Separator.
	KindStrings Kind = "list"
	// KindInt is a whole number.
	KindInt Kind = "integer"
	// KindFloat is a finite decimal number.
	KindFloat Kind = "number"
	// KindBool is true or false, in any spelling that strconv.ParseBool reads.
	KindBool Kind = "boolean"
	// KindDuration is a Go duration such as 1m30s, or a whole number of
	// milliseconds.
	KindDuration Kind = "duration"
	// KindMap is a list of key=value pairs.
	KindMap Kind = "map"
	// KindQuery is a URL query string, a=1&b=2.
	KindQuery Kind = "query"
)

// value converts between text and the bound field. parse leaves the field alone
// when it fails, and its errors continue the sentence "the value …" without
// repeating it. format writes what parse reads back.
type value interface {
	parse(text, separator string) error
	format(separator string) string
}

// String binds a text.
func (s *Set) String(dst *string, name, prose string) *Param {
	return s.add(KindString, name, prose, (*stringValue)(dst))
}

// Strings binds a list. Empty items are dropped.
func (s *Set) Strings(dst *[]string, name, prose string) *Param {
	return s.add(KindStrings, name, prose, (*stringsValue)(dst))
}

// Int binds a whole number.
func (s *Set) Int(dst *int64, name, prose string) *Param {
	return s.add(KindInt, name, prose, (*intValue)(dst))
}

// Float binds a finite decimal number.
func (s *Set) Float(dst *float64, name, prose string) *Param {
	return s.add(KindFloat, name, prose, (*floatValue)(dst))
}

// Bool binds a truth value.
func (s *Set) Bool(dst *bool, name, prose string) *Param {
	return s.add(KindBool, name, prose, (*boolValue)(dst))
}

// Duration binds a length of time, not negative: a Go duration, or milliseconds.
func (s *Set) Duration(dst *time.Duration, name, prose string) *Param {
	return s.add(KindDuration, name, prose, (*durationValue)(dst))
}

// Map binds key=value pairs; the last pair of a key wins.
func (s *Set) Map(dst *map[string]string, name, prose string) *Param {
	return s.add(KindMap, name, prose, (*mapValue)(dst))
}

// Query binds a URL query string.
func (s *Set) Query(dst *url.Values, name, prose string) *Param {
	return s.add(KindQuery, name, prose, (*queryValue)(dst))
}

type stringValue string

func (v *stringValue) parse(text, _ string) error { *v = stringValue(text); return nil }
func (v *stringValue) format(string) string       { return string(*v) }

type stringsValue []string

func (v *stringsValue) parse(text, separator string) error {
	items := split(text, separator)
	if len(items) == 0 {
		return errors.New("has no item; write at least one")
	}
	*v = items
	return nil
}

func (v *stringsValue) format(separator string) string { return strings.Join(*v, separator) }

type intValue int64

func (v *intValue) parse(text, _ string) error {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return errors.New("must be a whole number, for example 5")
	}
	*v = intValue(n)
	return nil
}

func (v *intValue) format(string) string { return strconv.FormatInt(int64(*v), 10) }

type floatValue float64

func (v *floatValue) parse(text, _ string) error {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || strings.ContainsAny(text, "xXpP_") {
		return errors.New("must be a number, for example 12.5")
	}
	*v = floatValue(f)
	return nil
}

func (v *floatValue) format(string) string { return strconv.FormatFloat(float64(*v), 'g', -1, 64) }

type boolValue bool

func (v *boolValue) parse(text, _ string) error {
	b, err := strconv.ParseBool(text)
	if err != nil {
		return errors.New("must be true or false")
	}
	*v = boolValue(b)
	return nil
}

func (v *boolValue) format(string) string { return strconv.FormatBool(bool(*v)) }

type durationValue time.Duration

// maxMilliseconds is the longest time that a time.Duration holds.
const maxMilliseconds = math.MaxInt64 / int64(time.Millisecond)

func (v *durationValue) parse(text, _ string) error {
	d, err := time.ParseDuration(text)
	if n, numberErr := strconv.ParseInt(text, 10, 64); numberErr == nil && n <= maxMilliseconds {
		d, err = time.Duration(n)*time.Millisecond, nil
	}
	if err != nil || d < 0 {
		return errors.New("must be a time that is not negative, for example 3s, or a whole number of milliseconds")
	}
	*v = durationValue(d)
	return nil
}

func (v *durationValue) format(string) string { return time.Duration(*v).String() }

type mapValue map[string]string

func (v *mapValue) parse(text, separator string) error {
	pairs := mapValue{}
	for _, item := range split(text, separator) {
		key, val, ok := strings.Cut(item, "=")
		key = strings.TrimSpace(key)
		if !ok || key == "" {
			return errors.New("must be a list of key=value pairs, for example a=1" + separator + "b=2")
		}
		pairs[key] = strings.TrimSpace(val)
	}
	if len(pairs) == 0 {
		return errors.New("has no pair; write at least one key=value")
	}
	*v = pairs
	return nil
}

func (v *mapValue) format(separator string) string {
	items := make([]string, 0, len(*v))
	for _, key := range slices.Sorted(maps.Keys(*v)) {
		items = append(items, key+"="+(*v)[key])
	}
	return strings.Join(items, separator)
}

type queryValue url.Values

func (v *queryValue) parse(text, _ string) error {
	q, err := url.ParseQuery(text)
	if err != nil || len(q) == 0 {
		return errors.New("must be a URL query, for example a=1&b=2, with other characters escaped")
	}
	*v = queryValue(q)
	return nil
}

func (v *queryValue) format(string) string { return url.Values(*v).Encode() }

// split cuts a list into trimmed items and drops the empty ones.
func split(text, separator string) []string {
	var items []string
	for item := range strings.SplitSeq(text, separator) {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
