// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package param_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// sample declares one parameter of every kind and every sort of rule.
type sample struct {
	Address, Hosts, Ports []string
	Name, Mode, Password  string
	Count                 int64
	Threshold             float64
	Quick                 bool
	Wait                  time.Duration
	Headers               map[string]string
	Extra                 url.Values
	Namespace             string
}

func (s *sample) Declare(p *param.Set) {
	p.Namespace(&s.Namespace)
	p.Strings(&s.Address, "address", "Servers.").Alias("addresses").From(param.Metadata, param.Auth, param.Env)
	p.Strings(&s.Hosts, "host", "Hosts.").Separator(";")
	p.Strings(&s.Ports, "port", "Ports.").Separator(";")
	p.String(&s.Name, "listName", "Name.").Required().Check(func(text string) error {
		if strings.Contains(text, " ") {
			return errors.New("must hold no space")
		}
		return nil
	})
	p.String(&s.Mode, "mode", "Mode.").Enum("slow", "fast").Default("slow")
	p.String(&s.Password, "password", "Password.").Secret().From(param.Auth, param.Env)
	p.Int(&s.Count, "listLength", "Target.").Default("5").Positive().Target()
	p.Float(&s.Threshold, "threshold", "Limit.").Min(-1).Max(10).Activation()
	p.Bool(&s.Quick, "quick", "Quick.").Deprecated("use \"mode\"")
	p.Duration(&s.Wait, "wait", "Wait.")
	p.Map(&s.Headers, "headers", "Headers.")
	p.Query(&s.Extra, "extra", "Extra.")
	p.String(new(string), "old", "Old.").Removed("use \"mode\"")
	p.OneOf("address", "host")
	p.Together("host", "port")
	p.Requires("headers", "password")
	p.Rule("Equal counts.", func() error {
		if len(s.Hosts) != len(s.Ports) {
			return errors.New("must have as many entries as \"port\"")
		}
		return nil
	}, "host", "port")
}

type m = map[string]string

// with adds what sample requires.
func with(metadata m) m {
	all := m{"listName": "jobs", "address": "redis:6379"}
	for k, v := range metadata {
		all[k] = v
	}
	return all
}

func TestDecodeFillsEveryKind(t *testing.T) {
	var got sample
	problems := param.Decode(got.Declare, param.Input{
		Namespace: "shop",
		Metadata: m{
			"addresses": " a:1 , b:2,", "listName": " jobs ", "mode": "fast", "listLength": "7", "threshold": "2.5",
			"wait": "1500", "headers": "X-A=1, X-B = 2=3", "extra": "a=1&b=2&a=3", "passwordFromEnv": "PASSWORD",
		},
		Env: m{"PASSWORD": "hunter2"},
	})
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	want := sample{
		Address: []string{"a:1", "b:2"}, Name: "jobs", Mode: "fast", Password: "hunter2", Count: 7, Threshold: 2.5,
		Wait: 1500 * time.Millisecond, Headers: m{"X-A": "1", "X-B": "2=3"},
		Extra: url.Values{"a": {"1", "3"}, "b": {"2"}}, Namespace: "shop",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestSourcesAreTriedInOrder(t *testing.T) {
	for name, test := range map[string]struct {
		in   param.Input
		want string
	}{
		"metadata first":           {param.Input{Metadata: m{"address": "meta", "addressFromEnv": "A"}, Auth: m{"address": "auth"}, Env: m{"A": "env"}}, "meta"},
		"then authentication":      {param.Input{Metadata: m{"addressFromEnv": "A"}, Auth: m{"address": "auth"}, Env: m{"A": "env"}}, "auth"},
		"then environment":         {param.Input{Metadata: m{"addressFromEnv": "A"}, Env: m{"A": "env"}}, "env"},
		"blank counts as absent":   {param.Input{Metadata: m{"address": "  "}, Auth: m{"address": "auth"}}, "auth"},
		"name before alias":        {param.Input{Metadata: m{"address": "name", "addresses": "alias"}}, "name"},
		"alias before next source": {param.Input{Metadata: m{"addresses": "alias"}, Auth: m{"address": "auth"}}, "alias"},
		"alias from environment":   {param.Input{Metadata: m{"addressesFromEnv": "A"}, Env: m{"A": "env"}}, "env"},
	} {
		t.Run(name, func(t *testing.T) {
			var got sample
			test.in.Metadata["listName"] = "jobs"
			if problems := param.Decode(got.Declare, test.in); len(problems) > 0 {
				t.Fatalf("problems: %v", problems)
			}
			if diff := cmp.Diff([]string{test.want}, got.Address); diff != "" {
				t.Errorf("address (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeReportsProblems(t *testing.T) {
	for name, test := range map[string]struct {
		in   param.Input
		want []string
	}{
		"nothing at all": {param.Input{}, []string{
			`Missing: parameter "listName" is missing; set it in metadata`,
			`Missing: parameter "address" is missing; give one of "address" or "host"`}},
		"wrong number": {param.Input{Metadata: with(m{"listLength": "many", "threshold": "NaN"})}, []string{
			`Invalid: parameter "listLength" with value "many" must be a whole number, for example 5`,
			`Invalid: parameter "threshold" with value "NaN" must be a number, for example 12.5`}},
		"limits": {param.Input{Metadata: with(m{"listLength": "0", "threshold": "11"})}, []string{
			`Invalid: parameter "listLength" with value "0" must be greater than 0`,
			`Invalid: parameter "threshold" with value "11" must be at most 10`}},
		"lower limit": {param.Input{Metadata: with(m{"threshold": "-2"})}, []string{
			`Invalid: parameter "threshold" with value "-2" must be at least -1`}},
		"enum": {param.Input{Metadata: with(m{"mode": "Fast"})}, []string{
			`Invalid: parameter "mode" with value "Fast" must be one of "slow" or "fast"`}},
		"check": {param.Input{Metadata: with(m{"listName": "a b"})}, []string{
			`Invalid: parameter "listName" with value "a b" must hold no space`}},
		"other kinds": {param.Input{Metadata: with(m{"wait": "-1s", "headers": "a", "extra": "%zz"}), Auth: m{"password": "x"}}, []string{
			`Invalid: parameter "wait" with value "-1s" must be a time that is not negative, for example 3s, or a whole number of milliseconds`,
			`Invalid: parameter "headers" must be a list of key=value pairs, for example a=1,b=2`,
			`Invalid: parameter "extra" must be a URL query, for example a=1&b=2, with other characters escaped`}},
		"deprecated and removed": {param.Input{Metadata: with(m{"quick": "true", "old": "1"})}, []string{
			`Deprecated: parameter "quick" is deprecated; use "mode"`,
			`Invalid: parameter "old" with value "1" no longer exists; use "mode"`}},
		"exclusive": {param.Input{Metadata: with(m{"host": "a", "port": "1"})}, []string{
			`Conflict: parameter "address" excludes "host"; give one of them only`}},
		"together": {param.Input{Metadata: m{"listName": "jobs", "host": "a"}}, []string{
			`Missing: parameter "port" is missing: "host" needs it; set it in metadata`,
			`Conflict: parameter "host" must have as many entries as "port"`}},
		"requires": {param.Input{Metadata: with(m{"headers": "a=1"})}, []string{
			`Missing: parameter "password" is missing: "headers" needs it; set it in a TriggerAuthentication or with "passwordFromEnv"`}},
		"unset variable": {param.Input{Metadata: m{"listName": "jobs", "addressFromEnv": "ADDR"}}, []string{
			`Missing: parameter "address" is missing: the workload's container does not set the environment variable "ADDR"; give one of "address" or "host"`}},
		"misspelt": {param.Input{Metadata: with(m{"listLenght": "1", "list_length": "1", "listlength": "1", "zzz": "1"})}, []string{
			`Unknown: parameter "listLenght" is not a parameter of this trigger; did you mean "listLength"?`,
			`Unknown: parameter "list_length" is not a parameter of this trigger; did you mean "listLength"?`,
			`Unknown: parameter "listlength" is not a parameter of this trigger; did you mean "listLength"?`,
			`Unknown: parameter "zzz" is not a parameter of this trigger; remove it`}},
		"wrong place": {param.Input{Metadata: with(m{"password": "hunter2", "modeFromEnv": "MODE"})}, []string{
			`Unknown: parameter "modeFromEnv" is ignored: "mode" cannot come from the environment; set it in metadata`,
			`Unknown: parameter "password" is not read from metadata; set it in a TriggerAuthentication or with "passwordFromEnv"`}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range param.Decode(new(sample).Declare, test.in) {
				got = append(got, string(p.Kind)+": "+p.Error())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPendingInputIsNotMissing(t *testing.T) {
	for name, in := range map[string]param.Input{
		"authentication":       {Metadata: m{"listName": "jobs", "headers": "a=1"}, AuthPending: true},
		"environment":          {Metadata: m{"listName": "jobs", "addressFromEnv": "A"}, EnvPending: true},
		"unknown value":        {Metadata: m{"listName": "jobs"}, Unknown: []string{"address"}},
		"unknown variable":     {Metadata: m{"listName": "jobs"}, Unknown: []string{"addressFromEnv"}},
		"unknown required":     {Metadata: m{"address": "a"}, Unknown: []string{"listName"}},
		"whole metadata":       {MetadataPending: true},
		"count not yet known":  {Metadata: m{"listName": "jobs", "host": "a;b"}, Unknown: []string{"port"}},
		"target of a formula":  {Metadata: with(m{"listLength": "0"}), TargetOptional: true},
		"maybe two of a group": {Metadata: m{"listName": "jobs", "host": "a", "port": "1"}, AuthPending: true},
	} {
		t.Run(name, func(t *testing.T) {
			if problems := param.Decode(new(sample).Declare, in); len(problems) > 0 {
				t.Errorf("problems: %v", problems)
			}
		})
	}
}

func TestPendingInputIsStillChecked(t *testing.T) {
	in := param.Input{Metadata: m{"address": "a", "listLength": "x"}, Unknown: []string{"listNam"}, AuthPending: true, EnvPending: true}
	var got []string
	for _, p := range param.Decode(new(sample).Declare, in) {
		got = append(got, string(p.Kind)+" "+p.Parameter)
	}
	want := []string{"Missing listName", "Invalid listLength", "Unknown listNam"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestProblemsShowNoSecret(t *testing.T) {
	const secret = "hunter2"
	var p struct {
		a, b, c, d int64
		e          map[string]string
		f          url.Values
	}
	declare := func(s *param.Set) {
		s.Int(&p.a, "secret", "").Secret()
		s.Int(&p.b, "fromAuth", "").From(param.Auth)
		s.Int(&p.c, "fromEnv", "").From(param.Env)
		s.Int(&p.d, "url", "")
		s.Int(&p.d, "comma", "")
		s.Int(&p.d, "space", "")
		s.Map(&p.e, "headers", "")
		s.Query(&p.f, "query", "")
	}
	problems := param.Decode(declare, param.Input{
		Metadata: m{"secret": secret, "headers": "X-Token: " + secret, "query": "token=" + secret + ";a=b",
			"fromEnvFromEnv": "V", "sercet": secret, "fromAuth": secret,
			"url":   "a,http://me:" + secret + "@host/x,http://me:" + secret + "@host",
			"comma": "http://me:a," + secret + "@host", "space": "http://me:my " + secret + "@host:b,http://me:@" + secret + " c@host"},
		Auth: m{"fromAuth": secret},
		Env:  m{"V": secret},
	})
	if len(problems) != 10 {
		t.Errorf("got %d problems, want 10: %v", len(problems), problems)
	}
	for _, problem := range problems {
		if strings.Contains(problem.Error(), secret) || strings.Contains(problem.Value, secret) {
			t.Errorf("the secret shows in %q", problem.Error())
		}
	}
}

func TestLongValuesAreShortened(t *testing.T) {
	problems := param.Decode(new(sample).Declare, param.Input{Metadata: with(m{"listLength": strings.Repeat("ä\n", 500)})})
	if len(problems) != 1 {
		t.Fatalf("problems: %v", problems)
	}
	if text := problems[0].Error(); len(text) > 400 || strings.Contains(text, "\n") {
		t.Errorf("not one short line: %q", text)
	}
}

func TestErrorsAndWarnings(t *testing.T) {
	problems := param.Decode(new(sample).Declare, param.Input{Metadata: with(m{"quick": "1", "jobName": "x", "wait": "soon"})})
	if got := len(param.Warnings(problems)); got != 2 {
		t.Errorf("%d warnings, want 2: %v", got, problems)
	}
	err := param.Errors(problems)
	if p, ok := errors.AsType[param.Problem](err); !ok || p.Parameter != "wait" {
		t.Errorf("Errors = %v, want the one about wait", err)
	}
	if err := param.Errors(param.Warnings(problems)); err != nil {
		t.Errorf("warnings count as errors: %v", err)
	}
}
