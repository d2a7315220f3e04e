// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Reasons of events. The type, Normal or Warning, stands behind each.
const (
	EventScaledObjectReady               = "ScaledObjectReady"               // Normal: Ready became true
	EventScaledObjectCheckFailed         = "ScaledObjectCheckFailed"         // Warning: spec, target or HPA failed
	EventScaledObjectUpdateFailed        = "ScaledObjectUpdateFailed"        // Warning: status or finalizer not written
	EventScaledObjectDeleted             = "ScaledObjectDeleted"             // Normal
	EventScaledObjectPaused              = "ScaledObjectPaused"              // Normal
	EventScaledObjectUnpaused            = "ScaledObjectUnpaused"            // Normal
	EventScaledObjectFallbackActivated   = "ScaledObjectFallbackActivated"   // Normal
	EventScaledObjectFallbackDeactivated = "ScaledObjectFallbackDeactivated" // Normal
)

// Reasons of events of ScaledJobs.
const (
	EventScaledJobReady                   = "ScaledJobReady"                   // Normal: Ready became true
	EventScaledJobCheckFailed             = "ScaledJobCheckFailed"             // Warning: spec failed
	EventScaledJobUpdateFailed            = "ScaledJobUpdateFailed"            // Warning: status or finalizer not written
	EventScaledJobDeleted                 = "ScaledJobDeleted"                 // Normal
	EventScaledJobPaused                  = "ScaledJobPaused"                  // Normal
	EventScaledJobUnpaused                = "ScaledJobUnpaused"                // Normal
	EventScaledJobActive                  = "ScaledJobActive"                  // Normal: became active
	EventScaledJobInactive                = "ScaledJobInactive"                // Normal: became inactive
	EventScaledJobRolloutCleanupStarted   = "ScaledJobRolloutCleanupStarted"   // Normal
	EventScaledJobRolloutCleanupCompleted = "ScaledJobRolloutCleanupCompleted" // Normal
	EventScaledJobRolloutCleanupFailed    = "ScaledJobRolloutCleanupFailed"    // Warning
	EventJobsCreated                      = "KEDAJobsCreated"                  // Normal: once per poll that created Jobs
	EventJobCreateFailed                  = "KEDAJobCreateFailed"              // Warning: per Job
)

// Reasons of events of triggers and scale targets.
const (
	EventScalersStarted                = "KEDAScalersStarted"                // Normal: polling began
	EventScalersStopped                = "KEDAScalersStopped"                // Normal: polling ended
	EventScalerFailed                  = "KEDAScalerFailed"                  // Warning: building or reading failed
	EventMetricSourceFailed            = "KEDAMetricSourceFailed"            // Warning: an input of the formula failed
	EventScalerInfo                    = "KEDAScalerInfo"                    // Normal: deprecated; Warning: unknown parameter
	EventScaleTargetActivated          = "KEDAScaleTargetActivated"          // Normal: zero or idle to n
	EventScaleTargetDeactivated        = "KEDAScaleTargetDeactivated"        // Normal: n to zero or idle
	EventScaleTargetActivationFailed   = "KEDAScaleTargetActivationFailed"   // Warning
	EventScaleTargetDeactivationFailed = "KEDAScaleTargetDeactivationFailed" // Warning
)

// Reasons of events of authentications.
const (
	EventTriggerAuthenticationAdded          = "TriggerAuthenticationAdded"          // Normal
	EventTriggerAuthenticationUpdated        = "TriggerAuthenticationUpdated"        // Normal
	EventTriggerAuthenticationDeleted        = "TriggerAuthenticationDeleted"        // Normal
	EventTriggerAuthenticationFailed         = "TriggerAuthenticationFailed"         // Warning
	EventClusterTriggerAuthenticationAdded   = "ClusterTriggerAuthenticationAdded"   // Normal
	EventClusterTriggerAuthenticationUpdated = "ClusterTriggerAuthenticationUpdated" // Normal
	EventClusterTriggerAuthenticationDeleted = "ClusterTriggerAuthenticationDeleted" // Normal
	EventClusterTriggerAuthenticationFailed  = "ClusterTriggerAuthenticationFailed"  // Warning
)
