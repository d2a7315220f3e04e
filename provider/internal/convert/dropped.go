// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Drop is a value that a configuration has no longer.
type Drop struct {
	// At is where it stood, Live where it stands in the object of the cluster:
	// positions in lists may differ.
	At, Live Location
	// Item is what tells the value from others if it is an item of a list, such
	// as {"name":"LIST"}.
	Item string
}

// Holds reports whether an object has every member of another one; a list has
// them only if both are equal.
func Holds(object, other any) bool {
	switch wanted := other.(type) {
	case map[string]any:
		members, _ := object.(map[string]any)
		for key, member := range wanted {
			if mine, ok := members[key]; !ok || !Holds(mine, member) {
				return false
			}
		}
	case []any:
		return reflect.DeepEqual(object, other)
	}
	return true
}

// Dropped finds what was configured before, is not after, and is set by another
// field manager in the live object too. owned is what that manager owns, as
// Kubernetes notes it: f: before the key of a member, k: before the keys that tell
// an item of a list from others.
func Dropped(owned map[string]any, before, after, live any) []Drop {
	return dropped(owned, before, after, live, Drop{})
}

func dropped(owned map[string]any, before, after, live any, here Drop) []Drop {
	var drops []Drop
	for _, key := range slices.Sorted(maps.Keys(owned)) {
		below, _ := owned[key].(map[string]any)
		from, was := follow(before, key)
		to, is := follow(after, key)
		at, stands := follow(live, key)
		if from == nil || at == nil {
			continue
		}
		there := Drop{At: here.At.to(from), Live: here.Live.to(at)}
		if to != nil || there.At.ofKeys() {
			drops = append(drops, dropped(below, was, is, stands, there)...)
			continue
		}
		if item, ok := strings.CutPrefix(key, "k:"); ok {
			there.Item = item
		}
		drops = append(drops, there)
	}
	return drops
}

// follow finds what a key of managed fields means in a value: the segment of its
// location, nil when it is not there, and what stands there.
func follow(value any, key string) (segment, found any) {
	if name, ok := strings.CutPrefix(key, "f:"); ok {
		members, _ := value.(map[string]any)
		if found, ok := members[name]; ok {
			return name, found
		}
	}
	var keys map[string]any
	if name, ok := strings.CutPrefix(key, "k:"); !ok || json.Unmarshal([]byte(name), &keys) != nil {
		return nil, nil
	}
	items, _ := value.([]any)
	for i, item := range items {
		if has(item, keys) {
			return i, item
		}
	}
	return nil, nil
}

// has reports whether an item of a list is the one of some keys. What the item
// does not say is what Kubernetes has filled in, such as the protocol of a port.
func has(item any, keys map[string]any) bool {
	members, _ := item.(map[string]any)
	said := false
	for key, value := range keys {
		mine, ok := members[key]
		if ok && fmt.Sprint(mine) != fmt.Sprint(value) {
			return false
		}
		said = said || ok
	}
	return said
}

// Without returns the parts of an object that change when the values at some
// locations are taken out, as a merge patch: lists are given whole.
func Without(object map[string]any, places []Location) map[string]any {
	patch := map[string]any{}
	for _, place := range places {
		value := any(nil)
		end := slices.IndexFunc(place, func(segment any) bool { _, ok := segment.(int); return ok })
		if end >= 0 {
			value = without(get(object, place[:end].Keys()), place[:end], places)
		} else {
			end = len(place)
		}
		put(patch, place[:end].Keys(), value)
	}
	return patch
}

// without copies the value at a location, but for what is taken out of it.
func without(value any, at Location, places []Location) any {
	out := func(here Location) bool {
		return slices.ContainsFunc(places, func(p Location) bool { return slices.Equal(p, here) })
	}
	switch v := value.(type) {
	case map[string]any:
		members := map[string]any{}
		for key, member := range v {
			if here := at.to(key); !out(here) {
				members[key] = without(member, here, places)
			}
		}
		return members
	case []any:
		items := []any{}
		for i, item := range v {
			if here := at.to(i); !out(here) {
				items = append(items, without(item, here, places))
			}
		}
		return items
	}
	return value
}
