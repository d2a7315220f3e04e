// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the custom resources of group keda.sh, the first stage of the pipeline: what a user declares.
//
// In come objects as a user wrote them; out go Go values with their defaults resolved (defaults.go), the violations found in
// them (validate.go) and the vocabulary that every later stage reports with (conditions.go, events.go, annotations.go). The
// provider calls it at plan time, the webhook at admission and the reconcilers on every pass, so that all three agree. The
// schemas are wire compatible with KEDA's. The package is pure: no client, no clock, no logger.
//
// +kubebuilder:object:generate=true
// +groupName=keda.sh
package v1alpha1
