// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"testing"
)

// TestController runs everything that can share one controller, side by side.
func TestController(t *testing.T) {
	ctl := startController(t, nil)
	ctl.ready(t)
	for _, area := range []map[string]func(*env){
		sharedTests, admissionTests, authenticationTests, changeTests, eventingTests, jobTests, observabilityTests, parityTests,
	} {
		for name, test := range area {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(newEnv(t, ctl))
			})
		}
	}
}

// sharedTests are the tests of the whole; those of one area stand beside them in
// its files.
var sharedTests = map[string]func(*env){
	"Accurate":         testAccurate,
	"DriftingHPA":      testDriftingHPA,
	"EagerAndCustom":   testEagerAndCustom,
	"Fallback":         testFallback,
	"FallbackFromZero": testFallbackFromZero,
	"ForceActivation":  testForceActivation,
	"ForeignHPA":       testForeignHPA,
	"FormulaFallback":  testFormulaFallback,
	"InvalidSpec":      testInvalidSpec,
	"JobHistory":       testJobHistory,
	"JobMinimum":       testJobMinimum,
	"JobPause":         testJobPause,
	"JobRefused":       testJobRefused,
	"JobSpec":          testJobSpec,
	"Jobs":             testJobs,
	"Lifecycle":        testLifecycle,
	"ManualScale":      testManualScale,
	"Metrics":          testMetrics,
	"MinAndIdle":       testMinAndIdle,
	"MissingTarget":    testMissingTarget,
	"Modifiers":        testModifiers,
	"OtherKinds":       testOtherKinds,
	"PartialFailure":   testPartialFailure,
	"Pause":            testPause,
	"PauseBroken":      testPauseBroken,
	"PausedDirections": testPausedDirections,
	"PausedReplicas":   testPausedReplicas,
	"Ratio":            testRatio,
	"RenamedHPA":       testRenamedHPA,
	"ResourceTriggers": testResourceTriggers,
	"Restore":          testRestore,
	"Rivals":           testRivals,
	"Rollout":          testRollout,
	"SeveralQueues":    testSeveralQueues,
	"Transfer":         testTransfer,
	"UnknownKey":       testUnknownKey,
	"Unreachable":      testUnreachable,
}
