// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package install

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// mergeKeys are the lists into which others may put items of their own, as
// server-side apply has it, and what tells their items apart. All other lists
// are compared whole.
var mergeKeys = map[string]string{
	"containers": "name", "env": "name", "volumes": "name", "volumeMounts": "mountPath",
	"imagePullSecrets": "name", "webhooks": "name", "ports": "name",
}

// Differences lists the fields of the wanted object that are otherwise in the
// live one. Fields that only the live object has are nobody's business: the API
// server fills in defaults, and other controllers write fields of their own.
func Differences(want, live *unstructured.Unstructured) []string {
	var d differ
	d.object("", want.Object, live.Object)
	return d.paths
}

type differ struct{ paths []string }

func (d *differ) add(path string) {
	d.paths = append(d.paths, strings.TrimPrefix(path, "."))
}

func (d *differ) object(path string, want, live map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		d.value(path+"."+quoteKey(key), key, want[key], live[key])
	}
}

func (d *differ) value(path, key string, want, live any) {
	switch w := want.(type) {
	case map[string]any:
		l, ok := live.(map[string]any)
		if !ok && len(w) > 0 {
			d.add(path)
			return
		}
		d.object(path, w, l)
	case []any:
		l, ok := live.([]any)
		switch {
		case !ok && len(w) > 0:
			d.add(path)
		case mergeKeys[key] != "":
			d.keyed(path, mergeKeys[key], w, l)
		default:
			d.list(path, w, l)
		}
	case nil:
	default:
		if !sameScalar(want, live) {
			d.add(path)
		}
	}
}

func (d *differ) list(path string, want, live []any) {
	if len(want) != len(live) {
		d.add(path)
		return
	}
	for i := range want {
		d.value(fmt.Sprintf("%s[%d]", path, i), "", want[i], live[i])
	}
}

// keyed compares the wanted items with the live ones of the same key.
func (d *differ) keyed(path, key string, want, live []any) {
	for _, item := range want {
		w, _ := item.(map[string]any)
		place := fmt.Sprintf("%s[%v]", path, w[key])
		at := slices.IndexFunc(live, func(other any) bool {
			l, _ := other.(map[string]any)
			return l[key] == w[key]
		})
		if at < 0 {
			d.add(place)
			continue
		}
		d.value(place, "", item, live[at])
	}
}

// sameScalar compares values of JSON, whose numbers come in several Go types.
func sameScalar(want, live any) bool {
	if want == live {
		return true
	}
	w, isNumber := asFloat(want)
	l, alsoNumber := asFloat(live)
	if isNumber && alsoNumber {
		return w == l
	}
	// The API server leaves out what is zero.
	return live == nil && (want == "" || want == false || isNumber && w == 0)
}

func asFloat(value any) (float64, bool) {
	switch n := value.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

// quoteKey brackets keys that have dots, such as labels.
func quoteKey(key string) string {
	if strings.ContainsAny(key, "./") {
		return "[" + key + "]"
	}
	return key
}
