// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed"
)

// leaderOnly is work that only the leading replica does.
type leaderOnly func(context.Context) error

// Start implements manager.Runnable.
func (run leaderOnly) Start(ctx context.Context) error { return run(ctx) }

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (leaderOnly) NeedLeaderElection() bool { return true }

// everywhere is work that every replica does.
type everywhere func(context.Context) error

// Start implements manager.Runnable.
func (run everywhere) Start(ctx context.Context) error { return run(ctx) }

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (everywhere) NeedLeaderElection() bool { return false }

// identity is how this replica signs the Lease: adapters read from it where the
// leader's feed is. A container that restarts in its pod keeps it, and so takes
// its own Lease back without waiting for it to expire.
func identity(o Options, listener net.Addr) (string, error) {
	_, port, err := net.SplitHostPort(listener.String())
	if err != nil {
		return "", fmt.Errorf("address of the feed: %w", err)
	}
	address, err := netip.ParseAddrPort(net.JoinHostPort(o.PodIP, port))
	if err != nil {
		return "", fmt.Errorf("POD_IP %q: set it to the address of the pod: %w", o.PodIP, err)
	}
	return feed.Identity(o.PodName, address), nil
}

// lock is the Lease of the leader, on a client of its own: a busy client must not
// cost the leadership.
func lock(o Options, config *rest.Config, id string) (resourcelock.Interface, error) {
	client, err := v1.NewForConfig(rest.AddUserAgent(rest.CopyConfig(config), "leader-election"))
	if err != nil {
		return nil, fmt.Errorf("client for leader election: %w", err)
	}
	return &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: o.Namespace, Name: manifests.LeaseName},
		Client:     client,
		LockConfig: resourcelock.ResourceLockConfig{Identity: id},
	}, nil
}
