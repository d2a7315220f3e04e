// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package install puts the objects of package manifests into a cluster and takes
// them out again. keda_installation makes an Installer from its arguments and
// calls Apply, Observe and Remove; errors come back as values that say what was
// going on, which the resource turns into diagnostics. What is wanted, what
// differs and who owns an object is decided by pure functions; package kube
// talks to the API server.
package install
