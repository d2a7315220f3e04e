// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package convert carries values between HCL and Kubernetes objects by walking
// the declared fields of package schema; there is no model struct. Resources
// call Expand to make the object that is checked and sent, Flatten to make the
// state from what the API server answers, and Locate to find the argument that
// an error about the object is about. It is pure.
package convert
