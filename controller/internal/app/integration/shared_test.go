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
		"DriftingHPA":      testDriftingHPA,
		"ForceActivation":  testForceActivation,
		"ForeignHPA":       testForeignHPA,
		"InvalidSpec":      testInvalidSpec,
		"Lifecycle":        testLifecycle,
		"ManualScale":      testManualScale,
		"MinAndIdle":       testMinAndIdle,
		"MissingTarget":    testMissingTarget,
		"OtherKinds":       testOtherKinds,
		"Pause":            testPause,
		"PauseBroken":      testPauseBroken,
		"PausedDirections": testPausedDirections,
		"PausedReplicas":   testPausedReplicas,
		"RenamedHPA":       testRenamedHPA,
		"ResourceTriggers": testResourceTriggers,
		"Restore":          testRestore,
		"Rivals":           testRivals,
		"Transfer":         testTransfer,
		"UnknownKey":       testUnknownKey,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newEnv(t, ctl, redis))
		})
	}
}
