// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package contract writes the two pages that compare us with KEDA: everything that
// KEDA promises to users with the tests that prove it here (contract.md), and every
// deliberate difference (differences-from-keda.md). What is promised comes from the
// CRDs and constants where they declare it, and from the lists in promised.go
// where only KEDA does. What is proved comes from the doc comments of tests:
//
//	// Covers: field ScaledObject.spec.pollingInterval; event KEDAScalersStopped
//
// and
//
//	// Differs: Scaling
//	// KEDA: what KEDA does.
//	// Here: what happens here.
//	// Why: why that is better.
//	// Old: how to get the old behaviour, or "not available".
//
// or, for odd behaviour that people rely on, Kept with KEDA and Why. A promise
// without a test, and a test of something that nobody promised, are errors:
// internal/gendocs, which calls this package, then fails.
package contract
