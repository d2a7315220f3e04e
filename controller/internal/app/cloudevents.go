// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"net/http"

	"k8s.io/utils/clock"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/eventing"
)

// tellCloudEventSources makes the recorder of events, through which
// CloudEventSources hear of everything that becomes an event.
func (a *app) tellCloudEventSources(resolver *auth.Resolver) {
	a.sink = &eventing.HTTP{
		ClusterName: a.ClusterName, Namespace: a.Namespace, Structured: a.CloudEventsStructured,
		Transport: http.DefaultTransport, Timeout: a.HTTPTimeout, Auth: resolver, Token: eventing.AzureToken,
	}
	hub := eventing.New(eventing.Options{
		Sources: a.mgr.GetClient(), Sender: a.sink, Metrics: eventing.NewMetrics(a.Registry),
		Clock: clock.RealClock{}, Log: a.Log.WithName("eventing"),
	})
	a.recorder = &eventing.Recorder{EventRecorder: a.mgr.GetEventRecorder("keda-operator"), Hub: hub}
}
