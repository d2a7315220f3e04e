// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Annotations on ScaledObjects and ScaledJobs.
const (
	// AnnotationPaused stops scaling. Any value that is not a boolean counts as true.
	AnnotationPaused = "autoscaling.keda.sh/paused"
	// AnnotationPausedReplicas (ScaledObject) stops scaling at this many replicas; it wins over AnnotationPaused.
	AnnotationPausedReplicas = "autoscaling.keda.sh/paused-replicas"
	// AnnotationPausedScaleIn and AnnotationPausedScaleOut (ScaledObject) stop scaling in one direction.
	AnnotationPausedScaleIn  = "autoscaling.keda.sh/paused-scale-in"
	AnnotationPausedScaleOut = "autoscaling.keda.sh/paused-scale-out"
	// AnnotationForceActivation (ScaledObject) keeps the object active whatever its triggers say.
	AnnotationForceActivation = "autoscaling.keda.sh/force-activation"
	// AnnotationTransferHPAOwnership (ScaledObject) adopts the existing HPA named in advanced.horizontalPodAutoscalerConfig.
	AnnotationTransferHPAOwnership = "scaledobject.keda.sh/transfer-hpa-ownership"
	// AnnotationHPAExcludedLabels (ScaledObject) lists, by commas, labels that are not copied to the HPA.
	AnnotationHPAExcludedLabels = "scaledobject.keda.sh/hpa-excluded-labels"
	// AnnotationCopiedLabels and AnnotationCopiedAnnotations on an HPA list, by commas, what was copied to it from the ScaledObject's
	// own, so that it goes when it is gone there, while what others put on the HPA stays.
	AnnotationCopiedLabels      = "scaledobject.keda.sh/copied-labels"
	AnnotationCopiedAnnotations = "scaledobject.keda.sh/copied-annotations"
	// AnnotationJobExcludedLabels (ScaledJob) lists, by commas, labels that are not copied to Jobs.
	AnnotationJobExcludedLabels = "scaledjob.keda.sh/job-excluded-labels"
)

// Annotations on other objects.
const (
	// AnnotationValidateHPAOwnership with value false on an HPA skips the check that another controller owns its target.
	AnnotationValidateHPAOwnership = "validations.keda.sh/hpa-ownership"
	// AnnotationJobGeneration on a Job is the generation of the ScaledJob that started it.
	AnnotationJobGeneration = "scaledjob.keda.sh/generation"
	// AnnotationEKSRoleARN on a ServiceAccount is the AWS role of its pods.
	AnnotationEKSRoleARN = "eks.amazonaws.com/role-arn"
)

// Labels.
const (
	// LabelScaledObjectName is on every ScaledObject and in the selector of every external metric.
	LabelScaledObjectName = "scaledobject.keda.sh/name"
	// LabelScaledJobName is on every Job of a ScaledJob and on its pods.
	LabelScaledJobName = "scaledjob.keda.sh/name"

	LabelAppName      = "app.kubernetes.io/name"
	LabelAppVersion   = "app.kubernetes.io/version"
	LabelAppPartOf    = "app.kubernetes.io/part-of"
	LabelAppManagedBy = "app.kubernetes.io/managed-by"
	// ManagedBy is the value of LabelAppManagedBy on HPAs and Jobs.
	ManagedBy = "keda-operator"
)

// Finalizer is on all objects of this group.
const Finalizer = "finalizer.keda.sh"

// CompositeMetricName is the name of the one external metric that scalingModifiers yield.
const CompositeMetricName = "composite-metric"

// HPANamePrefix and the name of the ScaledObject make the default name of its HPA.
const HPANamePrefix = "keda-hpa-"
