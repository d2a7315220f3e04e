// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package convert_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

func TestExpandWritesCanonicalText(t *testing.T) {
	config := withItem(map[string]tftypes.Value{"redis": redis(map[string]tftypes.Value{
		"list_length": num(1e15), "threshold": num(0.1), "tls": truth(true), "addresses": strs("a:1", "b:2"),
		"headers": strMap(map[string]string{"b": "2", "a": "1"}),
	})})
	want := map[string]any{"listLength": "1000000000000000", "threshold": "0.1", "enableTLS": "true", "address": "a:1,b:2", "headers": "a=1,b=2"}
	items := convert.Expand(fields, config).Object["spec"].(map[string]any)["items"].([]any)
	if diff := cmp.Diff(redisItem(want), items[0]); diff != "" {
		t.Fatal(diff)
	}
}

func TestExpandLeavesTheUnknownOpen(t *testing.T) {
	unknown := func(kind tftypes.Type) tftypes.Value { return tftypes.NewValue(kind, tftypes.UnknownValue) }
	tests := map[string]struct {
		config tftypes.Value
		want   string
	}{
		"a number":            {object(fields, map[string]tftypes.Value{"name": str("x"), "count": unknown(tftypes.Number)}), "spec.count"},
		"all items":           {object(fields, map[string]tftypes.Value{"name": str("x"), "item": unknown(wireType(fields).AttributeTypes["item"])}), "spec.items"},
		"a parameter":         {withItem(map[string]tftypes.Value{"redis": redis(map[string]tftypes.Value{"list_name": unknown(tftypes.String)})}), "spec.items.0.metadata.listName"},
		"a typed block":       {withItem(map[string]tftypes.Value{"redis": unknown(wireType(item("redis").Fields))}), "spec.items.0"},
		"an address of a few": {withItem(map[string]tftypes.Value{"redis": redis(map[string]tftypes.Value{"addresses": tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, []tftypes.Value{unknown(tftypes.String)})})}), "spec.items.0.metadata.address"},
		"a member of a map": {withItem(map[string]tftypes.Value{"type": str("redis"), "metadata": tftypes.NewValue(tftypes.Map{ElementType: tftypes.String},
			map[string]tftypes.Value{"listName": unknown(tftypes.String)})}), "spec.items.0.metadata.listName"},
		"within a template": {object(fields, map[string]tftypes.Value{"name": str("x"), "template": tftypes.NewValue(tftypes.Object{AttributeTypes: map[string]tftypes.Type{"image": tftypes.String}},
			map[string]tftypes.Value{"image": unknown(tftypes.String)})}), "spec.template.image"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := convert.Expand(fields, test.config)
			if len(e.Unknown) != 1 || join(e.Unknown[0]) != test.want || len(e.Problems) > 0 {
				t.Fatalf("unknown %v, problems %v, want %s", e.Unknown, e.Problems, test.want)
			}
		})
	}
}

// join writes a location with dots.
func join(location convert.Location) string {
	parts := make([]string, len(location))
	for i, segment := range location {
		parts[i] = fmt.Sprint(segment)
	}
	return strings.Join(parts, ".")
}

func TestExpandReportsProblems(t *testing.T) {
	limited := []schema.Field{
		{Name: "count", Kind: schema.Int, At: []string{"count"}, Min: schema.Bound(1), Max: schema.Bound(9)},
		{Name: "mode", At: []string{"mode"}, Enum: []string{"static", "dynamic"}},
	}
	tests := map[string]struct {
		fields []schema.Field
		config tftypes.Value
		want   string
	}{
		"too small":         {limited, object(limited, map[string]tftypes.Value{"count": num(0)}), "count|Number too small"},
		"too large":         {limited, object(limited, map[string]tftypes.Value{"count": num(10)}), "count|Number too large"},
		"not whole":         {limited, object(limited, map[string]tftypes.Value{"count": num(1.5)}), "count|Wrong value"},
		"not in the enum":   {limited, object(limited, map[string]tftypes.Value{"mode": str("statc")}), `mode|Unknown value|"statc" is not one of "static", "dynamic". Did you mean "static"?`},
		"missing":           {fields, object(fields, nil), "name|Missing name"},
		"two typed blocks":  {fields, withItem(map[string]tftypes.Value{"redis": redis(nil), "cron": object(item("cron").Fields, nil)}), "item[0].cron|Two blocks"},
		"typed and general": {fields, withItem(map[string]tftypes.Value{"redis": redis(nil), "type": str("redis")}), "item[0].type|Said twice"},
		"neither":           {fields, withItem(nil), "item[0]|Nothing to do|Write one of the blocks redis, cron, or type."},
		"a separator":       {fields, withItem(map[string]tftypes.Value{"redis": redis(map[string]tftypes.Value{"addresses": strs("a,b")})}), "item[0].redis.addresses[0]|Separator in item"},
		"null in a map": {fields, object(fields, map[string]tftypes.Value{"name": str("x"), "labels": tftypes.NewValue(tftypes.Map{ElementType: tftypes.String},
			map[string]tftypes.Value{"a": tftypes.NewValue(tftypes.String, nil)})}), `labels["a"]|Missing value`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			problems := convert.Expand(test.fields, test.config).Problems
			if len(problems) != 1 {
				t.Fatalf("want one problem, got %v", problems)
			}
			got := problems[0].Path.String() + "|" + problems[0].Summary + "|" + problems[0].Detail
			if !strings.HasPrefix(got, test.want) {
				t.Fatalf("got %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestLocate(t *testing.T) {
	asBlock := withItem(map[string]tftypes.Value{"redis": redis(map[string]tftypes.Value{"list_length": num(5)})})
	asMap := withItem(map[string]tftypes.Value{"type": str("redis"), "metadata": strMap(map[string]string{"listLength": "5"})})
	tests := []struct {
		config   tftypes.Value
		at, want string
	}{
		{asBlock, "spec.items[0].metadata.listLength", "item[0].redis.list_length"},
		{asBlock, "spec.items[0].metadata.unheardOf", "item[0].redis"},
		{asMap, "spec.items[0].metadata.listLength", `item[0].metadata["listLength"]`},
		{asMap, "spec.items[0].metadata[a.b/c]", `item[0].metadata["a.b/c"]`},
		{asMap, "spec.items", "item"},
		{asMap, "spec.items[0].type", "item[0].type"},
		{asMap, ".spec.count", "count"},
		{asMap, "metadata.annotations[example.com/paused]", "paused"},
		{asMap, ".metadata.annotations.example.com/paused", "paused"},
		{asMap, ".metadata.labels.app.kubernetes.io/name", `labels["app.kubernetes.io/name"]`},
		{asMap, `.spec.template.spec.containers[name="main"].image`, `template.spec.containers.name="main".image`},
		{asMap, "spec.fallback.replicas", "fallback.replicas"},
		{asMap, "spec.template.spec.containers[0].image", "template.spec.containers[0].image"},
		{asMap, "spec.conditions[1]", "conditions[1]"},
		{asMap, "spec.nowhere", ""},
	}
	for _, test := range tests {
		if got := convert.Locate(fields, test.config, convert.ParseLocation(test.at)).String(); got != test.want {
			t.Errorf("%s is at %q, want %q", test.at, got, test.want)
		}
	}
}

func TestStrict(t *testing.T) {
	pod := func(container map[string]any) map[string]any {
		return map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{container}}}}
	}
	tests := map[string]struct {
		job  map[string]any
		want string
	}{
		"fits": {pod(map[string]any{"name": "a", "image": "b", "ports": []any{map[string]any{"containerPort": int64(80)}},
			"resources": map[string]any{"limits": map[string]any{"cpu": int64(1), "memory": "64Mi"}}, "livenessProbe": map[string]any{"httpGet": map[string]any{"port": "http"}}}), ""},
		"misspelt":                 {pod(map[string]any{"imagee": "b"}), `template.spec.containers.0.imagee: Unknown field: There is no "imagee" here. Did you mean "image"?`},
		"nothing near":             {map[string]any{"zzzzzzzzz": int64(1)}, `zzzzzzzzz: Unknown field: There is no "zzzzzzzzz" here. Possible are "activeDeadlineSeconds"`},
		"a number for text":        {pod(map[string]any{"env": []any{map[string]any{"name": "A", "value": int64(5)}}}), "template.spec.containers.0.env.0.value: Wrong type: A string is expected here, not the number 5. Put it in quotes."},
		"text for a number":        {map[string]any{"backoffLimit": "4"}, `backoffLimit: Wrong type: A whole number is expected here, not the string "4".`},
		"a list for a map":         {map[string]any{"template": []any{}}, "template: Wrong type: An object is expected here, not a list."},
		"a bad quantity":           {pod(map[string]any{"resources": map[string]any{"limits": map[string]any{"cpu": "much"}}}), "template.spec.containers.0.resources.limits.cpu: Wrong value"},
		"a fraction as a quantity": {pod(map[string]any{"resources": map[string]any{"requests": map[string]any{"cpu": 0.5}}}), "template.spec.containers.0.resources.requests.cpu: Wrong type: A string is expected here, not the number 0.5. Put it in quotes."},
		"a manifest as text":       {map[string]any{"template": "spec:\n  containers:\n  - name: main\n    env: [{name: PASSWORD, value: hunter2}]\n"}, `template: Wrong type: An object is expected here, not a string that begins with "spec:\n  containers:\n  - name: main\n    e".`},
		"too large":                {map[string]any{"parallelism": int64(1 << 40)}, "parallelism: Wrong type: A whole number is expected"},
		"text for truth":           {map[string]any{"suspend": "yes"}, `suspend: Wrong type: true or false is expected here, not the string "yes".`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, m := range convert.Strict(test.job, reflect.TypeFor[batchv1.JobSpec]()) {
				got = append(got, join(m.At)+": "+m.Summary+": "+m.Detail)
			}
			if text := strings.Join(got, "\n"); !strings.HasPrefix(text, test.want) || (test.want == "" && text != "") {
				t.Fatalf("got  %s\nwant %s", text, test.want)
			}
		})
	}
}
