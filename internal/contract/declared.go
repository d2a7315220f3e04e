// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
)

// opaque are fields whose inner fields belong to Kubernetes, or say nothing alone.
var opaque = []string{"jobTargetRef", "behavior", "conditions", "lastDecision", "scaleTargetGVKR", "health", "triggersActivity", "valueFrom"}

// shared are kinds whose spec is another kind's.
var shared = map[string]string{
	"ClusterTriggerAuthentication": "TriggerAuthentication",
	"ClusterCloudEventSource":      "CloudEventSource",
}

// fields lists the fields of all custom resources.
func fields() ([]Item, error) {
	crds, err := manifests.CRDs()
	if err != nil {
		return nil, err
	}
	var items []Item
	for _, crd := range crds {
		kind, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "kind")
		versions, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
		for _, v := range versions {
			version, _ := v.(map[string]any)
			root, _, err := unstructured.NestedMap(version, "schema", "openAPIV3Schema", "properties")
			if err != nil {
				return nil, fmt.Errorf("schema of %s: %w", kind, err)
			}
			for _, part := range []string{"spec", "status"} {
				schema, _ := root[part].(map[string]any)
				items = append(items, leaves(kind+"."+part, schema)...)
			}
		}
	}
	return items, nil
}

// leaves lists the fields below path that have no fields of their own.
func leaves(path string, schema map[string]any) []Item {
	if inner, ok := schema["items"].(map[string]any); ok {
		schema = inner
	}
	properties, _ := schema["properties"].(map[string]any)
	if len(properties) == 0 || isOpaque(path) {
		return []Item{{"field", canonical(strings.TrimSuffix(path, ".valueFrom"))}}
	}
	var items []Item
	for name, property := range properties {
		inner, _ := property.(map[string]any)
		items = append(items, leaves(path+"."+name, inner)...)
	}
	return items
}

func isOpaque(path string) bool {
	name := path[strings.LastIndexByte(path, '.')+1:]
	return slices.Contains(opaque, name) || name == "podIdentity" && canonical(path) != ownIdentity
}

// ownIdentity is the one pod identity whose fields stand for themselves; secret
// stores have one of the same type.
const ownIdentity = "TriggerAuthentication.spec.podIdentity"

// canonical maps the fields of a shared spec to the kind that stands for both.
func canonical(path string) string {
	kind, rest, _ := strings.Cut(path, ".")
	if other, ok := shared[kind]; ok {
		return other + "." + rest
	}
	return path
}

// constants lists the items that the API's constants declare.
func constants(root string) ([]Item, error) {
	dir := filepath.Join(root, "controller", "api", "v1alpha1")
	var items []Item
	for file, prefixes := range map[string]map[string]string{
		"annotations.go": {"Annotation": "annotation", "Label": "label", "Finalizer": "finalizer"},
		"events.go":      {"Event": "event"},
	} {
		found, err := constantsOf(filepath.Join(dir, file), prefixes)
		if err != nil {
			return nil, err
		}
		items = append(items, found...)
	}
	return items, nil
}

// constantsOf lists the string constants of a file whose names begin with one of
// the prefixes, as items of the sort that belongs to the prefix.
func constantsOf(file string, prefixes map[string]string) ([]Item, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("constants: %w", err)
	}
	var items []Item
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		value, err := strconv.Unquote(literal.Value)
		if err != nil {
			return true
		}
		for prefix, sort := range prefixes {
			if strings.HasPrefix(spec.Names[0].Name, prefix) {
				items = append(items, Item{sort, value})
			}
		}
		return true
	})
	return items, nil
}

// promises lists every item once, sorted by name within its sort.
func promises(root string) ([]Item, error) {
	items, err := fields()
	if err != nil {
		return nil, err
	}
	declared, err := constants(root)
	if err != nil {
		return nil, err
	}
	items = slices.Concat(items, declared, listed())
	slices.SortFunc(items, func(a, b Item) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(items), nil
}
