// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build race

package poll

import "runtime"

// Two threads at once must not fire channel timers of one bubble of synthetic time
// under the race detector: it keeps one context for all of them and crashes
// (golang.org/issue/78156). Goroutines of one thread race no less: the detector
// compares what happens before what, and the scheduler is random then.
func init() { runtime.GOMAXPROCS(1) }
