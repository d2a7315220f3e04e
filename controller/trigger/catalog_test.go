// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

type m = map[string]string

func TestCatalogueIsSortedAndComplete(t *testing.T) {
	all := trigger.All()
	if !slices.IsSortedFunc(all, func(a, b trigger.Definition) int { return strings.Compare(a.Type, b.Type) }) {
		t.Error("All is not sorted by type")
	}
	for _, d := range all {
		if d.Title == "" || d.Prose == "" || len(d.Example.Metadata) == 0 {
			t.Errorf("%s lacks a title, prose or an example", d.Type)
		}
		_, external := d.New().(trigger.External)
		_, resource := d.New().(trigger.Resource)
		if external == resource {
			t.Errorf("%s must be either External or Resource", d.Type)
		}
		for _, p := range param.Describe(d.New().Declare).Params {
			if !strings.HasSuffix(p.Prose, ".") {
				t.Errorf("%s: the prose of %s is no sentence: %q", d.Type, p.Name, p.Prose)
			}
		}
	}
}

// Every external trigger has one target at most, and a target that a trigger in
// a formula may leave out.
func TestTargets(t *testing.T) {
	for _, d := range trigger.All() {
		targets := 0
		for _, p := range param.Describe(d.New().Declare).Params {
			if p.Target {
				targets++
				if !p.Positive {
					t.Errorf("%s: the HPA refuses a target %s that is not positive", d.Type, p.Name)
				}
			}
		}
		if _, external := d.New().(trigger.External); external && d.Type != "cron" && targets != 1 {
			t.Errorf("%s has %d targets, want 1", d.Type, targets)
		}
	}
}

func TestExamplesAreValid(t *testing.T) {
	for _, d := range trigger.All() {
		if problems := trigger.Check(d.Type, d.Example.MetricType, exampleInput(d)); len(problems) > 0 {
			t.Errorf("%s: %v", d.Type, problems)
		}
	}
}

// exampleInput is the input of a definition's example.
func exampleInput(d trigger.Definition) param.Input {
	in := param.Input{Metadata: d.Example.Metadata, Auth: m{}, Namespace: "default"}
	for _, name := range d.Example.Auth {
		in.Auth[name] = "secret of " + name
	}
	return in
}

// The defaults that a declaration states must be values that it accepts.
func TestDefaultsAreValid(t *testing.T) {
	for _, d := range trigger.All() {
		in := exampleInput(d)
		in.Metadata = m{}
		for k, v := range d.Example.Metadata {
			in.Metadata[k] = v
		}
		for _, p := range param.Describe(d.New().Declare).Params {
			if p.Default != "" && p.ReadableFrom(param.Metadata) && in.Metadata[p.Name] == "" {
				in.Metadata[p.Name] = p.Default
			}
		}
		withDefaults, problems := trigger.Decode(d.Type, in)
		if len(problems) > 0 {
			t.Errorf("%s: %v", d.Type, problems)
		}
		without, _ := trigger.Decode(d.Type, exampleInput(d))
		if !reflect.DeepEqual(withDefaults, without) {
			t.Errorf("%s: a default that is written out changes the trigger", d.Type)
		}
	}
}

func TestMetrics(t *testing.T) {
	for _, test := range []struct {
		kind     string
		metadata m
		name     string
		want     trigger.Metric
	}{
		{"redis", m{"listName": "a:b", "address": "r:1"}, "s2-redis-a-b",
			trigger.Metric{Name: "redis-a:b", Target: 5, Integer: true}},
		{"redis", m{"listName": "jobs", "address": "r:1", "listLength": "7", "activationListLength": "3"}, "s2-redis-jobs",
			trigger.Metric{Name: "redis-jobs", Target: 7, Integer: true, Activation: 3}},
		{"aws-sqs-queue", m{"queueURL": "https://sqs.eu-west-3.amazonaws.com/1234/jobs.fifo", "awsRegion": "eu-west-3"}, "s2-aws-sqs-jobs-fifo",
			trigger.Metric{Name: "aws-sqs-jobs.fifo", Target: 5, Integer: true}},
		{"aws-sqs-queue", m{"queueURL": "jobs", "awsRegion": "eu-west-3", "activationQueueLength": "9"}, "s2-aws-sqs-jobs",
			trigger.Metric{Name: "aws-sqs-jobs", Target: 5, Integer: true, Activation: 9}},
		{"prometheus", m{"serverAddress": "http://p", "query": "up", "threshold": "0.5", "activationThreshold": "0.1"}, "s2-prometheus",
			trigger.Metric{Name: "prometheus", Target: 0.5, Activation: 0.1}},
		{"metrics-api", m{"url": "http://p", "valueLocation": "a.b(c)%", "targetValue": "12.5"}, "s2-metric-api-a-b-c--",
			trigger.Metric{Name: "metric-api-a.b(c)%", Target: 12.5}},
		{"cron", m{"timezone": "Europe/Paris", "start": "0 8-9/2 * * 1,2", "end": "0 18 ? * *", "desiredReplicas": "3"},
			"s2-cron-Europe-Paris-08-9Sl2xx1Cm2-018?xx",
			trigger.Metric{Name: "cron-Europe/Paris-08-9Sl2xx1Cm2-018Qmxx", Target: 1, Integer: true}},
		{"kubernetes-workload", m{"podSelector": "app=a", "value": "4"}, "s2-workload-shop",
			trigger.Metric{Name: "workload-shop", Target: 4}},
	} {
		decoded, problems := trigger.Decode(test.kind, param.Input{Metadata: test.metadata, Namespace: "shop"})
		if len(problems) > 0 {
			t.Errorf("%s: %v", test.kind, problems)
			continue
		}
		metrics := decoded.Trigger.(trigger.External).Metrics()
		if diff := cmp.Diff([]trigger.Metric{test.want}, metrics); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.kind, diff)
		}
		want := strings.ReplaceAll(test.name, "?", "Qm")
		if got := trigger.MetricName(2, metrics[0].Name); got != want {
			t.Errorf("%s: MetricName = %q, want %q", test.kind, got, want)
		}
	}
}

func TestResourceMetrics(t *testing.T) {
	for kind, want := range map[string]trigger.ResourceMetric{
		"cpu":    {Name: "cpu", Value: "60"},
		"memory": {Name: "memory", Value: "60", Container: "worker"},
	} {
		decoded, problems := trigger.Decode(kind, param.Input{Metadata: m{"value": want.Value, "containerName": want.Container}})
		if len(problems) > 0 {
			t.Errorf("%s: %v", kind, problems)
		}
		if got := decoded.Trigger.(trigger.Resource).Resource(); got != want {
			t.Errorf("%s: %+v, want %+v", kind, got, want)
		}
	}
}

func TestCheckMetricType(t *testing.T) {
	cpu := func(value string) m { return m{"value": value} }
	redis := m{"address": "r:1", "listName": "jobs"}
	for _, test := range []struct {
		kind, metricType string
		metadata         m
		want             string
	}{
		{"cpu", "Utilization", cpu("60"), ""},
		{"cpu", "AverageValue", cpu("500m"), ""},
		{"cpu", "", cpu("60"), `parameter "metricType" must be Utilization or AverageValue in a cpu trigger`},
		{"cpu", "Value", cpu("60"), `parameter "metricType" with value "Value" must be Utilization or AverageValue in a cpu trigger`},
		{"cpu", "Utilization", cpu("60.5"), `parameter "value" with value "60.5" must be a whole percentage above 0 with metric type Utilization, for example 60`},
		{"cpu", "Utilization", cpu("0"), `parameter "value" with value "0" must be a whole percentage above 0 with metric type Utilization, for example 60`},
		{"memory", "AverageValue", cpu("lots"), `parameter "value" with value "lots" must be a quantity with metric type AverageValue, for example 500m of cpu or 256Mi of memory`},
		{"memory", "AverageValue", m{}, `parameter "value" is missing; set it in metadata`},
		{"memory", "AverageValue", m{"value": "1Gi", "type": "AverageValue"}, `parameter "type" with value "AverageValue" no longer exists; set metricType on the trigger instead`},
		{"redis", "", redis, ""},
		{"redis", "Value", redis, ""},
		{"redis", "Utilization", redis, `parameter "metricType" with value "Utilization" must be AverageValue or Value in a redis trigger`},
	} {
		got := ""
		for _, p := range trigger.Check(test.kind, test.metricType, param.Input{Metadata: test.metadata}) {
			got += p.Error()
		}
		if got != test.want {
			t.Errorf("%s %s %v:\n got %q\nwant %q", test.kind, test.metricType, test.metadata, got, test.want)
		}
	}
}

func TestTypesThatAreNotBuiltIn(t *testing.T) {
	for kind, want := range map[string]string{
		"kafka":         `parameter "type" with value "kafka" is a trigger type of KEDA that this release does not have built in; use a type that it has, or run KEDA for this object`,
		"kafak":         `parameter "type" with value "kafak" is no trigger type; did you mean "kafka"?`,
		"Redis":         `parameter "type" with value "Redis" is no trigger type; did you mean "redis"?`,
		"aws_sqs_queue": `parameter "type" with value "aws_sqs_queue" is no trigger type; did you mean "aws-sqs-queue"?`,
		"":              `parameter "type" is no trigger type`,
	} {
		decoded, problems := trigger.Decode(kind, param.Input{})
		if decoded.Trigger != nil || len(problems) != 1 || problems[0].Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", kind, problems, want)
		}
	}
	if !trigger.Known("kafka") || !trigger.Known("redis") || trigger.Known("kafak") {
		t.Error("Known does not tell types from typing mistakes")
	}
}

func ExampleDecode() {
	decoded, problems := trigger.Decode("redis", param.Input{
		Metadata: map[string]string{"address": "redis.default.svc:6379", "listName": "csvs-to-process", "jobName": "csv"},
	})
	redis := decoded.Trigger.(*trigger.RedisList)
	fmt.Println(redis.Servers(), redis.ListName, redis.ListLength)
	fmt.Println(trigger.MetricName(0, redis.Metrics()[0].Name))
	for _, p := range param.Warnings(problems) {
		fmt.Println("warning:", p)
	}
	// Output:
	// [redis.default.svc:6379] csvs-to-process 5
	// s0-redis-csvs-to-process
	// warning: parameter "jobName" is not a parameter of this trigger; remove it
}

func ExampleCheck() {
	problems := trigger.Check("redis", "", param.Input{
		Metadata:    map[string]string{"addresses": "redis:6379", "listLenght": "10"},
		Unknown:     []string{"listName"},
		AuthPending: true,
	})
	for _, p := range problems {
		fmt.Println(p)
	}
	// Output: parameter "listLenght" is not a parameter of this trigger; did you mean "listLength"?
}
