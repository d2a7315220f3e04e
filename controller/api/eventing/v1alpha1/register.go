// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupName is the API group of all kinds in this package.
const GroupName = "eventing.keda.sh"

// The kinds of this package, as they stand in `kind:`.
const (
	KindCloudEventSource        = "CloudEventSource"
	KindClusterCloudEventSource = "ClusterCloudEventSource"
)

// GroupVersion is eventing.keda.sh/v1alpha1.
var GroupVersion = schema.GroupVersion{Group: GroupName, Version: "v1alpha1"}

// SchemeBuilder collects the registration of this package; AddToScheme runs it on a scheme.
var (
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)
	AddToScheme   = SchemeBuilder.AddToScheme
)

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&CloudEventSource{}, &CloudEventSourceList{},
		&ClusterCloudEventSource{}, &ClusterCloudEventSourceList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
