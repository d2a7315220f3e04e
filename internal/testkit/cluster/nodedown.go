// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/proc"
)

// takeNodeDown ends the real node and all containers. The kubelet goes first, since it would start containers again,
// and then containerd. Their mounts end with the last of their processes.
func takeNodeDown(ctx context.Context, s *State) error {
	for _, name := range []string{"kubelet", "containerd"} {
		for _, p := range s.Processes {
			if p.Name != name {
				continue
			}
			if err := proc.Stop(ctx, 0, p); err != nil {
				return err
			}
		}
	}
	err := errors.Join(removeCgroups(groupName(s.Name)), writeSysctls(s.Sysctls))
	for _, d := range private {
		// We may have made it. If it is not empty then somebody else uses it, and it stays. The same if it is a mount
		// point in another full cluster's mount namespace: removing it would detach that mount.
		if !mountedSomewhere(d) {
			_ = os.Remove(d)
		}
	}
	return err
}

// mountedSomewhere reports whether something is mounted on the folder in the mount namespace of any process.
func mountedSomewhere(dir string) bool {
	seen := map[string]bool{}
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range processes {
		namespace, err := os.Readlink(filepath.Join(p, "ns", "mnt"))
		if err != nil || seen[namespace] {
			continue // the process has ended, or shares its mounts with one that we saw
		}
		mounts, err := os.ReadFile(filepath.Join(p, "mounts"))
		if err != nil {
			continue
		}
		seen[namespace] = true
		if bytes.Contains(mounts, []byte(" "+dir+" ")) {
			return true
		}
	}
	return false
}
