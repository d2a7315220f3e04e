// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// FuzzDecode feeds lines of key=value as metadata, authentication and environment
// to a trigger type. Whatever they are, nothing panics, problems are single lines,
// and what decodes without an error comes back the same after encoding.
func FuzzDecode(f *testing.F) {
	for _, d := range trigger.All() {
		f.Add(d.Type, lines(d.Example.Metadata), lines(exampleInput(d).Auth), "A=b", byte(0))
	}
	f.Add("cron", "timezone=UTC\nstart=CRON_TZ=\nend=TZ=x 0 0 * * *\ndesiredReplicas=1", "", "", byte(0))
	f.Add("prometheus", "serverAddress=http://[::1\nthreshold=1e999\nauthModes=basic,,bearer", "authMode=x", "", byte(5))
	f.Add("redis", "addressesFromEnv=A\nhost=,\nport=;", "tls=disable", "A=:,:", byte(2))
	f.Fuzz(func(t *testing.T, kind, metadata, auth, env string, pending byte) {
		in := param.Input{
			Metadata: parseLines(metadata), Auth: parseLines(auth), Env: parseLines(env), Namespace: "default",
			MetadataPending: pending&1 != 0, AuthPending: pending&2 != 0, EnvPending: pending&4 != 0, TargetOptional: pending&8 != 0,
		}
		decoded, problems := trigger.Decode(kind, in)
		for _, p := range problems {
			if p.Error() == "" || strings.Contains(p.Error(), "\n") {
				t.Errorf("not one line: %q", p.Error())
			}
		}
		if decoded.Trigger == nil {
			return
		}
		trigger.CheckMetricType(decoded, "AverageValue")
		exercise(decoded.Trigger)
		if param.Errors(problems) == nil && pending == 0 {
			comesBack(t, decoded)
		}
	})
}

// exercise calls everything that may be called on a trigger, with bad parameters
// too.
func exercise(t trigger.Trigger) {
	switch t := t.(type) {
	case trigger.External:
		for i, m := range t.Metrics() {
			trigger.MetricName(i, m.Name)
		}
	case trigger.Resource:
		t.Resource()
	}
	switch t := t.(type) {
	case *trigger.Cron:
		t.Desired(time.Unix(1.8e9, 0))
		t.NextChange(time.Unix(1.8e9, 0))
	case *trigger.RedisList:
		t.Servers()
	case *trigger.MetricsAPI:
		t.KeyName()
	}
}

func comesBack(t rapid.TB, decoded trigger.Decoded) {
	t.Helper()
	in := param.Input{Metadata: map[string]string{}, Auth: map[string]string{}, Namespace: "default"}
	values := param.Encode(decoded.Trigger.Declare)
	for _, p := range param.Describe(decoded.Trigger.Declare).Params {
		text, ok := values[p.Name]
		switch {
		case !ok:
		case p.ReadableFrom(param.Metadata):
			in.Metadata[p.Name] = text
		default:
			in.Auth[p.Name] = text
		}
	}
	again, problems := trigger.Decode(decoded.Type, in)
	if len(problems) > 0 {
		t.Fatalf("encoded as %q: %v", values, problems)
	}
	if !reflect.DeepEqual(decoded, again) {
		t.Fatalf("%+v\nencoded as %q comes back as\n%+v", decoded, values, again)
	}
}

func lines(values map[string]string) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		all = append(all, key+"="+values[key])
	}
	return strings.Join(all, "\n")
}

func parseLines(text string) map[string]string {
	values := map[string]string{}
	for line := range strings.SplitSeq(text, "\n") {
		key, value, _ := strings.Cut(line, "=")
		values[key] = value
	}
	return values
}

// TestDrawnTriggersDecode makes inputs from the declarations themselves: known
// parameters with plausible and with odd values. It reaches deeper than bytes do.
// Values of the authentication must not show in problems.
func TestDrawnTriggersDecode(t *testing.T) {
	odd := []string{"", " ", "0", "-1", "x", ",", "a=b", "1e400", "true", "http://u:p@h", "a:1", "0 8 * * *", "UTC", "\x00", "é", "basic,tls"}
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom(trigger.All()).Draw(t, "type")
		in := exampleInput(d)
		in.Metadata = maps.Clone(in.Metadata)
		for _, p := range param.Describe(d.New().Declare).Params {
			if rapid.IntRange(0, 3).Draw(t, "vary "+p.Name) > 0 {
				continue
			}
			text := rapid.SampledFrom(append(plausible(p), odd...)).Draw(t, p.Name)
			if p.ReadableFrom(param.Metadata) {
				in.Metadata[p.Name] = text
			} else {
				in.Auth[p.Name] = text
			}
		}
		decoded, problems := trigger.Decode(d.Type, in)
		exercise(decoded.Trigger)
		for _, p := range problems {
			if strings.Contains(p.Error(), "secret of") {
				t.Fatalf("a secret shows in %q", p.Error())
			}
		}
		if param.Errors(problems) == nil {
			accepted++
			comesBack(t, decoded)
		}
	})
	if accepted == 0 {
		t.Error("no drawn input was accepted; the property was never tested")
	}
}

// plausible lists values that a parameter may well accept, the allowed ones
// several times so that they are drawn often.
func plausible(p param.Description) []string {
	values := slices.Repeat(append([]string{"1"}, p.Enum...), 4)
	switch p.Kind {
	case param.KindBool:
		return append(values, "true", "false", "T")
	case param.KindInt, param.KindFloat:
		return append(values, "7", "1e3", "9223372036854775807", "0.5")
	case param.KindDuration:
		return append(values, "1500", "1m30s", "0")
	case param.KindMap:
		return append(values, "a=1,b=2", "a=b=c", " a = 1 ,")
	default:
		return append(values, "word", "a, b ,c", "h:1,[::1]:2")
	}
}
