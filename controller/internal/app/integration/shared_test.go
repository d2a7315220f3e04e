// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
)

// TestController runs everything that can share one controller, side by side.
func TestController(t *testing.T) {
	ctl, redis := startController(t, nil), source.Redis(t)
	ctl.ready(t)
	for name, test := range map[string]func(*env){
		"ScaledObjectLifecycle": testLifecycle,
		"MinAndIdle":            testMinAndIdle,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newEnv(t, ctl, redis))
		})
	}
}
