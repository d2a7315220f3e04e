// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// sliced is a cache that holds the EndpointSlices of one Service.
type sliced struct {
	client.Reader
	slices []discoveryv1.EndpointSlice
}

func (s sliced) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	list.(*discoveryv1.EndpointSliceList).Items = s.slices
	return nil
}

// TestAnEndpointInSeveralSlicesCountsOnce: a pod of a dual-stack Service is in one
// slice for each IP family, and while slices are rebalanced an address may be in two.
func TestAnEndpointInSeveralSlicesCountsOnce(t *testing.T) {
	endpoint := func(pod types.UID, address string) discoveryv1.Endpoint {
		e := discoveryv1.Endpoint{Addresses: []string{address}}
		if address != "10.0.0.9" { // whoever writes slices by hand may leave the UID out
			e.TargetRef = &corev1.ObjectReference{Kind: "Pod", UID: pod}
		}
		return e
	}
	slice := func(endpoints ...discoveryv1.Endpoint) discoveryv1.EndpointSlice {
		return discoveryv1.EndpointSlice{Endpoints: endpoints, Ports: []discoveryv1.EndpointPort{{Port: new(int32(80))}, {Port: new(int32(90))}}}
	}
	c := clusterReader{sliced{slices: []discoveryv1.EndpointSlice{
		slice(endpoint("a", "10.0.0.1"), endpoint("b", "10.0.0.2"), endpoint("", "10.0.0.3"), endpoint("", "10.0.0.9")),
		slice(endpoint("b", "10.0.0.2"), endpoint("", "10.0.0.3")),
		slice(endpoint("a", "fd00::1"), endpoint("b", "fd00::2")),
	}}}
	got, err := c.Endpoints(t.Context(), "shop", "web")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	want := []string{"10.0.0.1:80", "10.0.0.1:90", "10.0.0.2:80", "10.0.0.2:90", "10.0.0.3:80", "10.0.0.3:90", "10.0.0.9:80", "10.0.0.9:90"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
