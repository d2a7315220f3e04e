// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package kube reads triggers whose source is the cluster itself:
// kubernetes-workload. It looks at the controller's cache through scaler.Cluster
// and never asks the API server.
package kube

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// address names the source in messages.
const address = "kubernetes"

// Bind binds the trigger kubernetes-workload.
func Bind(decoded trigger.Decoded, env scaler.Env) (scaler.Binding, error) {
	t, ok := decoded.Trigger.(*trigger.KubernetesWorkload)
	if !ok {
		return scaler.Binding{}, fmt.Errorf("trigger %q does not count pods", decoded.Type)
	}
	if _, err := labels.Parse(t.PodSelector); err != nil {
		return scaler.Binding{}, fmt.Errorf("parameter \"podSelector\" %q is not a label selector: %w", t.PodSelector, err)
	}
	return scaler.Binding{
		Server: address, Address: address,
		Query: scaler.Query{Key: decoded.Fingerprint, Trigger: t, Namespace: t.Namespace},
		Open:  func(context.Context) (scaler.Source, error) { return source{env.Cluster}, nil },
	}, nil
}

// source counts pods in the cache.
type source struct{ cluster scaler.Cluster }

// Read counts the pods, or their nodes, of each query.
func (s source) Read(ctx context.Context, queries []scaler.Query) []scaler.Result {
	results := make([]scaler.Result, len(queries))
	for i, q := range queries {
		results[i] = s.ask(ctx, q)
	}
	return results
}

func (s source) ask(ctx context.Context, q scaler.Query) scaler.Result {
	t, ok := q.Trigger.(*trigger.KubernetesWorkload)
	if !ok {
		return scaler.Result{Err: scaler.Terminal(fmt.Errorf("%s cannot answer for a %T", address, q.Trigger))}
	}
	pods, err := s.cluster.Pods(ctx, q.Namespace, t.PodSelector)
	if err != nil {
		return scaler.Result{Err: fmt.Errorf("listing pods %q in namespace %q of %s: %w", t.PodSelector, q.Namespace, address, err)}
	}
	return scaler.Result{Readings: []scaler.Reading{{Value: float64(count(pods, t.GroupByNode))}}}
}

// count counts the pods, or the nodes that they run on. A pod that is not
// scheduled yet has no node.
func count(pods []scaler.Pod, byNode bool) int {
	if !byNode {
		return len(pods)
	}
	nodes := map[string]bool{}
	for _, pod := range pods {
		if pod.Node != "" {
			nodes[pod.Node] = true
		}
	}
	return len(nodes)
}

// Close does nothing.
func (source) Close() error { return nil }
