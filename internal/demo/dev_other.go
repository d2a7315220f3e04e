// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package demo

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/progress"
)

func newDevTarget(string, io.Writer, *progress.Steps) (target, error) {
	return nil, fmt.Errorf("the demo's own cluster needs Linux. %s", elsewhere)
}

func cacheFolder() (string, error) {
	if dir := os.Getenv("KEDA_TF_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "terraform-provider-keda"), err
}
