// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"strings"
	"testing"

	eventingv1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// TestAdmissionOfCloudEventSources: a source is refused with everything that is
// wrong with it, and may ask for the events of authentications.
//
// Differs: CloudEvents
// KEDA: A source that subscribes to an event of an authentication is refused at admission, although the schema and the documentation have the type.
// Here: It is accepted, and hears of authentications.
// Why: Its type is one of the 19.
// Old: not available
func TestAdmissionOfCloudEventSources(t *testing.T) {
	e := newAdmitted(t, nil)
	e.refuses(cloudEventSource("bad", "nowhere", "eventSubscription: {includedEventTypes: [keda.scaledobject.ready.v1], excludedEventTypes: [keda.scaledobject.failed.v1]}"),
		"spec.destination.http.uri must be a URL", "spec.eventSubscription has includedEventTypes and excludedEventTypes")
	e.refuses("{apiVersion: eventing.keda.sh/v1alpha1, kind: ClusterCloudEventSource, metadata: {name: "+e.ns+", labels: {of: "+e.ns+"}}, spec: {destination: {}}}",
		"spec.destination is empty")
	var types []string
	for _, kind := range eventingv1alpha1.CloudEventTypes() {
		types = append(types, string(kind))
	}
	if err := e.tryApply(cloudEventSource("good", "http://sink.example", "eventSubscription: {includedEventTypes: ["+strings.Join(types, ", ")+"]}")); err != nil {
		e.Errorf("all types at once: %v", err)
	}
}

// TestCloudEventsOfTheLeader: of several replicas one delivers, and another goes on
// where it left off.
func TestCloudEventsOfTheLeader(t *testing.T) {
	e := newOwnEnv(t)
	first, _ := e.lead("first", nil)
	e.leads("first")
	e.lead("second", nil)
	sink := e.listening("")
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	e.cloudEvent(sink, "keda.scaledobject.ready.v1", "scaledobject/web", v1alpha1.EventScaledObjectReady)
	first.stop()
	e.annotate("web", v1alpha1.AnnotationPaused, "true")
	e.leads("second")
	paused := e.cloudEvent(sink, "keda.scaledobject.paused.v1", "scaledobject/web", v1alpha1.EventScaledObjectPaused)
	if paused.Source != "/kubernetes-default/"+e.ns+"/keda" {
		t.Errorf("the source is %s", paused.Source)
	}
	counts := map[string]int{}
	for _, event := range sink.Events() {
		counts[event.Type]++
	}
	if counts["keda.scaledobject.ready.v1"] != 1 || counts["keda.scaledobject.paused.v1"] != 1 {
		t.Errorf("the sink has %v", counts)
	}
}
