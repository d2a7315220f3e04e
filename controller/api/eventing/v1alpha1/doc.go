// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the custom resources of group eventing.keda.sh: where news about ScaledObjects, ScaledJobs and
// authentications is delivered to as CloudEvents.
//
// In come objects as a user wrote them; out go Go values, the types of CloudEvents (cloudevent_types.go) and the violations
// found in an object (validate.go). Admission and the reconciler call it; controller/internal/eventing delivers by it. The
// schemas are wire compatible with KEDA's. The package is pure: no client, no clock, no logger.
//
// +kubebuilder:object:generate=true
// +groupName=eventing.keda.sh
package v1alpha1
