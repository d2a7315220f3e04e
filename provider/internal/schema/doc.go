// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package schema declares the arguments of a resource once: how an argument is
// called in HCL, what it holds, and where its value stands in the Kubernetes
// object. The first stage of the provider: resources declare fields, Resource
// makes the Terraform schema of them, and package convert walks the same fields
// from HCL to the object and back. No argument is mentioned anywhere else.
package schema
