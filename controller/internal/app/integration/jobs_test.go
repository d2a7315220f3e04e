// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

// jobTests are the tests of ScaledJobs under trouble.
var jobTests = map[string]func(*env){}
