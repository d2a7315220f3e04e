// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package acctest is what tests of the provider share: an API server in memory
// (API), a client of the Terraform protocol (Session), and the environment of
// tests that run the terraform command. Only tests import it.
package acctest
