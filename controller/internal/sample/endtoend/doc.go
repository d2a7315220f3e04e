// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package endtoend has no code of its own. Its tests run the way of an answer
// on a real cluster: from sample.Store through the feed, the metrics adapter and
// the API server's aggregator to an HPA that scales a Deployment, with the
// certificates of package certs on every link.
package endtoend
