// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"testing"
)

// cleanupContext is for what happens when the test's own context is over.
func cleanupContext() context.Context { return context.Background() }

// TestHealth: leader and follower are alive and ready, so that either may lead,
// and a controller without certificates is not.
func TestHealth(t *testing.T) {
	e := newOwnEnv(t)
	leader, _ := e.lead("leader", nil)
	e.leads("leader")
	follower, _ := e.lead("follower", nil)
	for _, ctl := range []*controller{leader, follower} {
		for _, path := range []string{"/healthz", "/readyz"} {
			if err := probe(t.Context(), ctl.HealthAddress, path); err != nil {
				t.Errorf("%s: %v", ctl.PodName, err)
			}
		}
	}
}
