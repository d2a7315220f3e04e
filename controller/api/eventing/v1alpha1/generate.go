// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// The generator is pinned, so that its result is reproducible; the second step marks the files as ours.

//go:generate go run sigs.k8s.io/controller-tools/cmd/controller-gen@v0.23.0 object:headerFile=../../v1alpha1/header.txt crd paths=. output:crd:dir=../../../manifests/crds
//go:generate go run ../../v1alpha1/internal/crdpatch ../../../manifests/crds
