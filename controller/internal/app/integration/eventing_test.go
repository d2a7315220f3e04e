// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	eventingv1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/eventsink"
)

// eventingTests are the tests of CloudEvents.
var eventingTests = map[string]func(*env){
	"CloudEventsOfAuthentications": testCloudEventsOfAuthentications,
	"CloudEventsOfScaledJobs":      testCloudEventsOfScaledJobs,
	"CloudEventsOfScaledObjects":   testCloudEventsOfScaledObjects,
	"CloudEventsToAzureEventGrid":  testCloudEventsToAzureEventGrid,
	"CloudEventsToDeadSink":        testCloudEventsToDeadSink,
	"TakenOverCloudEventSource":    testTakenOverCloudEventSource,
}

// cloudEventSource is a source in the namespace of the test. more is added to its
// spec.
func cloudEventSource(name, uri, more string) string {
	return fmt.Sprintf(`
apiVersion: eventing.keda.sh/v1alpha1
kind: CloudEventSource
metadata: {name: %s}
spec:
  destination: {http: {uri: "%s"}}
  %s
`, name, uri, more)
}

// active waits for the condition of a source of the namespace.
func (e *env) active(name string, status metav1.ConditionStatus, reason string, words ...string) {
	e.Helper()
	e.eventually(fmt.Sprintf("%s is Active %s, %s %q", name, status, reason, words), func() error {
		var s eventingv1alpha1.CloudEventSource
		e.get(&s, name)
		c := s.Status.Conditions.Get(v1alpha1.ConditionActive)
		if c.Status != status || c.Reason != reason {
			return fmt.Errorf("it is %s, %s: %s", c.Status, c.Reason, c.Message)
		}
		for _, word := range words {
			if !strings.Contains(c.Message, word) {
				return fmt.Errorf("its message is %q", c.Message)
			}
		}
		return nil
	})
}

// listening creates a source that delivers to a new sink.
func (e *env) listening(more string) *eventsink.Sink {
	e.Helper()
	sink := eventsink.New(e.T)
	e.apply(cloudEventSource("all", sink.URL, more))
	e.active("all", metav1.ConditionTrue, eventingv1alpha1.ReasonCloudEventSourceActive, "http")
	return sink
}

// cloudEvent waits for an event about an object of the namespace, with words in
// its message, and returns it.
func (e *env) cloudEvent(sink *eventsink.Sink, kind, object, reason string, words ...string) eventsink.Event {
	e.Helper()
	var found eventsink.Event
	e.eventually(fmt.Sprintf("event %s about %s", kind, object), func() error {
		var seen []string
		for _, event := range sink.Events() {
			if !strings.HasSuffix(event.Subject, "/"+e.ns+"/"+object) {
				continue
			}
			seen = append(seen, event.Type+" "+event.Data.Reason+": "+event.Data.Message)
			missing := event.Type != kind || event.Data.Reason != reason
			for _, word := range words {
				missing = missing || !strings.Contains(event.Data.Message, word)
			}
			if !missing {
				found = event
				return nil
			}
		}
		return fmt.Errorf("there are %q", seen)
	})
	return found
}

// testCloudEventsOfScaledObjects takes a ScaledObject through its life while two
// sources listen, and looks at what each hears.
//
// Covers: field CloudEventSource.spec.clusterName; field CloudEventSource.spec.destination.http.uri; field CloudEventSource.status.conditions
// Covers: condition CloudEventSource/Active/CloudEventSourceActive
// Covers: cloudevent keda.scaledobject.ready.v1; cloudevent keda.scaledobject.failed.v1; cloudevent keda.scaledobject.removed.v1; cloudevent keda.scaledobject.paused.v1; cloudevent keda.scaledobject.unpaused.v1
func testCloudEventsOfScaledObjects(e *env) {
	all := e.listening("")
	failures := eventsink.New(e.T)
	e.apply(cloudEventSource("failures", failures.URL, "clusterName: north\n  eventSubscription: {includedEventTypes: [keda.scaledobject.failed.v1]}"))
	e.active("failures", metav1.ConditionTrue, eventingv1alpha1.ReasonCloudEventSourceActive)

	e.apply(e.redisObject("web", ""))
	e.cloudEvent(all, "keda.scaledobject.failed.v1", "scaledobject/web", v1alpha1.EventScaledObjectCheckFailed, "Deployment")
	e.apply(deployment("web", 0))
	ready := e.cloudEvent(all, "keda.scaledobject.ready.v1", "scaledobject/web", v1alpha1.EventScaledObjectReady)
	if ready.Source != "/kubernetes-default/keda/keda" || ready.Subject != "/kubernetes-default/"+e.ns+"/scaledobject/web" || ready.SpecVersion != "1.0" {
		e.Errorf("the event is %+v", ready)
	}
	e.annotate("web", v1alpha1.AnnotationPaused, "true")
	e.cloudEvent(all, "keda.scaledobject.paused.v1", "scaledobject/web", v1alpha1.EventScaledObjectPaused)
	e.annotate("web", v1alpha1.AnnotationPaused, "")
	e.cloudEvent(all, "keda.scaledobject.unpaused.v1", "scaledobject/web", v1alpha1.EventScaledObjectUnpaused)
	e.delete(&v1alpha1.ScaledObject{}, "web")
	e.cloudEvent(all, "keda.scaledobject.removed.v1", "scaledobject/web", v1alpha1.EventScaledObjectDeleted)

	e.apply(e.redisObject("other", ""))
	e.cloudEvent(failures, "keda.scaledobject.failed.v1", "scaledobject/other", v1alpha1.EventScaledObjectCheckFailed)
	for _, event := range failures.Events() {
		if event.Type != "keda.scaledobject.failed.v1" || event.Source != "/north/keda/keda" || !strings.HasPrefix(event.Subject, "/north/"+e.ns+"/scaledobject/") {
			e.Errorf("who asked for failures got %+v", event)
		}
	}
}

// testCloudEventsOfScaledJobs does the same with a ScaledJob.
//
// Covers: cloudevent keda.scaledjob.ready.v1; cloudevent keda.scaledjob.failed.v1; cloudevent keda.scaledjob.removed.v1; cloudevent keda.scaledjob.paused.v1; cloudevent keda.scaledjob.unpaused.v1
// Covers: cloudevent keda.scaledjob.rolloutcleanup.started.v1; cloudevent keda.scaledjob.rolloutcleanup.completed.v1
func testCloudEventsOfScaledJobs(e *env) {
	all := e.listening("")
	is := func(kind, reason string, words ...string) {
		e.Helper()
		e.cloudEvent(all, "keda.scaledjob."+kind+".v1", "scaledjob/work", reason, words...)
	}
	annotate := func(value string) {
		e.patch(&v1alpha1.ScaledJob{}, "work", fmt.Sprintf(`{"metadata":{"annotations":{%q:%s}}}`, v1alpha1.AnnotationPaused, value))
	}
	e.apply(e.redisJob("work", longRunning, "maxReplicaCount: 2"))
	is("ready", v1alpha1.EventScaledJobReady)
	e.redis.Push(e.list("work"), 1)
	e.running(1)
	e.apply(e.redisJob("work", longRunning+`, changed: "yes"`, "maxReplicaCount: 2"))
	is("rolloutcleanup.started", v1alpha1.EventScaledJobRolloutCleanupStarted, "1 Job")
	is("rolloutcleanup.completed", v1alpha1.EventScaledJobRolloutCleanupCompleted)
	annotate(`"true"`)
	is("paused", v1alpha1.EventScaledJobPaused)
	annotate("null")
	is("unpaused", v1alpha1.EventScaledJobUnpaused)
	e.patch(&v1alpha1.ScaledJob{}, "work", fmt.Sprintf(
		`{"spec":{"triggers":[{"type":"redis","metadata":{"address":"%s","listName":"x"},"authenticationRef":{"name":"nobody"}}]}}`, e.redis.Address))
	is("failed", v1alpha1.EventScaledJobCheckFailed, "nobody")
	e.delete(&v1alpha1.ScaledJob{}, "work")
	is("removed", v1alpha1.EventScaledJobDeleted)
}

// testCloudEventsOfAuthentications creates, changes and deletes authentications of
// both kinds; a source of the cluster hears of both.
//
// Covers: cloudevent keda.authentication.triggerauthentication.created.v1; cloudevent keda.authentication.triggerauthentication.updated.v1; cloudevent keda.authentication.triggerauthentication.removed.v1
// Covers: cloudevent keda.authentication.clustertriggerauthentication.created.v1; cloudevent keda.authentication.clustertriggerauthentication.updated.v1; cloudevent keda.authentication.clustertriggerauthentication.removed.v1
// Differs: CloudEvents
// KEDA: The change of a TriggerAuthentication is told with the reason ClusterTriggerAuthenticationUpdated.
// Here: The reason is TriggerAuthenticationUpdated.
// Why: Alerts that look for the change of a cluster-wide authentication must not go off for one of a namespace.
// Old: not available
func testCloudEventsOfAuthentications(e *env) {
	here := e.listening("eventSubscription: {excludedEventTypes: [keda.scaledobject.ready.v1]}")
	everywhere := eventsink.New(e.T)
	e.apply(fmt.Sprintf(`{apiVersion: eventing.keda.sh/v1alpha1, kind: ClusterCloudEventSource, metadata: {name: %s},
		spec: {destination: {http: {uri: "%s"}}}}`, e.ns, everywhere.URL))
	e.Cleanup(func() {
		if err := e.c.Delete(cleanupContext(), &eventingv1alpha1.ClusterCloudEventSource{ObjectMeta: metav1.ObjectMeta{Name: e.ns}}); err != nil {
			e.Error(err)
		}
	})
	e.eventually("the source of the cluster is Active", func() error {
		var s eventingv1alpha1.ClusterCloudEventSource
		if err := e.c.Get(e.Context(), client.ObjectKey{Name: e.ns}, &s); err != nil {
			return err
		}
		if c := s.Status.Conditions.Get(v1alpha1.ConditionActive); c.Status != metav1.ConditionTrue {
			return fmt.Errorf("it is %+v", c)
		}
		return nil
	})
	for _, kind := range []string{v1alpha1.KindTriggerAuthentication, v1alpha1.KindClusterTriggerAuthentication} {
		lower := strings.ToLower(kind)
		name, sinks, subject := "redis", []*eventsink.Sink{here, everywhere}, "/kubernetes-default/"+e.ns+"/"+lower+"/redis"
		var object client.Object = &v1alpha1.TriggerAuthentication{ObjectMeta: metav1.ObjectMeta{Namespace: e.ns, Name: name}}
		if kind == v1alpha1.KindClusterTriggerAuthentication {
			name, sinks, subject = e.ns, sinks[1:], "/kubernetes-default//"+lower+"/"+e.ns
			object = &v1alpha1.ClusterTriggerAuthentication{ObjectMeta: metav1.ObjectMeta{Name: name}}
		}
		is := func(happened, reason string) {
			e.Helper()
			for _, sink := range sinks {
				e.eventually(fmt.Sprintf("%s is %s", kind, happened), func() error {
					for _, event := range sink.Events() {
						if event.Subject == subject && event.Type == "keda.authentication."+lower+"."+happened+".v1" && event.Data.Reason == kind+reason {
							return nil
						}
					}
					return fmt.Errorf("there are %+v", sink.Events())
				})
			}
		}
		manifest := "{apiVersion: keda.sh/v1alpha1, kind: " + kind + ", metadata: {name: " + name + "}, spec: {secretTargetRef: [{parameter: password, name: a, key: %s}]}}"
		e.apply(fmt.Sprintf(manifest, "one"))
		is("created", "Added")
		e.apply(fmt.Sprintf(manifest, "two"))
		is("updated", "Updated")
		if err := e.c.Delete(e.Context(), object); err != nil {
			e.Fatal(err)
		}
		is("removed", "Deleted")
	}
}

// testCloudEventsToDeadSink: what is wrong with a sink is in its source's
// condition, costs the other source nothing, and is over when the sink comes back.
//
// Covers: condition CloudEventSource/Active/CloudEventSourceFailed; metric keda_cloudeventsource_events_emitted_total; metric keda_resource_registered_total
func testCloudEventsToDeadSink(e *env) {
	all, dead := e.listening(""), eventsink.New(e.T)
	dead.Answer(http.StatusServiceUnavailable)
	e.apply(cloudEventSource("dead", dead.URL, ""))
	e.active("dead", metav1.ConditionTrue, eventingv1alpha1.ReasonCloudEventSourceActive)
	if got := e.metric("keda_resource_registered_total"); got != 2 {
		e.Errorf("%v resources are registered", got)
	}
	happens := func(name string) {
		e.apply("{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: " + name + "}, spec: {podIdentity: {provider: aws}}}")
		e.cloudEvent(all, "keda.authentication.triggerauthentication.created.v1", "triggerauthentication/"+name, v1alpha1.EventTriggerAuthenticationAdded)
	}
	happens("first")
	e.active("dead", metav1.ConditionFalse, eventingv1alpha1.ReasonCloudEventSourceFailed, "5 attempts", "503 Service Unavailable")
	if asked := dead.Asked(); asked != 5 {
		e.Errorf("it was asked %d times", asked)
	}
	dead.Answer(http.StatusOK)
	happens("second")
	e.cloudEvent(dead, "keda.authentication.triggerauthentication.created.v1", "triggerauthentication/second", v1alpha1.EventTriggerAuthenticationAdded)
	e.active("dead", metav1.ConditionTrue, eventingv1alpha1.ReasonCloudEventSourceActive)
	e.eventually("four events are counted", func() error {
		if got := e.metric("keda_cloudeventsource_events_emitted_total"); got != 4 {
			return fmt.Errorf("there are %v", got)
		}
		return nil
	})
	for _, name := range []string{"all", "dead"} {
		e.delete(&eventingv1alpha1.CloudEventSource{}, name)
	}
	e.eventually("the series are gone with their sources", func() error {
		if events, sources := e.metric("keda_cloudeventsource_events_emitted_total"), e.metric("keda_resource_registered_total", "type", "cloudevent_source"); events != 0 || sources != 0 {
			return fmt.Errorf("there are %v events of %v sources", events, sources)
		}
		return nil
	})
}

// testCloudEventsToAzureEventGrid: what a topic needs is named while it is not
// there, and the key of now is used when it is.
//
// Covers: field CloudEventSource.spec.destination.azureEventGridTopic.endpoint; field CloudEventSource.spec.authenticationRef.name; field CloudEventSource.spec.authenticationRef.kind
func testCloudEventsToAzureEventGrid(e *env) {
	topic := eventsink.EventGrid(e.T, firstPassword)
	e.apply(fmt.Sprintf(`
apiVersion: eventing.keda.sh/v1alpha1
kind: CloudEventSource
metadata: {name: grid}
spec:
  destination: {azureEventGridTopic: {endpoint: "%s"}}
  authenticationRef: {name: grid, kind: TriggerAuthentication}
`, topic.URL))
	e.active("grid", metav1.ConditionFalse, eventingv1alpha1.ReasonCloudEventSourceFailed, "TriggerAuthentication "+e.ns+"/grid does not exist")
	e.apply("{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: grid}, spec: {secretTargetRef: [{parameter: accessKey, name: grid, key: password}]}}",
		secret("grid", firstPassword))
	e.active("grid", metav1.ConditionTrue, eventingv1alpha1.ReasonCloudEventSourceActive, "azureEventGridTopic")
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	e.cloudEvent(topic, "keda.scaledobject.ready.v1", "scaledobject/web", v1alpha1.EventScaledObjectReady)
	e.unspoken("web")
}

// testTakenOverCloudEventSource deletes a source that has KEDA's finalizer.
//
// Differs: CloudEvents
// KEDA: Every source carries the finalizer finalizer.keda.sh, and cannot be deleted while no operator runs.
// Here: Sources carry none; one that KEDA left is taken off when the source is deleted.
// Why: Nothing has to be undone when a source goes.
// Old: not available
func testTakenOverCloudEventSource(e *env) {
	e.apply(strings.Replace(cloudEventSource("old", "http://127.0.0.1:1", ""), "{name: old}", "{name: old, finalizers: [finalizer.keda.sh]}", 1))
	e.active("old", metav1.ConditionTrue, eventingv1alpha1.ReasonCloudEventSourceActive)
	e.delete(&eventingv1alpha1.CloudEventSource{}, "old")
	e.gone(&eventingv1alpha1.CloudEventSource{}, "old")
}
