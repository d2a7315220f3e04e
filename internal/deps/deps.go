// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build deps

// Package deps holds blank imports of modules that are pinned before the code
// that uses them is there.
package deps

import (
	_ "github.com/hashicorp/vault/api"
)
