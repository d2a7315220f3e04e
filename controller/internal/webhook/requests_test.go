// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"strings"
	"testing"
)

func limitRange(limits string) string {
	return "{apiVersion: v1, kind: LimitRange, metadata: {name: defaults}, spec: {limits: [" + limits + "]}}"
}

// TestUtilizationNeedsRequests: without requests the HPA would have no number to
// compare with, and never scale.
//
// Differs: Admission
// KEDA: A cpu or memory trigger is refused with missing-requests whatever its metric type, also AverageValue, for which the HPA needs no requests; pod-level requests and a LimitRange's defaultRequest do not count.
// Here: Utilization alone is refused. Requests of the pod, limits, and both defaults of a LimitRange count.
// Why: What works is not refused.
// Old: not available
func TestUtilizationNeedsRequests(t *testing.T) {
	const both = "{name: main, resources: {requests: {cpu: 100m, memory: 1Mi}}}, {name: proxy}"
	memory := strings.Replace(cpu, "cpu", "memory", 1)
	only := func(container string) string {
		return strings.Replace(cpu, "value: '50'", "value: '50', containerName: "+container, 1)
	}
	const refused = `denied: spec.triggers[0].metricType ("Utilization") compares with what containers request of `
	for name, test := range map[string]struct {
		containers, more, triggers, want string
	}{
		"all request it":           {"{name: main, resources: {requests: {cpu: 1}}}", "", cpu, "allowed"},
		"a limit counts":           {"{name: main, resources: {limits: {cpu: 1}}}", "", cpu, "allowed"},
		"zero does not":            {"{name: main, resources: {requests: {cpu: 0}}}", "", cpu, refused + "cpu, and main of Deployment default/web request none"},
		"another resource":         {"{name: main, resources: {requests: {memory: 1Mi}}}", "", cpu, refused + "cpu, and main of"},
		"one does not":             {both, "", cpu, refused + "cpu, and proxy of Deployment default/web request none; set resources.requests.cpu there"},
		"memory":                   {both, "", memory, refused + "memory, and proxy of"},
		"the named one does":       {both, "", only("main"), "allowed"},
		"the named one does not":   {both, "", only("proxy"), refused + "cpu, and proxy of"},
		"the named one is missing": {both, "", only("app"), `warning: spec.triggers[0].metadata.containerName ("app") is no container of Deployment default/web, so nothing is measured; it has main, proxy`},
		"a default":                {both, limitRange("{type: Container, default: {cpu: 1}}"), cpu, "allowed"},
		"a default request":        {both, limitRange("{type: Container, defaultRequest: {cpu: 1}}"), cpu, "allowed"},
		"a default of pods":        {both, limitRange("{type: Pod, default: {cpu: 1}}"), cpu, refused},
		"a default of another":     {both, limitRange("{type: Container, default: {memory: 1Mi}}"), cpu, refused},
		"a default of zero":        {both, limitRange("{type: Container, default: {cpu: 0}}"), cpu, refused},
		"a value":                  {both, "", strings.NewReplacer("Utilization", "AverageValue", "'50'", "100m").Replace(cpu), "allowed"},
		"a queue":                  {both, "", queue, "allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			objects := []string{deployment(test.containers)}
			if test.more != "" {
				objects = append(objects, test.more)
			}
			got := said(newCluster(t, objects...).review("", object("a", "minReplicaCount: 1, "+test.triggers), false))
			if !strings.Contains(got, test.want) || test.want == "allowed" && got != "allowed" {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
	pod := strings.Replace(deployment("{name: main}"), "{containers", "{resources: {requests: {cpu: 1}}, containers", 1)
	if got := said(newCluster(t, pod).review("", object("a", "minReplicaCount: 1, "+cpu), false)); got != "allowed" {
		t.Errorf("requests of the pod: %s", got)
	}
}

// TestTargetMayComeLater: objects are applied in any order.
//
// Differs: Admission
// KEDA: A ScaledObject with a cpu or memory trigger is refused while its target does not exist.
// Here: It is accepted with a warning, and its Ready condition says that the target is missing until it is there.
// Why: Terraform and GitOps apply in any order, and in parallel.
// Old: not available
func TestTargetMayComeLater(t *testing.T) {
	for name, test := range map[string]struct{ target, want string }{
		"the target is missing":    {"name: web", "Deployment default/web does not exist yet"},
		"its kind is missing":      {"name: web, apiVersion: example.com/v1, kind: Widget", "Widget default/web does not exist yet"},
		"it cannot be read now":    {"name: unreadable", "etcd is away"},
		"it has no version at all": {"name: web, apiVersion: a/b/c", "denied: spec.scaleTargetRef.apiVersion"},
	} {
		got := said(newCluster(t).review("", strings.Replace(object("a", "minReplicaCount: 1, "+cpu), "name: web", test.target, 1), false))
		if !strings.Contains(got, test.want) || !strings.Contains(test.want, "denied") && !strings.HasPrefix(got, "allowed\nwarning: spec.scaleTargetRef is accepted, but whether its containers request") {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
