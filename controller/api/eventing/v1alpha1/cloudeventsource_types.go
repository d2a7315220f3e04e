// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	kedav1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// CloudEventSource delivers what happens to the ScaledObjects, ScaledJobs and TriggerAuthentications of its namespace as
// CloudEvents.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=cloudeventsources,scope=Namespaced
// +kubebuilder:printcolumn:name="Active",type="string",JSONPath=".status.conditions[?(@.type==\"Active\")].status"
type CloudEventSource struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   CloudEventSourceSpec   `json:"spec"`
	Status CloudEventSourceStatus `json:"status,omitempty"`
}

// CloudEventSourceList is a list of CloudEventSources.
//
// +kubebuilder:object:root=true
type CloudEventSourceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []CloudEventSource `json:"items"`
}

// ClusterCloudEventSource delivers what happens in all namespaces, and to ClusterTriggerAuthentications.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=clustercloudeventsources,scope=Cluster
// +kubebuilder:printcolumn:name="Active",type="string",JSONPath=".status.conditions[?(@.type==\"Active\")].status"
type ClusterCloudEventSource struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   CloudEventSourceSpec   `json:"spec"`
	Status CloudEventSourceStatus `json:"status,omitempty"`
}

// ClusterCloudEventSourceList is a list of ClusterCloudEventSources.
//
// +kubebuilder:object:root=true
type ClusterCloudEventSourceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ClusterCloudEventSource `json:"items"`
}

// CloudEventSourceSpec says which events are delivered, and where.
type CloudEventSourceSpec struct {
	// Name of the cluster in the attributes source and subject. Default: the controller's flag --k8s-cluster-name.
	// +optional
	ClusterName string `json:"clusterName,omitempty"`
	// Where events are delivered to.
	Destination Destination `json:"destination"`
	// What a topic of Azure Event Grid asks for: the parameter accessKey, or podIdentity azure-workload.
	// +optional
	AuthenticationRef *kedav1alpha1.AuthenticationRef `json:"authenticationRef,omitempty"`
	// Which types of events are delivered. Default: all.
	// +optional
	EventSubscription EventSubscription `json:"eventSubscription,omitempty,omitzero"`
}

// Destination is one of its fields; http wins if both are set.
type Destination struct {
	// +optional
	HTTP *CloudEventHTTP `json:"http,omitempty"`
	// +optional
	AzureEventGridTopic *AzureEventGridTopicSpec `json:"azureEventGridTopic,omitempty"`
}

// CloudEventHTTP is a server that takes CloudEvents by HTTP POST.
type CloudEventHTTP struct {
	// http or https URL.
	URI string `json:"uri"`
}

// AzureEventGridTopicSpec is a topic of Azure Event Grid whose input schema is CloudEvents 1.0.
type AzureEventGridTopicSpec struct {
	// Endpoint of the topic, for example https://my-topic.eastus-1.eventgrid.azure.net/api/events.
	Endpoint string `json:"endpoint"`
}

// EventSubscription restricts the types of events by one of its fields.
type EventSubscription struct {
	// Only these types are delivered.
	// +optional
	IncludedEventTypes []CloudEventType `json:"includedEventTypes,omitempty"`
	// All types but these are delivered.
	// +optional
	ExcludedEventTypes []CloudEventType `json:"excludedEventTypes,omitempty"`
}

// CloudEventSourceStatus says whether delivery works.
type CloudEventSourceStatus struct {
	// Active is True while events are delivered, and False with the reason while they are not.
	// +optional
	Conditions kedav1alpha1.Conditions `json:"conditions,omitempty"`
}

// Reasons of the Active condition of both kinds.
const (
	ReasonCloudEventSourceActive = "CloudEventSourceActive"
	ReasonCloudEventSourceFailed = "CloudEventSourceFailed"
)
