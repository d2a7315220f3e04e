// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package contract

import "strings"

// Item is one thing that users can rely on.
type Item struct {
	// Sort is field, annotation, label, finalizer, condition, event, metric,
	// admission or cloudevent.
	Sort string
	// Name is the item's name among those of its sort, for example
	// ScaledObject.spec.pollingInterval or KEDAScalersStopped.
	Name string
}

// String gives "field ScaledObject.spec.pollingInterval".
func (i Item) String() string { return i.Sort + " " + i.Name }

// sorts are the sorts of items in the order of the page, with their headings.
var sorts = []struct{ name, heading, prose string }{
	{"field", "Fields", "TriggerAuthentication and ClusterTriggerAuthentication share one spec, and so do CloudEventSource and ClusterCloudEventSource."},
	{"annotation", "Annotations", ""},
	{"label", "Labels", ""},
	{"finalizer", "Finalizers", ""},
	{"condition", "Conditions", "Kind, type and reason."},
	{"event", "Kubernetes events", ""},
	{"metric", "Prometheus metrics", ""},
	{"admission", "Reasons of refused admission", "They are the label `reason` of `keda_webhook_scaled_object_validation_errors_total`."},
	{"cloudevent", "CloudEvents", ""},
}

// conditions are the reasons of each condition, by "kind/type".
var conditions = map[string]string{
	"ScaledObject/Ready":      "ScaledObjectReady ScaledObjectCheckFailed ErrorGettingCurrentReplicas TriggerError PartialTriggerError",
	"ScaledObject/Active":     "ScalerActive ScalerNotActive ScalerCooldown UnknownState",
	"ScaledObject/Fallback":   "FallbackExists NoFallbackFound",
	"ScaledObject/Paused":     "ScaledObjectPaused ScaledObjectUnpaused",
	"ScaledObject/HPAActive":  "HPAActive ScalingDisabled HPAMetricsUnavailable",
	"ScaledJob/Ready":         "ScaledJobReady ScaledJobCheckFailed TriggerError PartialTriggerError",
	"ScaledJob/Active":        "ScalerActive ScalerNotActive",
	"ScaledJob/Paused":        "ScaledJobPaused ScaledJobUnpaused",
	"CloudEventSource/Active": "CloudEventSourceActive CloudEventSourceFailed",
}

// metrics are the series of the controller, of its webhook, of the metrics
// adapter, and those under which older guides know them.
const metrics = `
	keda_build_info keda_scaler_active keda_scaler_metrics_value keda_scaler_metrics_latency_seconds
	keda_scaler_detail_errors_total keda_scaled_object_paused keda_scaled_object_ready keda_scaled_job_ready
	keda_scaled_object_errors_total keda_scaled_job_errors_total
	keda_scaler_empty_upstream_responses_total keda_trigger_registered_total keda_resource_registered_total
	keda_internal_scale_loop_latency_seconds keda_cloudeventsource_events_emitted_total keda_cloudeventsource_events_queued
	keda_scaler_http_requests_total keda_scaler_http_request_duration_seconds
	keda_internal_metricsservice_grpc_server_started_total keda_internal_metricsservice_grpc_server_handled_total
	keda_internal_metricsservice_grpc_server_msg_received_total keda_internal_metricsservice_grpc_server_msg_sent_total
	keda_internal_metricsservice_grpc_server_handling_seconds
	keda_internal_metricsservice_grpc_client_started_total keda_internal_metricsservice_grpc_client_handled_total
	keda_internal_metricsservice_grpc_client_msg_received_total keda_internal_metricsservice_grpc_client_msg_sent_total
	keda_internal_metricsservice_grpc_client_handling_seconds
	keda_webhook_scaled_object_validations_total keda_webhook_scaled_object_validation_errors_total
	keda_metrics_adapter_scaler_errors_total keda_metrics_adapter_scaler_errors keda_metrics_adapter_scaled_object_errors
	keda_metrics_adapter_scaler_metrics_value`

// admissionReasons are why the webhook refuses a ScaledObject.
const admissionReasons = `other-scaled-object other-scaled-object-hpa scaling-modifiers scaling-modifiers-fallback missing-requests
	scale-to-zero-requirements-not-met other-hpa transfer-ownership-missing-hpa-name incorrect-replicas incorrect-fallback
	name-too-long hpa-name-too-long incorrect-triggers`

// cloudEvents are the types of CloudEvents, without keda. and .v1.
const cloudEvents = `scaledobject.ready scaledobject.failed scaledobject.removed scaledobject.paused scaledobject.unpaused
	scaledjob.ready scaledjob.failed scaledjob.removed scaledjob.paused scaledjob.unpaused
	scaledjob.rolloutcleanup.started scaledjob.rolloutcleanup.completed scaledjob.rolloutcleanup.failed
	authentication.triggerauthentication.created authentication.triggerauthentication.updated
	authentication.triggerauthentication.removed authentication.clustertriggerauthentication.created
	authentication.clustertriggerauthentication.updated authentication.clustertriggerauthentication.removed`

// listed are the items that only KEDA declares.
func listed() []Item {
	var items []Item
	for of, reasons := range conditions {
		items = append(items, named("condition", reasons, of+"/", "")...)
	}
	items = append(items, named("metric", metrics, "", "")...)
	items = append(items, named("admission", admissionReasons, "", "")...)
	return append(items, named("cloudevent", cloudEvents, "keda.", ".v1")...)
}

func named(sort, names, prefix, suffix string) []Item {
	var items []Item
	for name := range strings.FieldsSeq(names) {
		items = append(items, Item{sort, prefix + name + suffix})
	}
	return items
}
