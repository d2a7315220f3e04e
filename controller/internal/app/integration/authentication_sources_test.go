// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

// authenticationTests are the tests of where parameters come from.
var authenticationTests = map[string]func(*env){}
