// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/utils/ptr"
)

// Identity is the holder identity with which a controller takes its Lease, so
// that followers find its feed: "<pod>_<ip>:<port>".
func Identity(pod string, address netip.AddrPort) string {
	return pod + "_" + address.String()
}

// ParseIdentity takes an Identity apart.
func ParseIdentity(identity string) (pod, address string, err error) {
	pod, address, found := strings.Cut(identity, "_") // no pod name has an underscore
	parsed, parseErr := netip.ParseAddrPort(address)
	if !found || parseErr != nil {
		return "", "", fmt.Errorf("lease holder %q is not <pod>_<ip>:<port>: "+
			"is another program, such as an upstream keda-operator, using this Lease?", identity)
	}
	return pod, parsed.String(), nil
}

// LeaseLocator finds the leader by its Lease.
func LeaseLocator(leases coordination.LeasesGetter, namespace, name string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		lease, err := leases.Leases(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return "", fmt.Errorf("read Lease %s/%s: %w", namespace, name, err)
		}
		holder := ptr.Deref(lease.Spec.HolderIdentity, "")
		if holder == "" {
			return "", fmt.Errorf("no controller holds Lease %s/%s", namespace, name)
		}
		_, address, err := ParseIdentity(holder)
		return address, err
	}
}

// FixedAddress is the locator of a feed whose address is known.
func FixedAddress(address string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return address, nil }
}
