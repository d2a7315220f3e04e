// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package convert_test

import (
	"math/big"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// object makes a value of the test fields; what is left out is null.
func object(fields []schema.Field, members map[string]tftypes.Value) tftypes.Value {
	kind, values := wireType(fields), map[string]tftypes.Value{}
	for name, wire := range kind.AttributeTypes {
		values[name] = tftypes.NewValue(wire, nil)
		if f := schema.Find(fields, name); f.Kind == schema.Blocks {
			values[name] = tftypes.NewValue(wire, []tftypes.Value{})
		}
	}
	for name, value := range members {
		values[name] = value
	}
	return tftypes.NewValue(kind, values)
}

func str(s string) tftypes.Value     { return tftypes.NewValue(tftypes.String, s) }
func num(n float64) tftypes.Value    { return tftypes.NewValue(tftypes.Number, big.NewFloat(n)) }
func truth(b bool) tftypes.Value     { return tftypes.NewValue(tftypes.Bool, b) }
func item(name string) *schema.Field { return schema.Find(schema.Find(fields, "item").Fields, name) }

func strs(items ...string) tftypes.Value {
	var values []tftypes.Value
	for _, item := range items {
		values = append(values, str(item))
	}
	return tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, values)
}

func strMap(members map[string]string) tftypes.Value {
	values := map[string]tftypes.Value{}
	for key, member := range members {
		values[key] = str(member)
	}
	return tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, values)
}

// withItem is a configuration with one item.
func withItem(members map[string]tftypes.Value) tftypes.Value {
	list := schema.Find(fields, "item")
	one := object(list.Fields, members)
	return object(fields, map[string]tftypes.Value{"name": str("x"),
		"item": tftypes.NewValue(tftypes.List{ElementType: one.Type()}, []tftypes.Value{one})})
}

func redis(members map[string]tftypes.Value) tftypes.Value {
	return object(item("redis").Fields, members)
}

// live is the object of one item as a cluster holds it.
func live(spec map[string]any, items ...any) map[string]any {
	if len(items) > 0 {
		spec["items"] = items
	}
	return map[string]any{"metadata": map[string]any{"name": "x"}, "spec": spec}
}

func redisItem(metadata map[string]any) map[string]any {
	return map[string]any{"type": "redis", "metadata": metadata}
}

func TestFlatten(t *testing.T) {
	length := withItem(map[string]tftypes.Value{"redis": redis(map[string]tftypes.Value{"list_name": str("a"), "list_length": num(5)})})
	fallback := schema.Find(fields, "fallback").Fields
	tests := map[string]struct {
		prior tftypes.Value
		live  map[string]any
		want  tftypes.Value
	}{
		"another spelling of a number stays as configured": {
			length, live(map[string]any{}, redisItem(map[string]any{"listName": "a", "listLength": "05"})), length,
		},
		"a number that the cluster holds as 5.0 stays as configured": {
			length, live(map[string]any{}, redisItem(map[string]any{"listName": "a", "listLength": "5.0"})), length,
		},
		"another value is drift": {
			length, live(map[string]any{}, redisItem(map[string]any{"listName": "a", "listLength": "6"})),
			withItem(map[string]tftypes.Value{"redis": redis(map[string]tftypes.Value{"list_name": str("a"), "list_length": num(6)})}),
		},
		"a parameter that somebody added is drift": {
			length, live(map[string]any{}, redisItem(map[string]any{"listName": "a", "listLength": "5", "enableTLS": "True"})),
			withItem(map[string]tftypes.Value{"redis": redis(map[string]tftypes.Value{"list_name": str("a"), "list_length": num(5), "tls": truth(true)})}),
		},
		"a parameter that the block lacks shows the item as a map": {
			length, live(map[string]any{}, redisItem(map[string]any{"listName": "a", "other": "1"})),
			withItem(map[string]tftypes.Value{"type": str("redis"), "metadata": strMap(map[string]string{"listName": "a", "other": "1"})}),
		},
		"a number that is none shows the item as a map": {
			length, live(map[string]any{}, redisItem(map[string]any{"listLength": "many"})),
			withItem(map[string]tftypes.Value{"type": str("redis"), "metadata": strMap(map[string]string{"listLength": "many"})}),
		},
		"a map stays a map": {
			withItem(map[string]tftypes.Value{"type": str("redis"), "metadata": strMap(map[string]string{"listLength": "5"})}),
			live(map[string]any{}, redisItem(map[string]any{"listLength": "5"})),
			withItem(map[string]tftypes.Value{"type": str("redis"), "metadata": strMap(map[string]string{"listLength": "5"})}),
		},
		"another type is another block": {
			length, live(map[string]any{}, map[string]any{"type": "cron", "metadata": map[string]any{"timeout": "3s"}}),
			withItem(map[string]tftypes.Value{"cron": object(item("cron").Fields, map[string]tftypes.Value{"timeout": str("3s")})}),
		},
		"lists, truth and durations in any spelling stay as configured": {
			withItem(map[string]tftypes.Value{"redis": redis(map[string]tftypes.Value{"addresses": strs("a:1", "b:2"), "tls": truth(true), "timeout": str("90s")})}),
			live(map[string]any{}, redisItem(map[string]any{"address": "a:1, b:2", "enableTLS": "1", "timeout": "90000"})),
			withItem(map[string]tftypes.Value{"redis": redis(map[string]tftypes.Value{"addresses": strs("a:1", "b:2"), "tls": truth(true), "timeout": str("90s")})}),
		},
		"what was not configured is not drift": {
			object(fields, map[string]tftypes.Value{"name": str("x")}),
			live(map[string]any{"count": int64(3), "fallback": map[string]any{"replicas": int64(1)}, "template": map[string]any{"a": "b"}}),
			object(fields, map[string]tftypes.Value{"name": str("x")}),
		},
		"a default that Kubernetes writes is not drift": {
			object(fields, map[string]tftypes.Value{"fallback": object(fallback, map[string]tftypes.Value{"replicas": num(1)})}),
			live(map[string]any{"fallback": map[string]any{"replicas": int64(1), "behavior": "static"}}),
			object(fields, map[string]tftypes.Value{"name": null("name"), "fallback": object(fallback, map[string]tftypes.Value{"replicas": num(1)})}),
		},
		"false that a client leaves out stays false": {
			object(fields, map[string]tftypes.Value{"restore": truth(false), "count": num(0)}), live(map[string]any{"count": int64(0)}),
			object(fields, map[string]tftypes.Value{"restore": truth(false), "count": num(0)}),
		},
		"zero that is gone is drift": {
			object(fields, map[string]tftypes.Value{"count": num(0)}), live(map[string]any{}),
			object(fields, map[string]tftypes.Value{}),
		},
		"labels of others are not drift, a missing one of ours is": {
			object(fields, map[string]tftypes.Value{"labels": strMap(map[string]string{"a": "1", "b": "2"})}),
			map[string]any{"metadata": map[string]any{"labels": map[string]any{"a": "1", "other": "3"}}},
			object(fields, map[string]tftypes.Value{"labels": strMap(map[string]string{"a": "1"})}),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			// The name of the object is not what these are about.
			delete(test.live["metadata"].(map[string]any), "name")
			want := convert.With(test.want, map[string]tftypes.Value{"name": null("name")})
			got := convert.Flatten(fields, convert.With(test.prior, map[string]tftypes.Value{"name": null("name")}), test.live)
			if !got.Equal(want) {
				diffs, err := want.Diff(got)
				t.Fatalf("differs: %v %v", diffs, err)
			}
		})
	}
}

func null(name string) tftypes.Value {
	return tftypes.NewValue(wireType(fields).AttributeTypes[name], nil)
}

func TestFlattenTemplate(t *testing.T) {
	tuple := func(items ...tftypes.Value) tftypes.Value {
		kinds := make([]tftypes.Type, len(items))
		for i := range items {
			kinds[i] = items[i].Type()
		}
		return tftypes.NewValue(tftypes.Tuple{ElementTypes: kinds}, items)
	}
	dyn := func(members map[string]tftypes.Value) tftypes.Value {
		kinds := map[string]tftypes.Type{}
		for name, member := range members {
			kinds[name] = member.Type()
		}
		return tftypes.NewValue(tftypes.Object{AttributeTypes: kinds}, members)
	}
	requests := func(cpu tftypes.Value) tftypes.Value {
		return dyn(map[string]tftypes.Value{"requests": dyn(map[string]tftypes.Value{"cpu": cpu})})
	}
	tests := map[string]struct {
		prior tftypes.Value
		live  any
		same  bool
	}{
		"fields that others fill in":    {dyn(map[string]tftypes.Value{"image": str("a")}), map[string]any{"image": "a", "pullPolicy": "Always"}, true},
		"another image":                 {dyn(map[string]tftypes.Value{"image": str("a")}), map[string]any{"image": "b"}, false},
		"a quantity in another unit":    {requests(str("1000m")), map[string]any{"requests": map[string]any{"cpu": "1"}}, true},
		"a quantity as a number":        {requests(num(1)), map[string]any{"requests": map[string]any{"cpu": "1"}}, true},
		"another quantity":              {requests(str("1000m")), map[string]any{"requests": map[string]any{"cpu": "2"}}, false},
		"an argument like a quantity":   {dyn(map[string]tftypes.Value{"args": tuple(str("1000m"))}), map[string]any{"args": []any{"1"}}, false},
		"one more item":                 {dyn(map[string]tftypes.Value{"args": tuple(str("a"))}), map[string]any{"args": []any{"a", "b"}}, false},
		"an empty object left out":      {dyn(map[string]tftypes.Value{"image": str("a"), "resources": dyn(nil)}), map[string]any{"image": "a"}, true},
		"an item completed by defaults": {dyn(map[string]tftypes.Value{"ports": tuple(dyn(map[string]tftypes.Value{"port": num(1)}))}), map[string]any{"ports": []any{map[string]any{"port": int64(1), "protocol": "TCP"}}}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			prior := object(fields, map[string]tftypes.Value{"template": test.prior})
			got := convert.Attribute(convert.Flatten(fields, prior, live(map[string]any{"template": test.live})), "template")
			if got.Equal(test.prior) != test.same {
				t.Fatalf("got %s from %s, same should be %t", got, test.prior, test.same)
			}
		})
	}
}
