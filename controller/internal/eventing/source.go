// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package eventing

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
	kedav1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// Source is a CloudEventSource or a ClusterCloudEventSource.
type Source struct {
	Key        Key
	UID        types.UID
	Generation int64
	Spec       *v1alpha1.CloudEventSourceSpec
	// Violations are all that is wrong with it.
	Violations kedav1alpha1.Violations
}

// SourceOf reads an object of one of the two kinds; nil for every other.
func SourceOf(object client.Object) *Source {
	s := &Source{UID: object.GetUID(), Generation: object.GetGeneration()}
	switch o := object.(type) {
	case *v1alpha1.CloudEventSource:
		s.Key.Kind, s.Spec, s.Violations = v1alpha1.KindCloudEventSource, &o.Spec, v1alpha1.ValidateCloudEventSource(o)
	case *v1alpha1.ClusterCloudEventSource:
		s.Key.Kind, s.Spec, s.Violations = v1alpha1.KindClusterCloudEventSource, &o.Spec, v1alpha1.ValidateClusterCloudEventSource(o)
	default:
		return nil
	}
	s.Key.NamespacedName = types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}
	return s
}

// version tells a declaration from those before it, and from that of a source that
// was deleted and made again.
type version struct {
	uid        types.UID
	generation int64
}

func (s *Source) version() version { return version{s.UID, s.Generation} }

// Err says why nothing can be delivered to the source, whatever its sink says.
func (s *Source) Err() error {
	unworkable, _ := s.Violations.Split(kedav1alpha1.Unworkable)
	return unworkable.Err()
}

// Sink is the kind of destination, as the metrics name it.
func (s *Source) Sink() string {
	if s.Spec.Destination.HTTP == nil && s.Spec.Destination.AzureEventGridTopic != nil {
		return "azureEventGridTopic"
	}
	return "http"
}

// subscribers lists the sources that want an event: those of its namespace, and
// those of the cluster.
func (h *Hub) subscribers(e *Event) ([]Source, error) {
	ctx := context.Background() // the cache does not wait
	var found []Source
	add := func(object client.Object) {
		s := SourceOf(object)
		if s.Spec.EventSubscription.Wants(e.Type) && s.Err() == nil {
			found = append(found, *s)
		}
	}
	var everywhere v1alpha1.ClusterCloudEventSourceList
	if err := h.Sources.List(ctx, &everywhere, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("cannot list the sources of the cluster: %w", err)
	}
	for i := range everywhere.Items {
		add(&everywhere.Items[i])
	}
	if e.Namespace == "" {
		return found, nil
	}
	var here v1alpha1.CloudEventSourceList
	if err := h.Sources.List(ctx, &here, client.InNamespace(e.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return found, fmt.Errorf("cannot list the sources of the namespace: %w", err)
	}
	for i := range here.Items {
		add(&here.Items[i])
	}
	return found, nil
}

// errGone is the error of a source that does not exist any more.
var errGone = errors.New("the source is gone")

// read returns a source as it is declared now.
func (h *Hub) read(ctx context.Context, key Key) (*Source, error) {
	var object client.Object = &v1alpha1.CloudEventSource{}
	if key.Kind == v1alpha1.KindClusterCloudEventSource {
		object = &v1alpha1.ClusterCloudEventSource{}
	}
	err := h.Sources.Get(ctx, key.NamespacedName, object)
	if apierrors.IsNotFound(err) {
		return nil, errGone
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s %s: %w", key.Kind, key.NamespacedName, err)
	}
	return SourceOf(object), nil
}
