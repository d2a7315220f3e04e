// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package integration tests the whole controller, as app.Run starts it, on a real
// API server with simulated pods and real event sources. The tests of
// TestController share one controller and run side by side, each in a namespace
// of its own; those that start, kill or watch a controller of their own come
// after it.
package integration
