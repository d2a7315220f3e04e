// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package eventing

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"

	"github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
	kedav1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// corresponding maps the reasons of Kubernetes events to types of CloudEvents. The
// other reasons have none.
var corresponding = map[string]v1alpha1.CloudEventType{
	kedav1alpha1.EventScaledObjectReady:        v1alpha1.ScaledObjectReadyType,
	kedav1alpha1.EventScaledObjectCheckFailed:  v1alpha1.ScaledObjectFailedType,
	kedav1alpha1.EventScaledObjectUpdateFailed: v1alpha1.ScaledObjectFailedType,
	kedav1alpha1.EventScaledObjectDeleted:      v1alpha1.ScaledObjectRemovedType,
	kedav1alpha1.EventScaledObjectPaused:       v1alpha1.ScaledObjectPausedType,
	kedav1alpha1.EventScaledObjectUnpaused:     v1alpha1.ScaledObjectUnpausedType,

	kedav1alpha1.EventScaledJobReady:                   v1alpha1.ScaledJobReadyType,
	kedav1alpha1.EventScaledJobCheckFailed:             v1alpha1.ScaledJobFailedType,
	kedav1alpha1.EventScaledJobUpdateFailed:            v1alpha1.ScaledJobFailedType,
	kedav1alpha1.EventScaledJobDeleted:                 v1alpha1.ScaledJobRemovedType,
	kedav1alpha1.EventScaledJobPaused:                  v1alpha1.ScaledJobPausedType,
	kedav1alpha1.EventScaledJobUnpaused:                v1alpha1.ScaledJobUnpausedType,
	kedav1alpha1.EventScaledJobRolloutCleanupStarted:   v1alpha1.ScaledJobRolloutCleanupStartedType,
	kedav1alpha1.EventScaledJobRolloutCleanupCompleted: v1alpha1.ScaledJobRolloutCleanupCompletedType,
	kedav1alpha1.EventScaledJobRolloutCleanupFailed:    v1alpha1.ScaledJobRolloutCleanupFailedType,

	kedav1alpha1.EventTriggerAuthenticationAdded:          v1alpha1.TriggerAuthenticationCreatedType,
	kedav1alpha1.EventTriggerAuthenticationUpdated:        v1alpha1.TriggerAuthenticationUpdatedType,
	kedav1alpha1.EventTriggerAuthenticationDeleted:        v1alpha1.TriggerAuthenticationRemovedType,
	kedav1alpha1.EventClusterTriggerAuthenticationAdded:   v1alpha1.ClusterTriggerAuthenticationCreatedType,
	kedav1alpha1.EventClusterTriggerAuthenticationUpdated: v1alpha1.ClusterTriggerAuthenticationUpdatedType,
	kedav1alpha1.EventClusterTriggerAuthenticationDeleted: v1alpha1.ClusterTriggerAuthenticationRemovedType,
}

// Recorder records Kubernetes events, and hands those that correspond to a
// CloudEvent to a Hub. It implements events.EventRecorder.
type Recorder struct {
	events.EventRecorder
	Hub *Hub
}

// Eventf implements events.EventRecorder.
func (r *Recorder) Eventf(regarding, related runtime.Object, kind, reason, action, note string, args ...any) {
	r.EventRecorder.Eventf(regarding, related, kind, reason, action, note, args...)
	cloudEvent, ok := corresponding[reason]
	if !ok {
		return
	}
	object, err := meta.Accessor(regarding)
	if err != nil {
		return
	}
	r.Hub.Emit(Event{
		Type: cloudEvent, Namespace: object.GetNamespace(), Kind: kindOf(regarding), Name: object.GetName(),
		Reason: reason, Message: fmt.Sprintf(note, args...),
	})
}

// kindOf names the kinds that there are CloudEvents of: objects that were read
// from the cache do not say it.
func kindOf(object runtime.Object) string {
	switch object.(type) {
	case *kedav1alpha1.ScaledObject:
		return kedav1alpha1.KindScaledObject
	case *kedav1alpha1.ScaledJob:
		return kedav1alpha1.KindScaledJob
	case *kedav1alpha1.TriggerAuthentication:
		return kedav1alpha1.KindTriggerAuthentication
	case *kedav1alpha1.ClusterTriggerAuthentication:
		return kedav1alpha1.KindClusterTriggerAuthentication
	}
	return object.GetObjectKind().GroupVersionKind().Kind
}
