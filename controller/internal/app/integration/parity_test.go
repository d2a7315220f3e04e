// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

// parityTests are the tests of what ScaledObjects promise field by field.
var parityTests = map[string]func(*env){}
