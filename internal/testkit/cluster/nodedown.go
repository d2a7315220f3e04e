// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"os"

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
		_ = os.Remove(d) // we may have made it; if somebody else uses it then it is not empty, and stays
	}
	return err
}
