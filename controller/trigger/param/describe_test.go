// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package param_test

import (
	"fmt"
	"math"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

func TestDescribe(t *testing.T) {
	d := param.Describe(new(sample).Declare)
	want := param.Description{
		Name: "address", Aliases: []string{"addresses"}, Prose: "Servers.", Kind: param.KindStrings,
		Sources: []param.Source{param.Metadata, param.Auth, param.Env}, Separator: ",",
	}
	if diff := cmp.Diff(want, d.Params[0]); diff != "" {
		t.Errorf("address (-want +got):\n%s", diff)
	}
	keys := []string{"address", "addresses", "addressFromEnv", "addressesFromEnv"}
	if diff := cmp.Diff(keys, d.Params[0].MetadataKeys()); diff != "" {
		t.Errorf("keys of address (-want +got):\n%s", diff)
	}
	rules := []string{
		"Exactly one of `address` and `host` must be given.",
		"`host` and `port` belong together.",
		"`headers` needs `password`.",
		"Equal counts.",
	}
	if diff := cmp.Diff(rules, d.Rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}

func TestMistakesInDeclarationsPanic(t *testing.T) {
	var text string
	for name, declare := range map[string]func(*param.Set){
		"name twice":  func(s *param.Set) { s.String(&text, "a", ""); s.String(&text, "a", "") },
		"alias twice": func(s *param.Set) { s.String(&text, "a", ""); s.String(&text, "b", "").Alias("a") },
		"rule":        func(s *param.Set) { s.OneOf("a", "b") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			param.Describe(declare)
		})
	}
}

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{
		"url": "url", "listLength": "list_length", "queueURL": "queue_url", "enableTLS": "enable_tls",
		"unsafeSsl": "unsafe_ssl", "awsAccessKeyID": "aws_access_key_id", "awsRoleArn": "aws_role_arn",
		"queueURLRegex": "queue_url_regex", "oauthTokenURI": "oauth_token_uri", "Cert": "cert",
	} {
		if got := param.Snake(name); got != want {
			t.Errorf("Snake(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	candidates := []string{"address", "listLength", "listName", "url", "key", "ca"}
	for name, want := range map[string]string{
		"adress": "address", "addresss": "address", "adrdess": "address", "ListLength": "listLength",
		"list-name": "listName", "list_nam": "listName", "jobName": "", "uri": "url", "kye": "key", "KEY": "key",
		"": "", "x": "", "cb": "", "completelyDifferent": "",
	} {
		if got := param.Nearest(name, candidates); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

// drawSample draws values that Decode accepts, so that what Encode writes must
// come back.
func drawSample(t *rapid.T) sample {
	word := rapid.StringMatching(`[a-z0-9:._-]{1,12}`)
	s := sample{
		Name:      word.Draw(t, "name"),
		Mode:      rapid.SampledFrom([]string{"slow", "fast"}).Draw(t, "mode"),
		Password:  rapid.StringMatching(`([!-~].{0,10}[!-~])?`).Draw(t, "password"),
		Count:     rapid.Int64Range(1, math.MaxInt64).Draw(t, "count"),
		Threshold: rapid.Float64Range(-1, 10).Draw(t, "threshold"),
		Wait:      time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "wait")),
		Extra:     url.Values{},
	}
	s.Headers = rapid.MapOfN(word, rapid.StringMatching(`[a-z=:]{0,6}`), 0, 4).Draw(t, "headers")
	if len(s.Headers) > 0 && s.Password == "" {
		s.Password = "x"
	}
	for key, values := range rapid.MapOf(word, rapid.SliceOfN(rapid.String(), 1, 3)).Draw(t, "extra") {
		s.Extra[key] = values
	}
	if rapid.Bool().Draw(t, "addresses") {
		s.Address = rapid.SliceOfN(word, 1, 4).Draw(t, "address")
		return s
	}
	n := rapid.IntRange(1, 4).Draw(t, "n")
	s.Hosts = rapid.SliceOfN(word, n, n).Draw(t, "hosts")
	s.Ports = rapid.SliceOfN(word, n, n).Draw(t, "ports")
	return s
}

func TestDecodeReadsWhatEncodeWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawSample(t)
		encoded := param.Encode(want.Declare)
		in := param.Input{Metadata: encoded, Auth: m{"password": encoded["password"]}}
		delete(in.Metadata, "password")
		var got sample
		if problems := param.Decode(got.Declare, in); len(problems) > 0 {
			t.Fatalf("problems: %v", problems)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("decode(encode(x)) (-want +got):\n%s", diff)
		}
		if a, b := param.Fingerprint("t", want.Declare), param.Fingerprint("t", got.Declare); a != b {
			t.Fatalf("fingerprints %s and %s of equal values differ", a, b)
		}
	})
}

func TestFingerprint(t *testing.T) {
	base := func() *sample { return &sample{Name: "jobs", Address: []string{"a"}, Password: "x"} }
	fingerprint := func(s *sample) string { return param.Fingerprint("redis", s.Declare) }
	same, other := base(), map[string]*sample{}
	same.Count, same.Threshold = 99, 3
	if fingerprint(base()) != fingerprint(same) {
		t.Error("target or activation value changes the fingerprint")
	}
	for name, change := range map[string]func(*sample){
		"name":      func(s *sample) { s.Name = "jobs2" },
		"secret":    func(s *sample) { s.Password = "y" },
		"list":      func(s *sample) { s.Address = []string{"a", "b"} },
		"namespace": func(s *sample) { s.Namespace = "shop" },
		"shifted":   func(s *sample) { s.Name, s.Mode = "job", "s" },
	} {
		s := base()
		change(s)
		other[name] = s
	}
	seen := map[string]string{fingerprint(base()): "base"}
	for name, s := range other {
		f := fingerprint(s)
		if was, ok := seen[f]; ok {
			t.Errorf("%s and %s have one fingerprint", name, was)
		}
		seen[f] = name
	}
	if fingerprint(base()) == param.Fingerprint("redis-cluster", base().Declare) {
		t.Error("the type does not change the fingerprint")
	}
}

func FuzzNearest(f *testing.F) {
	f.Add("listLenght", "listLength")
	f.Add("ä_Ö", "")
	f.Fuzz(func(t *testing.T, a, b string) {
		if got := param.Nearest(a, []string{b}); got != "" && got != b {
			t.Errorf("Nearest(%q) = %q, which is no candidate", a, got)
		}
		if param.Nearest(a, []string{a}) != a {
			t.Errorf("%q is not nearest to itself", a)
		}
	})
}

func ExampleDecode() {
	var queue struct {
		Name   string
		Length int64
	}
	declare := func(p *param.Set) {
		p.String(&queue.Name, "queueName", "Queue to measure.").Required()
		p.Int(&queue.Length, "queueLength", "Messages per replica.").Default("5").Target()
	}
	problems := param.Decode(declare, param.Input{Metadata: map[string]string{"queueName": "jobs", "queueLenght": "7"}})
	fmt.Println(queue.Name, queue.Length)
	for _, p := range problems {
		fmt.Println(p.Kind, "-", p)
	}
	// Output:
	// jobs 5
	// Unknown - parameter "queueLenght" is not a parameter of this trigger; did you mean "queueLength"?
}

func ExampleDescribe() {
	var length int64
	d := param.Describe(func(p *param.Set) {
		p.Int(&length, "queueLength", "Messages per replica.").Default("5").Target()
	})
	for _, p := range d.Params {
		fmt.Println(p.Name, p.Kind, p.Default, p.Target, p.Prose)
	}
	// Output: queueLength integer 5 true Messages per replica.
}
