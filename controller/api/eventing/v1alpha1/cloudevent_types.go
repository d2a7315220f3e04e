// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// CloudEventType says what happened, and to which kind of object.
//
// +kubebuilder:validation:Enum=keda.scaledobject.ready.v1;keda.scaledobject.failed.v1;keda.scaledobject.removed.v1;keda.scaledobject.paused.v1;keda.scaledobject.unpaused.v1;keda.scaledjob.ready.v1;keda.scaledjob.failed.v1;keda.scaledjob.removed.v1;keda.scaledjob.paused.v1;keda.scaledjob.unpaused.v1;keda.scaledjob.rolloutcleanup.started.v1;keda.scaledjob.rolloutcleanup.completed.v1;keda.scaledjob.rolloutcleanup.failed.v1;keda.authentication.triggerauthentication.created.v1;keda.authentication.triggerauthentication.updated.v1;keda.authentication.triggerauthentication.removed.v1;keda.authentication.clustertriggerauthentication.created.v1;keda.authentication.clustertriggerauthentication.updated.v1;keda.authentication.clustertriggerauthentication.removed.v1
type CloudEventType string

// The types of CloudEvents about ScaledObjects.
const (
	ScaledObjectReadyType    CloudEventType = "keda.scaledobject.ready.v1"
	ScaledObjectFailedType   CloudEventType = "keda.scaledobject.failed.v1"
	ScaledObjectRemovedType  CloudEventType = "keda.scaledobject.removed.v1"
	ScaledObjectPausedType   CloudEventType = "keda.scaledobject.paused.v1"
	ScaledObjectUnpausedType CloudEventType = "keda.scaledobject.unpaused.v1"
)

// The types of CloudEvents about ScaledJobs.
const (
	ScaledJobReadyType                   CloudEventType = "keda.scaledjob.ready.v1"
	ScaledJobFailedType                  CloudEventType = "keda.scaledjob.failed.v1"
	ScaledJobRemovedType                 CloudEventType = "keda.scaledjob.removed.v1"
	ScaledJobPausedType                  CloudEventType = "keda.scaledjob.paused.v1"
	ScaledJobUnpausedType                CloudEventType = "keda.scaledjob.unpaused.v1"
	ScaledJobRolloutCleanupStartedType   CloudEventType = "keda.scaledjob.rolloutcleanup.started.v1"
	ScaledJobRolloutCleanupCompletedType CloudEventType = "keda.scaledjob.rolloutcleanup.completed.v1"
	ScaledJobRolloutCleanupFailedType    CloudEventType = "keda.scaledjob.rolloutcleanup.failed.v1"
)

// The types of CloudEvents about authentications.
const (
	TriggerAuthenticationCreatedType        CloudEventType = "keda.authentication.triggerauthentication.created.v1"
	TriggerAuthenticationUpdatedType        CloudEventType = "keda.authentication.triggerauthentication.updated.v1"
	TriggerAuthenticationRemovedType        CloudEventType = "keda.authentication.triggerauthentication.removed.v1"
	ClusterTriggerAuthenticationCreatedType CloudEventType = "keda.authentication.clustertriggerauthentication.created.v1"
	ClusterTriggerAuthenticationUpdatedType CloudEventType = "keda.authentication.clustertriggerauthentication.updated.v1"
	ClusterTriggerAuthenticationRemovedType CloudEventType = "keda.authentication.clustertriggerauthentication.removed.v1"
)

// CloudEventTypes returns all types, in the order of the schema.
func CloudEventTypes() []CloudEventType {
	return []CloudEventType{
		ScaledObjectReadyType, ScaledObjectFailedType, ScaledObjectRemovedType, ScaledObjectPausedType, ScaledObjectUnpausedType,
		ScaledJobReadyType, ScaledJobFailedType, ScaledJobRemovedType, ScaledJobPausedType, ScaledJobUnpausedType,
		ScaledJobRolloutCleanupStartedType, ScaledJobRolloutCleanupCompletedType, ScaledJobRolloutCleanupFailedType,
		TriggerAuthenticationCreatedType, TriggerAuthenticationUpdatedType, TriggerAuthenticationRemovedType,
		ClusterTriggerAuthenticationCreatedType, ClusterTriggerAuthenticationUpdatedType, ClusterTriggerAuthenticationRemovedType,
	}
}
