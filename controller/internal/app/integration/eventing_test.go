// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

// eventingTests are the tests of CloudEvents.
var eventingTests = map[string]func(*env){}
