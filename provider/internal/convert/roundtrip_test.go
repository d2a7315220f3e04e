// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package convert_test

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"pgregory.net/rapid"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// fields has every kind of field, and two ways to write an item.
var fields = []schema.Field{
	{Name: "name", At: []string{"metadata", "name"}, Required: true},
	{Name: "wait", Kind: schema.Bool},
	{Name: "labels", Kind: schema.StringMap, At: []string{"metadata", "labels"}},
	{Name: "paused", Kind: schema.Bool, Text: &schema.Text{}, At: []string{"metadata", "annotations", "example.com/paused"}},
	{Name: "count", Kind: schema.Int, At: []string{"spec", "count"}},
	{Name: "ratio", Kind: schema.Float, At: []string{"spec", "ratio"}, Text: &schema.Text{}},
	{Name: "restore", Kind: schema.Bool, At: []string{"spec", "advanced", "restore"}},
	{Name: "conditions", Kind: schema.Strings, At: []string{"spec", "conditions"}},
	{Name: "template", Kind: schema.Dynamic, At: []string{"spec", "template"}},
	{Name: "fallback", Kind: schema.Block, At: []string{"spec", "fallback"}, Fields: []schema.Field{
		{Name: "replicas", Kind: schema.Int, At: []string{"replicas"}},
		{Name: "behavior", At: []string{"behavior"}, Default: "static", Written: true},
	}},
	{Name: "item", Kind: schema.Blocks, At: []string{"spec", "items"}, Fields: []schema.Field{
		{Name: "type", At: []string{"type"}},
		{Name: "metadata", Kind: schema.StringMap, At: []string{"metadata"}},
		{Name: "cached", Kind: schema.Bool, At: []string{"cached"}},
		typed("redis"), typed("cron"),
	}},
}

func typed(name string) schema.Field {
	comma := &schema.Text{Separator: ","}
	return schema.Field{Name: name, Kind: schema.Block, At: []string{"metadata"}, Implies: &schema.Implied{Key: "type", Value: name}, Fields: []schema.Field{
		{Name: "list_name", At: []string{"listName"}, Text: comma},
		{Name: "list_length", Kind: schema.Int, At: []string{"listLength"}, Text: comma},
		{Name: "threshold", Kind: schema.Float, At: []string{"threshold"}, Text: comma},
		{Name: "tls", Kind: schema.Bool, At: []string{"enableTLS"}, Text: comma},
		{Name: "addresses", Kind: schema.Strings, At: []string{"address"}, Text: comma},
		{Name: "headers", Kind: schema.StringMap, At: []string{"headers"}, Text: comma},
		{Name: "timeout", At: []string{"timeout"}, Text: comma, Format: schema.Duration},
	}}
}

// wireType is the Terraform type of fields.
func wireType(fields []schema.Field) tftypes.Object {
	object := tftypes.Object{AttributeTypes: map[string]tftypes.Type{}}
	for _, f := range fields {
		var kind tftypes.Type
		switch f.Kind {
		case schema.String:
			kind = tftypes.String
		case schema.Int, schema.Float:
			kind = tftypes.Number
		case schema.Bool:
			kind = tftypes.Bool
		case schema.Strings:
			kind = tftypes.List{ElementType: tftypes.String}
		case schema.StringMap:
			kind = tftypes.Map{ElementType: tftypes.String}
		case schema.Dynamic:
			kind = tftypes.DynamicPseudoType
		case schema.Block:
			kind = wireType(f.Fields)
		case schema.Blocks:
			kind = tftypes.List{ElementType: wireType(f.Fields)}
		}
		object.AttributeTypes[f.Name] = kind
	}
	return object
}

// draw makes any value of the fields that a configuration can have.
func draw(t *rapid.T, fields []schema.Field) tftypes.Value {
	kind, values := wireType(fields), map[string]tftypes.Value{}
	form := rapid.SampledFrom([]string{"", "redis", "cron"}).Draw(t, "form")
	for _, f := range fields {
		wire := kind.AttributeTypes[f.Name]
		values[f.Name] = tftypes.NewValue(wire, nil)
		if f.Kind == schema.Blocks {
			values[f.Name] = tftypes.NewValue(wire, []tftypes.Value{})
		}
		switch {
		case f.Implies != nil:
			if f.Name == form {
				values[f.Name] = draw(t, f.Fields)
			}
		case schema.Find(fields, "redis") != nil && (f.Name == "type" || f.Name == "metadata"):
			if form == "" {
				values[f.Name] = drawField(t, f, wire)
			}
		case f.Required || rapid.Bool().Draw(t, f.Name+" is set"):
			values[f.Name] = drawField(t, f, wire)
		}
	}
	return tftypes.NewValue(kind, values)
}

// word is text without separators, as lists and maps in one string need it.
var word = rapid.StringMatching(`[a-zA-Z0-9:./_-]{1,8}`)

func drawField(t *rapid.T, f schema.Field, wire tftypes.Type) tftypes.Value {
	switch f.Kind {
	case schema.Int:
		return tftypes.NewValue(wire, new(big.Float).SetInt64(rapid.Int64().Draw(t, f.Name)))
	case schema.Float:
		return tftypes.NewValue(wire, big.NewFloat(rapid.Float64Range(-1e12, 1e12).Draw(t, f.Name)))
	case schema.Bool:
		return tftypes.NewValue(wire, rapid.Bool().Draw(t, f.Name))
	case schema.Strings:
		var items []tftypes.Value
		for _, item := range rapid.SliceOfN(word, 1, 3).Draw(t, f.Name) {
			items = append(items, tftypes.NewValue(tftypes.String, item))
		}
		return tftypes.NewValue(wire, items)
	case schema.StringMap:
		members := map[string]tftypes.Value{}
		for key, member := range rapid.MapOfN(word, word, 1, 3).Draw(t, f.Name) {
			members[key] = tftypes.NewValue(tftypes.String, member)
		}
		return tftypes.NewValue(wire, members)
	case schema.Dynamic:
		return drawDynamic(t, 3)
	case schema.Block:
		return draw(t, f.Fields)
	case schema.Blocks:
		items := make([]tftypes.Value, rapid.IntRange(1, 3).Draw(t, f.Name))
		for i := range items {
			items[i] = draw(t, f.Fields)
		}
		return tftypes.NewValue(wire, items)
	default:
		return tftypes.NewValue(wire, word.Draw(t, f.Name))
	}
}

func drawDynamic(t *rapid.T, depth int) tftypes.Value {
	if depth == 0 {
		return tftypes.NewValue(tftypes.String, word.Draw(t, "leaf"))
	}
	kinds, members := map[string]tftypes.Type{}, map[string]tftypes.Value{}
	for _, key := range rapid.SliceOfNDistinct(word, 1, 3, rapid.ID).Draw(t, "keys") {
		switch rapid.IntRange(0, 3).Draw(t, "shape") {
		case 0:
			members[key] = tftypes.NewValue(tftypes.Number, big.NewFloat(float64(rapid.Int32().Draw(t, "number"))))
		case 1:
			item := drawDynamic(t, depth-1)
			members[key] = tftypes.NewValue(tftypes.Tuple{ElementTypes: []tftypes.Type{item.Type()}}, []tftypes.Value{item})
		case 2:
			members[key] = tftypes.NewValue(tftypes.Bool, true)
		default:
			members[key] = drawDynamic(t, depth-1)
		}
		kinds[key] = members[key].Type()
	}
	return tftypes.NewValue(tftypes.Object{AttributeTypes: kinds}, members)
}

// roundTrip holds for every configuration: what comes back from a cluster that
// stored it is the configuration, and importing what it made makes it again.
func roundTrip(t *rapid.T) {
	config := draw(t, fields)
	expansion := convert.Expand(fields, config)
	if len(expansion.Problems) > 0 {
		t.Fatalf("problems: %v", expansion.Problems)
	}
	if len(expansion.Unknown) > 0 {
		t.Fatalf("unknown: %v", expansion.Unknown)
	}
	object := throughJSON(t, expansion.Object)
	if state := convert.Flatten(fields, config, object); !state.Equal(config) {
		diffs, err := config.Diff(state)
		t.Fatalf("flatten(expand(config)) differs: %v %v", diffs, err)
	}
	imported := convert.Import(fields, tftypes.NewValue(config.Type(), nil), object)
	again := throughJSON(t, convert.Expand(fields, imported).Object)
	dropDefaults(object)
	if diff := cmp.Diff(object, again); diff != "" {
		t.Fatalf("expand(import(object)) differs:\n%s", diff)
	}
}

// dropDefaults removes what an import leaves out on purpose.
func dropDefaults(object map[string]any) {
	spec, _ := object["spec"].(map[string]any)
	if fallback, ok := spec["fallback"].(map[string]any); ok && strings.EqualFold(toText(fallback["behavior"]), "static") {
		delete(fallback, "behavior")
	}
}

func toText(v any) string { s, _ := v.(string); return s }

// throughJSON does to an object what sending and storing it does.
func throughJSON(t *rapid.T, object map[string]any) map[string]any {
	encoded, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(encoded)))
	decoder.UseNumber()
	var decoded map[string]any
	if err := decoder.Decode(&decoded); err != nil {
		t.Fatal(err)
	}
	return numbers(decoded).(map[string]any)
}

// numbers gives numbers the types that an unstructured object has.
func numbers(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = numbers(v[key])
		}
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64()
		return f
	}
	return value
}

func TestRoundTrip(t *testing.T) { rapid.Check(t, roundTrip) }

func FuzzConvert(f *testing.F) { f.Fuzz(rapid.MakeFuzz(roundTrip)) }
