// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
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
	config = rest.AddUserAgent(rest.CopyConfig(config), "leader-election")
	leases, err := coordinationv1.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client for leader election: %w", err)
	}
	core, err := corev1.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client for leader election: %w", err)
	}
	lease := &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: o.Namespace, Name: manifests.LeaseName},
		Client:     leases,
		LockConfig: resourcelock.ResourceLockConfig{Identity: id},
	}
	return &inheritable{Interface: lease, pods: core.Pods(o.Namespace), pod: o.PodName, silence: 2 * o.RetryPeriod}, nil
}

// inheritable is a lock that is free as soon as the pod of its holder is gone,
// where it would be held until the Lease expires: nobody scales until then. Whoever
// takes it writes it as if it had been released, and only one can.
type inheritable struct {
	resourcelock.Interface
	pods corev1.PodInterface
	pod  string // our own
	// silence is how long the holder must not have renewed the Lease. It does so
	// once per retry period for as long as it lives.
	silence time.Duration
}

// Get implements resourcelock.Interface.
func (l *inheritable) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, raw, err := l.Interface.Get(ctx)
	if err != nil || !l.orphaned(ctx, record) {
		return record, raw, err
	}
	record.HolderIdentity = ""
	raw, err = json.Marshal(record)
	return record, raw, err
}

// orphaned says that the holder fell silent and that its pod does not exist. Where
// our own pod is not found either, this is no place to look for pods.
func (l *inheritable) orphaned(ctx context.Context, record *resourcelock.LeaderElectionRecord) bool {
	holder, _, err := feed.ParseIdentity(record.HolderIdentity)
	if err != nil || holder == l.pod || time.Since(record.RenewTime.Time) < l.silence {
		return false
	}
	if _, err := l.pods.Get(ctx, holder, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return false
	}
	_, err = l.pods.Get(ctx, l.pod, metav1.GetOptions{})
	return err == nil
}
