// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
)

// metric is the sum of a Prometheus metric over the objects of the namespace; pairs
// of a label and its value choose among them. Of a histogram it is the count.
func (e *env) metric(name string, labels ...string) float64 {
	e.Helper()
	families, err := e.ctl.registry.Gather()
	if err != nil {
		e.Fatal(err)
	}
	sum := 0.0
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			if chosen(m, append([]string{"namespace", e.ns}, labels...)) {
				sum += m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}

// chosen says that a series has all the labels.
func chosen(m *dto.Metric, labels []string) bool {
	for pair := range slices.Chunk(labels, 2) {
		if !slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetName() == pair[0] && l.GetValue() == pair[1] }) {
			return false
		}
	}
	return true
}

// is waits for the value of a metric.
func (e *env) is(want float64, name string, labels ...string) {
	e.Helper()
	e.eventually(fmt.Sprintf("%s %v is %v", name, labels, want), func() error {
		if got := e.metric(name, labels...); got != want {
			return fmt.Errorf("it is %v", got)
		}
		return nil
	})
}

// testMetrics: what dashboards show of KEDA, they show of this.
//
// Covers: metric keda_build_info; metric keda_scaler_active; metric keda_scaler_metrics_value; metric keda_scaler_metrics_latency_seconds
// Covers: metric keda_scaled_object_paused; metric keda_scaled_object_errors_total; metric keda_trigger_registered_total
// Covers: metric keda_resource_registered_total; metric keda_internal_scale_loop_latency_seconds
// Covers: metric keda_internal_metricsservice_grpc_server_started_total; metric keda_internal_metricsservice_grpc_server_handled_total
// Covers: metric keda_internal_metricsservice_grpc_server_msg_received_total; metric keda_internal_metricsservice_grpc_server_msg_sent_total
// Covers: metric keda_internal_metricsservice_grpc_server_handling_seconds
//
// Differs: Metrics
// KEDA: The label scaler of a trigger without a name is the name of a Go type, such as redisScaler.
// Here: It is the trigger's type as it stands in the spec, such as redis.
// Why: The type is what users know, and what the label type of keda_trigger_registered_total says in KEDA too.
// Old: give the triggers names; the label is the name then, as in KEDA.
// Differs: Metrics
// KEDA: With --enable-opentelemetry-metrics the same metrics, under other names, are pushed by OTLP.
// Here: They are served to Prometheus only; the flag does not exist.
// Why: One set of names, and an OpenTelemetry Collector reads it with its Prometheus receiver.
// Old: not available
func testMetrics(e *env) {
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	metric := e.isReady("web").Status.ExternalMetricNames[0]
	labels := []string{"metric", metric, "scaledObject", "web", "scaler", "redis", "triggerIndex", "0", "type", "scaledobject"}
	e.is(1, "keda_resource_registered_total", "type", "scaled_object")
	e.is(0, "keda_scaler_active", labels...)
	e.redis.Push(e.list("web"), 6)
	e.is(1, "keda_scaler_active", labels...)
	e.is(6, "keda_scaler_metrics_value", labels...)
	e.is(0, "keda_scaler_detail_errors_total", labels...)
	if got := e.metric("keda_scaler_metrics_latency_seconds", labels...); got <= 0 || got > 10 {
		e.Errorf("the source took %v s", got)
	}
	if got := e.metric("keda_internal_scale_loop_latency_seconds", "type", "scaledobject", "resource", "web"); got <= 0 || got > 10 {
		e.Errorf("the object was looked at %v s late", got)
	}
	e.annotate("web", v1alpha1.AnnotationPaused, "true")
	e.is(1, "keda_scaled_object_paused", "scaledObject", "web")
	e.is(1, "keda_resource_registered_total", "type", "scaled_object") // it is there all the same
	e.annotate("web", v1alpha1.AnnotationPaused, "")
	e.is(0, "keda_scaled_object_paused")
	e.is(0, "keda_scaled_object_errors_total", "scaledObject", "web")
	e.follow() // the feed's own series
	e.eventually("the series that have no namespace", func() error { return e.served(processWide) })
	e.delete(&v1alpha1.ScaledObject{}, "web")
	for _, name := range []string{"keda_resource_registered_total", "keda_scaler_metrics_value", "keda_scaler_active"} {
		e.is(0, name)
	}
}

// processWide are series, and the labels that tell them, that belong to no object.
var processWide = map[string][]string{
	"keda_build_info":                                             {"version", "git_commit", "goversion", "goos", "goarch"},
	"keda_trigger_registered_total":                               {"type"},
	"keda_internal_metricsservice_grpc_server_started_total":      {"grpc_type", "grpc_service", "grpc_method"},
	"keda_internal_metricsservice_grpc_server_handled_total":      {"grpc_type", "grpc_service", "grpc_method", "grpc_code"},
	"keda_internal_metricsservice_grpc_server_msg_received_total": {"grpc_type", "grpc_service", "grpc_method"},
	"keda_internal_metricsservice_grpc_server_msg_sent_total":     {"grpc_type", "grpc_service", "grpc_method"},
	"keda_internal_metricsservice_grpc_server_handling_seconds":   {"grpc_type", "grpc_service", "grpc_method"},
}

// served says which series are missing, or have other labels.
func (e *env) served(want map[string][]string) error {
	families, err := e.ctl.registry.Gather()
	if err != nil {
		return err
	}
	var missing []error
	for name, labels := range want {
		i := slices.IndexFunc(families, func(f *dto.MetricFamily) bool { return f.GetName() == name })
		if i < 0 {
			missing = append(missing, fmt.Errorf("there is no %s", name))
			continue
		}
		for _, label := range families[i].GetMetric()[0].GetLabel() {
			if !slices.Contains(labels, label.GetName()) {
				missing = append(missing, fmt.Errorf("%s has the label %s", name, label.GetName()))
			}
		}
	}
	return errors.Join(missing...)
}

// testReadiness: one alert finds everything that cannot scale, whatever the reason.
//
// Covers: metric keda_scaled_object_ready; metric keda_scaled_job_ready
func testReadiness(e *env) {
	e.apply(deployment("web", 0), e.redisObject("web", ""), e.redisJob("work", longRunning, ""),
		deployment("unreadable", 0), e.redisObjectAt("unreadable", refusing(e), ""),
		"{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: lost}, spec: {scaleTargetRef: {name: lost}, triggers: [{type: redis, metadata: {address: "+e.redis.Address+", listName: x}}]}}",
		strings.Replace(e.redisJob("stuck", longRunning, ""), e.redis.Address, refusing(e), 1))
	e.condition(scaledObject("unreadable"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTriggerError)
	e.condition(scaledObject("lost"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed)
	e.is(1, "keda_scaled_object_ready", "scaledObject", "web")
	e.is(1, "keda_scaled_object_ready") // of the three
	e.is(1, "keda_scaled_job_ready", "scaledJob", "work")
	e.is(1, "keda_scaled_job_ready") // of the two
	e.eventually("those that are not ready show as 0", func() error {
		return errors.Join(e.counts(3, "keda_scaled_object_ready"), e.counts(2, "keda_scaled_job_ready"))
	})
	e.patch(&v1alpha1.ScaledObject{}, "web", `{"spec":{"triggers":[{"type":"redis","metadata":{"address":"x:1","listName":"x"},"authenticationRef":{"name":"nobody"}}]}}`)
	e.is(0, "keda_scaled_object_ready")
	for _, name := range []string{"web", "lost", "unreadable"} {
		e.delete(&v1alpha1.ScaledObject{}, name)
	}
	e.eventually("no series is left", func() error { return e.counts(0, "keda_scaled_object_ready") })
}

// counts says whether so many objects of the namespace have a series.
func (e *env) counts(want int, name string) error {
	families, err := e.ctl.registry.Gather()
	if err != nil {
		return err
	}
	got := 0
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name && chosen(m, []string{"namespace", e.ns}) {
				got++
			}
		}
	}
	if got != want {
		return fmt.Errorf("there are %d of %s, want %d", got, name, want)
	}
	return nil
}

// testRegisteredResources: authentications count as what they are.
//
// Covers: metric keda_resource_registered_total
func testRegisteredResources(e *env) {
	e.apply(`{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: one}, spec: {secretTargetRef: [{name: a, key: b, parameter: password}]}}`,
		e.redisJob("work", longRunning, ""))
	e.is(1, "keda_resource_registered_total", "type", "trigger_authentication")
	e.is(1, "keda_resource_registered_total", "type", "scaled_job")
	e.delete(&v1alpha1.TriggerAuthentication{}, "one")
	e.is(0, "keda_resource_registered_total", "type", "trigger_authentication")
}

// testCountersSurviveChanges: a counter goes on, whatever becomes of the spec.
//
// Covers: metric keda_scaler_detail_errors_total
//
// Differs: Metrics
// KEDA: Every reconcile deletes all series of the object and begins them anew, so counters go back to zero when anything about the object changes.
// Here: Counters live as long as their trigger; a changed spec or annotation, and a pause, leave them as they are.
// Why: A counter that goes back looks like a restart to rate() and hides what came before.
// Old: not available
func testCountersSurviveChanges(e *env) {
	e.apply(deployment("web", 0), e.redisObjectAt("web", refusing(e), ""))
	so := scaledObject("web")
	e.condition(so, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTriggerError)
	e.eventually("two failures", func() error {
		if got := e.metric("keda_scaler_detail_errors_total", "scaledObject", "web"); got < 2 {
			return fmt.Errorf("there are %v", got)
		}
		return nil
	})
	before := e.metric("keda_scaler_detail_errors_total", "scaledObject", "web")
	e.patch(&v1alpha1.ScaledObject{}, "web", `{"spec":{"maxReplicaCount":3}}`)
	e.eventually("the HPA has the new maximum", func() error {
		if h := e.hpa("keda-hpa-web"); h == nil || h.Spec.MaxReplicas != 3 {
			return fmt.Errorf("it is %v", h)
		}
		return nil
	})
	e.annotate("web", v1alpha1.AnnotationPaused, "true")
	e.condition(so, v1alpha1.ConditionPaused, metav1.ConditionTrue, v1alpha1.ReasonScaledObjectPaused)
	if after := e.metric("keda_scaler_detail_errors_total", "scaledObject", "web"); after < before {
		e.Errorf("%v failures became %v", before, after)
	}
}

// testErrorsOfPollsAreCounted: a broken trigger of an object at zero shows.
//
// Covers: metric keda_scaler_detail_errors_total; metric keda_scaled_object_errors_total
//
// Differs: Metrics
// KEDA: The error of a poll is lost before it is counted; only what the HPA asks for counts, and the HPA does not ask for an object at zero. Its broken trigger shows no error.
// Here: Each failed poll counts once, in keda_scaler_detail_errors_total of the trigger and in keda_scaled_object_errors_total.
// Why: An object that cannot wake up is the one that an alert is for.
// Old: not available
func testErrorsOfPollsAreCounted(e *env) {
	e.apply(deployment("web", 0), e.redisObjectAt("web", refusing(e), ""))
	for _, name := range []string{"keda_scaler_detail_errors_total", "keda_scaled_object_errors_total"} {
		e.eventually(name+" counts", func() error {
			if got := e.metric(name, "scaledObject", "web"); got < 2 {
				return fmt.Errorf("there are %v", got)
			}
			return nil
		})
	}
	if got := e.replicas("web"); got != 0 {
		e.Errorf("the object is at %d replicas", got)
	}
}

// testErrorsOfJobsAreCounted: those of a ScaledJob's triggers too, and as its own.
//
// Covers: metric keda_scaled_job_errors_total; metric keda_scaler_detail_errors_total
//
// Differs: Metrics
// KEDA: A failing trigger of a ScaledJob is skipped before it is counted, and where an error of a job is counted at all, keda_scaled_object_errors_total grows too.
// Here: It counts in keda_scaler_detail_errors_total with type scaledjob, and in keda_scaled_job_errors_total only.
// Why: A ScaledJob that cannot read its queue creates no Jobs, and nothing else would tell.
// Old: not available
func testErrorsOfJobsAreCounted(e *env) {
	job := e.redisJob("work", longRunning, "")
	e.apply(strings.Replace(job, e.redis.Address, refusing(e), 1))
	e.eventually("failures of the ScaledJob", func() error {
		detail, job := e.metric("keda_scaler_detail_errors_total", "type", "scaledjob", "scaledObject", "work"), e.metric("keda_scaled_job_errors_total", "scaledJob", "work")
		if detail < 2 || job < 2 {
			return fmt.Errorf("there are %v and %v", detail, job)
		}
		return nil
	})
	if got := e.metric("keda_scaled_object_errors_total"); got != 0 {
		e.Errorf("a ScaledJob counted %v errors of ScaledObjects", got)
	}
}

// prometheusObject is a ScaledObject of a Deployment of the same name, with one
// prometheus trigger.
func prometheusObject(name, url, more string) string {
	return fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: %[1]s}
spec:
  scaleTargetRef: {name: %[1]s}
  pollingInterval: 1
  triggers: [{type: prometheus, name: load, metadata: {serverAddress: %[2]q, query: "sum(load)", threshold: "5"%[3]s}}]
`, name, url, more)
}

// testEmptyAnswers: a query without a result is told apart from a failure.
//
// Covers: metric keda_scaler_empty_upstream_responses_total
func testEmptyAnswers(e *env) {
	server := source.HTTP(e.T)
	server.Answer(http.StatusOK, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
	e.apply(deployment("lenient", 0), prometheusObject("lenient", server.URL, ""),
		deployment("strict", 0), prometheusObject("strict", server.URL, `, ignoreNullValues: "false"`))
	e.isReady("lenient")
	e.condition(scaledObject("strict"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTriggerError, "the result is empty")
	for object, ignored := range map[string]string{"lenient": "true", "strict": "false"} {
		e.eventually("empty answers for "+object, func() error {
			got := e.metric("keda_scaler_empty_upstream_responses_total", "scaledResource", object, "triggerName", "load",
				"metricName", "s0-prometheus", "resourceType", "ScaledObject", "ignoreNullValues", ignored)
			if got < 2 {
				return fmt.Errorf("there are %v", got)
			}
			return nil
		})
	}
}

// testSharedQueriesAreOneRequest: what is counted is what the source gets.
//
// Covers: metric keda_scaler_http_requests_total; metric keda_scaler_http_request_duration_seconds
//
// Differs: Metrics
// KEDA: Each object asks for itself, so keda_scaler_http_requests_total has one series for each object that asks the same.
// Here: Objects that ask the same question share one request, which counts for the one that asked first.
// Why: The metric says what the source has to bear, and its sum is right.
// Old: not available
func testSharedQueriesAreOneRequest(e *env) {
	server := source.HTTP(e.T)
	server.Answer(http.StatusOK, `{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"0"]}]}}`)
	e.apply(deployment("one", 0), prometheusObject("one", server.URL, ""))
	e.isReady("one")
	e.apply(deployment("two", 0), prometheusObject("two", server.URL, ""))
	e.isReady("two")
	e.eventually("all requests are counted", func() error {
		counted := e.metric("keda_scaler_http_requests_total", "scaled_resource", "one", "scaler", "prometheus", "trigger_name", "load", "metric_name", "s0-prometheus", "status_code", "200")
		if asked := len(server.Requests()); counted < 3 || float64(asked)-counted > 1 || counted > float64(asked) {
			return fmt.Errorf("%v of %d are", counted, asked)
		}
		return nil
	})
	e.is(0, "keda_scaler_http_requests_total", "scaled_resource", "two")
	e.eventually("their duration is known by type", func() error {
		return e.served(map[string][]string{"keda_scaler_http_request_duration_seconds": {"scaler", "status_code"}})
	})
}
