// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools pins metrics-server, which serves metrics.k8s.io to HPAs.
package tools

import (
	_ "sigs.k8s.io/metrics-server/cmd/metrics-server"
)
