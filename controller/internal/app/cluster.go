// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"net"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/workload"
)

// clusterReader answers triggers that ask about the cluster itself, from the
// cache. It implements scaler.Cluster.
type clusterReader struct{ cache client.Reader }

// Pods implements scaler.Cluster.
func (c clusterReader) Pods(ctx context.Context, namespace, selector string) ([]scaler.Pod, error) {
	parsed, err := labels.Parse(selector)
	if err != nil {
		return nil, fmt.Errorf("label selector %q: %w", selector, err)
	}
	var pods corev1.PodList
	if err := c.cache.List(ctx, &pods, client.InNamespace(namespace), client.MatchingLabelsSelector{Selector: parsed}); err != nil {
		return nil, fmt.Errorf("cannot list the pods of namespace %s: %w", namespace, err)
	}
	var out []scaler.Pod
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		out = append(out, scaler.Pod{Name: pod.Name, Node: pod.Spec.NodeName, Ready: workload.PodReady(pod)})
	}
	return out, nil
}

// Endpoints implements scaler.Cluster. A pod that several slices name, such as those
// of two IP families, is one endpoint.
func (c clusterReader) Endpoints(ctx context.Context, namespace, service string) ([]string, error) {
	var slices discoveryv1.EndpointSliceList
	err := c.cache.List(ctx, &slices, client.InNamespace(namespace), client.MatchingLabels{discoveryv1.LabelServiceName: service})
	if err != nil {
		return nil, fmt.Errorf("cannot list the endpoints of Service %s/%s: %w", namespace, service, err)
	}
	type key struct {
		who  string
		port int32
	}
	var out []string
	seen := map[key]bool{}
	for i := range slices.Items {
		for _, port := range slices.Items[i].Ports {
			for _, endpoint := range slices.Items[i].Endpoints {
				if !ptr.Deref(endpoint.Conditions.Ready, true) || len(endpoint.Addresses) == 0 {
					continue
				}
				k := key{endpoint.Addresses[0], ptr.Deref(port.Port, 0)}
				if ref := endpoint.TargetRef; ref != nil && ref.UID != "" {
					k.who = string(ref.UID)
				}
				if !seen[k] {
					seen[k] = true
					out = append(out, net.JoinHostPort(endpoint.Addresses[0], strconv.Itoa(int(k.port))))
				}
			}
		}
	}
	return out, nil
}
