// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/binaries"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/netns"
)

// groupName is the name of a full cluster's cgroup and of its pod network.
func groupName(cluster string) string { return "keda-tf-" + cluster }

// namespaceFile is where the network namespace of the cluster in that folder is mounted. It is not in /run/netns, where
// `ip netns` would find it by name, so that everything of the cluster is below its folder.
func namespaceFile(dir string) string { return filepath.Join(dir, "netns") }

// network makes the network namespace. Its default route is a veth pair whose other end goes nowhere, so that nothing
// in it can leave the machine while addresses outside the cluster still have a route, which kubelet and API server want.
func (l *launch) network(ctx context.Context) error {
	if err := netns.Create(namespaceFile(l.dir)); err != nil {
		return err
	}
	for _, c := range [][]string{
		{"ip", "link", "set", "lo", "up"},
		{"ip", "link", "add", "uplink0", "type", "veth", "peer", "name", "uplink1"},
		{"ip", "link", "set", "uplink1", "up"},
		{"ip", "addr", "add", nodeAddress + "/24", "dev", "uplink0"},
		{"ip", "link", "set", "uplink0", "up"},
		{"ip", "route", "add", "default", "dev", "uplink0"},
		// These are the namespace's own. -e: bridge-nf-call-iptables is missing where the kernel's bridges always call.
		{"sysctl", "-qew", "net.ipv4.ip_forward=1", "net.bridge.bridge-nf-call-iptables=1", "net.ipv4.conf.all.route_localnet=1"},
	} {
		if err := command(ctx, append(l.inNamespace(), c...)...); err != nil {
			return err
		}
	}
	return nil
}

// inNamespace starts a command line that runs in the cluster's network namespace. It is nsenter and not `ip netns exec`,
// because that also hides the cgroup mounts, without which the kubelet dies.
func (l *launch) inNamespace() []string {
	return []string{"nsenter", "--net=" + namespaceFile(l.dir)}
}

// forwardAPI makes the API server of a namespace reachable on the machine at the same address and port.
func (l *launch) forwardAPI() error {
	if l.o.Mode != Full {
		return nil
	}
	api := fmt.Sprintf("127.0.0.1:%d", l.state.Ports.API)
	return l.startOnHost("netfwd", l.program(binaries.Own, "netfwd"),
		"-listen", api, "-netns", namespaceFile(l.dir), "-to", api)
}

// command runs a program to its end; the error shows what it said.
func command(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%q: %w: %s", args, err, bytes.TrimSpace(out))
	}
	return nil
}
