// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package feedpb is the wire format between the leading controller, which
// serves it from package sample, and the metrics adapters, which read it in
// package feed. All other files of the package are generated from feed.proto.
package feedpb

//go:generate go run github.com/bufbuild/buf/cmd/buf@v1.75.0 generate . --path feed.proto
