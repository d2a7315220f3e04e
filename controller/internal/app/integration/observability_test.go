// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

// observabilityTests are the tests of metrics, events and status.
var observabilityTests = map[string]func(*env){}
