// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package kube talks to the API server for the provider: server-side apply,
// reads, deletion, and waiting for an object to be Ready or gone. Resources call
// it with objects that package convert made and turn its errors into
// diagnostics. It uses client-go's dynamic client only, knows the resources by
// name and asks neither discovery nor OpenAPI, and does nothing before the first
// use, so that a plan needs no cluster.
package kube
