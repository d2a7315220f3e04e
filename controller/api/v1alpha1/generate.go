// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Both steps are reproducible: the generator is pinned, and the second step changes only what markers cannot say.

//go:generate go run sigs.k8s.io/controller-tools/cmd/controller-gen@v0.23.0 object:headerFile=header.txt crd:generateEmbeddedObjectMeta=true paths=. output:crd:dir=../../manifests/crds
//go:generate go run ./internal/crdpatch ../../manifests/crds
