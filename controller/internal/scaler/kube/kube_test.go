// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package kube_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler/kube"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// cluster answers from a map of "namespace selector" to pods.
type cluster map[string][]scaler.Pod

func (c cluster) Pods(_ context.Context, namespace, selector string) ([]scaler.Pod, error) {
	pods, ok := c[namespace+" "+selector]
	if !ok {
		return nil, errors.New("cache is not synced")
	}
	return pods, nil
}

func (cluster) Endpoints(context.Context, string, string) ([]string, error) { return nil, nil }

func TestRead(t *testing.T) {
	env := scaler.Env{Cluster: cluster{
		"shop app=web": {{Name: "a", Node: "n1"}, {Name: "b", Node: "n1"}, {Name: "c", Node: "n2"}, {Name: "d"}},
		"shop app=db":  {},
	}}
	tests := map[string]struct {
		workload trigger.KubernetesWorkload
		value    float64
		err      string
	}{
		"pods":      {workload: trigger.KubernetesWorkload{Namespace: "shop", PodSelector: "app=web"}, value: 4},
		"nodes":     {workload: trigger.KubernetesWorkload{Namespace: "shop", PodSelector: "app=web", GroupByNode: true}, value: 2},
		"none":      {workload: trigger.KubernetesWorkload{Namespace: "shop", PodSelector: "app=db"}, value: 0},
		"no answer": {workload: trigger.KubernetesWorkload{Namespace: "other", PodSelector: "app=web"}, err: `namespace "other"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b, err := kube.Bind(trigger.Decoded{Type: "kubernetes-workload", Trigger: &test.workload, Fingerprint: name}, env)
			if err != nil {
				t.Fatal(err)
			}
			s, err := b.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			r := s.Read(t.Context(), []scaler.Query{b.Query})[0]
			switch {
			case test.err != "" && (r.Err == nil || !strings.Contains(r.Err.Error(), test.err)):
				t.Errorf("got error %v, want one with %q", r.Err, test.err)
			case test.err == "" && (r.Err != nil || r.Readings[0].Value != test.value):
				t.Errorf("got %+v, want %v", r, test.value)
			}
		})
	}
}

func TestBindRefusesABadSelector(t *testing.T) {
	bad := &trigger.KubernetesWorkload{Namespace: "shop", PodSelector: "app in web"}
	if _, err := kube.Bind(trigger.Decoded{Type: "kubernetes-workload", Trigger: bad}, scaler.Env{}); err == nil || !strings.Contains(err.Error(), "podSelector") {
		t.Errorf("got error %v, want one that names podSelector", err)
	}
}
