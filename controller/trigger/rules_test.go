// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// required holds what each type needs at least.
var required = map[string]m{
	"redis":               {"listName": "jobs", "address": "r:1"},
	"redis-sentinel":      {"listName": "jobs", "address": "r:1", "sentinelMaster": "main"},
	"aws-sqs-queue":       {"queueURL": "jobs", "awsRegion": "eu-west-3"},
	"prometheus":          {"serverAddress": "http://p", "query": "up", "threshold": "1"},
	"metrics-api":         {"url": "http://p", "valueLocation": "v", "targetValue": "1"},
	"cron":                {"timezone": "UTC", "start": "0 8 * * *", "end": "0 9 * * *", "desiredReplicas": "1"},
	"kubernetes-workload": {"podSelector": "a=b", "value": "1"},
}

func TestRules(t *testing.T) {
	for name, test := range map[string]struct {
		kind     string
		metadata m // on top of what is required; "" removes a key
		in       param.Input
		want     []string
	}{
		"hosts and ports": {"redis", m{"address": "", "hosts": "a,b", "ports": "1,2"}, param.Input{}, nil},
		"hosts without ports": {"redis", m{"address": "", "host": "a"}, param.Input{},
			[]string{"Missing port"}},
		"unequal counts":      {"redis", m{"address": "", "hosts": "a,b", "ports": "1"}, param.Input{}, []string{"Conflict host"}},
		"no address":          {"redis", m{"address": ""}, param.Input{}, []string{"Missing address"}},
		"address may come":    {"redis", m{"address": ""}, param.Input{AuthPending: true}, nil},
		"port may come":       {"redis", m{"address": "", "host": "a"}, param.Input{AuthPending: true}, nil},
		"address suffices":    {"redis", nil, param.Input{Auth: m{"host": "postgres.example"}}, nil},
		"ports without hosts": {"redis", m{"address": "", "port": "1"}, param.Input{}, []string{"Missing address", "Missing host"}},
		"address wins":        {"redis", m{"host": "a", "port": "1"}, param.Input{}, nil},
		"bad address":         {"redis", m{"address": "a:1,redis://b:2"}, param.Input{}, []string{"Invalid address"}},
		"bad port":            {"redis", m{"address": "", "host": "a", "port": "70000"}, param.Input{}, []string{"Invalid port"}},
		"TLS said twice":      {"redis", m{"enableTLS": "true"}, param.Input{Auth: m{"tls": "enable"}}, []string{"Conflict enableTLS"}},
		"TLS from auth":       {"redis", nil, param.Input{Auth: m{"tls": "enable", "cert": "c", "key": "k"}}, nil},
		"certificate, no key": {"redis", nil, param.Input{Auth: m{"Cert": "c"}}, []string{"Missing key"}},
		"key password, no key": {"redis", nil, param.Input{Auth: m{"keyPassword": "p"}},
			[]string{"Missing key"}},
		"negative database":   {"redis", m{"databaseIndex": "-1"}, param.Input{}, []string{"Invalid databaseIndex"}},
		"sentinel parameters": {"redis", m{"sentinelMaster": "main"}, param.Input{}, []string{"Unknown sentinelMaster"}},
		"no sentinel master":  {"redis-sentinel", m{"sentinelMaster": ""}, param.Input{}, []string{"Missing sentinelMaster"}},

		"same start and end": {"cron", m{"end": "0 8 * * *"}, param.Input{}, []string{"Conflict start"}},
		"bad time zone":      {"cron", m{"timezone": "Europe/Pariss"}, param.Input{}, []string{"Invalid timezone"}},
		"seconds field":      {"cron", m{"start": "0 0 8 * * *"}, param.Input{}, []string{"Invalid start"}},
		"descriptor":         {"cron", m{"start": "@daily"}, param.Input{}, []string{"Invalid start"}},
		"hidden time zone":   {"cron", m{"start": "TZ=UTC 0 8 * * *"}, param.Input{}, []string{"Invalid start"}},
		"never":              {"cron", m{"start": "0 0 30 2 *"}, param.Input{}, []string{"Invalid start"}},
		"leap day":           {"cron", m{"start": "0 0 29 2 *"}, param.Input{}, nil},
		"no replicas":        {"cron", m{"desiredReplicas": "0"}, param.Input{}, []string{"Invalid desiredReplicas"}},

		"queue URL of an emulator": {"aws-sqs-queue", m{"queueURL": "http://sqs:9324/000000000000/jobs", "awsEndpoint": "http://sqs:9324"}, param.Input{}, nil},
		"queue URL without name":   {"aws-sqs-queue", m{"queueURL": "https://sqs.eu-west-3.amazonaws.com/1234/"}, param.Input{}, []string{"Invalid queueURL"}},
		"queue URL, no scheme":     {"aws-sqs-queue", m{"queueURL": "sqs.eu-west-3.amazonaws.com/1234/jobs"}, param.Input{}, []string{"Invalid queueURL"}},
		"bad endpoint":             {"aws-sqs-queue", m{"awsEndpoint": "sqs:9324"}, param.Input{}, []string{"Invalid awsEndpoint"}},
		"identity owner":           {"aws-sqs-queue", m{"identityOwner": "me"}, param.Input{}, []string{"Invalid identityOwner"}},
		"key ID alone":             {"aws-sqs-queue", nil, param.Input{Auth: m{"awsAccessKeyId": "a"}}, nil}, // a pod identity may make it void
		"key from environment": {"aws-sqs-queue", m{"awsAccessKeyIDFromEnv": "A", "awsSecretAccessKeyFromEnv": "B"},
			param.Input{Env: m{"A": "a", "B": "b"}}, nil},
		"environment not known": {"aws-sqs-queue", m{"awsAccessKeyIDFromEnv": "A", "awsSecretAccessKeyFromEnv": "B"},
			param.Input{EnvPending: true}, nil},
		"secret in metadata": {"aws-sqs-queue", m{"awsAccessKeyID": "a", "awsSecretAccessKey": "s"}, param.Input{},
			[]string{"Unknown awsSecretAccessKey"}},

		"API key":              {"metrics-api", m{"authMode": "apiKey", "method": "query"}, param.Input{Auth: m{"apiKey": "k"}}, nil},
		"no API key":           {"metrics-api", m{"authModes": "apiKey"}, param.Input{}, []string{"Missing apiKey"}},
		"API key may come":     {"metrics-api", m{"authModes": "apiKey"}, param.Input{AuthPending: true}, nil},
		"modes may come":       {"metrics-api", nil, param.Input{AuthPending: true}, nil},
		"two identities":       {"metrics-api", m{"authModes": "basic, bearer"}, param.Input{Auth: m{"username": "u", "token": "t"}}, []string{"Invalid authModes"}},
		"basic over TLS":       {"metrics-api", m{"authModes": "basic,tls"}, param.Input{Auth: m{"username": "u", "cert": "c", "key": "k"}}, nil},
		"TLS without anything": {"metrics-api", m{"authModes": "tls"}, param.Input{}, []string{"Missing cert", "Missing key"}},
		"mode of another type": {"metrics-api", m{"authModes": "custom"}, param.Input{}, []string{"Invalid authModes"}},
		"no scheme":            {"metrics-api", m{"url": "queue:8080"}, param.Input{}, []string{"Invalid url"}},
		"target of zero":       {"metrics-api", m{"targetValue": "0"}, param.Input{}, []string{"Invalid targetValue"}},
		"only in a formula":    {"metrics-api", m{"targetValue": ""}, param.Input{TargetOptional: true}, nil},
		"a few modifiers":      {"metrics-api", m{"valueLocation": `[a,b]|0.@flatten:{"deep":true}|@values.#`}, param.Input{}, nil},
		"braces elsewhere":     {"metrics-api", m{"format": "prometheus", "valueLocation": `n{a="1",b="2",c="3",d="4",e="5",f="6",g="7",h="8",i="9"}`}, param.Input{}, nil},
		"custom header":        {"prometheus", m{"authModes": "custom"}, param.Input{Auth: m{"customAuthHeader": "X-A"}}, []string{"Missing customAuthValue"}},
		"bearer":               {"prometheus", m{"authModes": "bearer"}, param.Input{}, []string{"Missing bearerToken"}},

		"bad selector": {"kubernetes-workload", m{"podSelector": "app in web"}, param.Input{}, []string{"Invalid podSelector"}},
	} {
		t.Run(name, func(t *testing.T) {
			test.in.Metadata = m{}
			for _, source := range []m{required[test.kind], test.metadata} {
				for k, v := range source {
					test.in.Metadata[k] = v
				}
			}
			for k, v := range test.in.Metadata {
				if v == "" {
					delete(test.in.Metadata, k)
				}
			}
			var got []string
			for _, p := range trigger.Check(test.kind, "", test.in) {
				got = append(got, string(p.Kind)+" "+p.Parameter)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPathsThatTakeMinutesAreRefused: the library that follows them cannot be
// stopped, and all objects share the process.
//
// Differs: Triggers
// KEDA: A metrics-api trigger follows any valueLocation, one that keeps the operator busy for minutes or takes all its memory included.
// Here: A valueLocation has 500 characters at most; its regular expressions have a thousand states at most; in JSON it has eight modifiers and parts of multipaths at most, @dig once, and none of @group, @pretty and @tostr, and one that has any of these works on answers of up to 256 KiB.
// Why: One object of one tenant would stop the scaling of all.
// Old: not available
func TestPathsThatTakeMinutesAreRefused(t *testing.T) {
	for name, test := range map[string]struct{ path, want string }{
		"long":       {strings.Repeat("#.", 300), "longer than 500"},
		"copies":     {"[a,a,a,a]|[0,0,0,0]|[0,0,0,0]", "more than 8"},
		"dig in dig": {"@dig:@dig:a", "@dig"},
		"escapes":    {"@tostr|@tostr|@tostr", "@tostr"},
		"indent":     {`@pretty:{"indent":"    "}`, "@pretty"},
		"group":      {"@group.#", "@group"},
	} {
		problems := trigger.Check("metrics-api", "", param.Input{Metadata: m{"url": "http://p", "targetValue": "1", "valueLocation": test.path}})
		if len(problems) != 1 || problems[0].Parameter != "valueLocation" || !strings.Contains(problems[0].Error(), test.want) {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

func TestFingerprintsOfRedis(t *testing.T) {
	fingerprint := func(kind string, change m) string {
		metadata := m{}
		for _, source := range []m{required["redis-sentinel"], change} {
			for k, v := range source {
				metadata[k] = v
			}
		}
		decoded, problems := trigger.Decode(kind, param.Input{Metadata: metadata})
		if err := param.Errors(problems); err != nil {
			t.Fatal(err)
		}
		return decoded.Fingerprint
	}
	base := fingerprint("redis", nil)
	for name, same := range map[string]m{
		"target": {"listLength": "50"}, "activation": {"activationListLength": "3"},
		"default": {"databaseIndex": "0"}, "unread key": {"jobName": "x"}, "white space": {"listName": " jobs "},
	} {
		if fingerprint("redis", same) != base {
			t.Errorf("%s changes the query", name)
		}
	}
	for name, change := range map[string]m{
		"list": {"listName": "other"}, "database": {"databaseIndex": "1"}, "password": {"password": "x"}, "TLS": {"enableTLS": "true"},
	} {
		if fingerprint("redis", change) == base {
			t.Errorf("%s does not change the query", name)
		}
	}
	if fingerprint("redis-cluster", nil) == base {
		t.Error("the type does not change the query")
	}
}
