// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools pins etcd: Debian's 3.4 lacks progress requests for watches, without which newer informers never sync.
package tools

import (
	_ "go.etcd.io/etcd/server/v3"
)
