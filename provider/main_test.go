// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"testing"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster"
)

func TestMain(m *testing.M) { cluster.Main(m) }
