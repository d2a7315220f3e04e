// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package observe_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// loadOfWeb is the trigger that asks in these tests.
var loadOfWeb = observe.Source{Metric: "s0-prometheus", Trigger: "load", Name: "load"}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestRequestsThatGetNoAnswerAreCounted: a source that refuses connections shows in
// the requests, where an alert on the share of good answers looks.
//
// Differs: Metrics
// KEDA: keda_scaler_http_requests_total counts a request only once it was answered, so a source that is down shows as no requests at all.
// Here: a request without an answer counts with status_code "error".
// Why: the worst outage is otherwise the one that the metric does not show.
// Old: leave out status_code="error" in the query.
func TestRequestsThatGetNoAnswerAreCounted(t *testing.T) {
	for name, high := range map[string]bool{"by type": false, "by object": true} {
		t.Run(name, func(t *testing.T) {
			registry := prometheus.NewPedanticRegistry()
			m := observe.New(registry, "", "")
			m.Series(web, []observe.Source{loadOfWeb})
			refuse := false
			transport := m.Requests(registry, high).Observe(roundTripper(func(*http.Request) (*http.Response, error) {
				if refuse {
					return nil, errors.New("connection refused")
				}
				return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
			}))
			ask := func(of *scaler.Asker) {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://source", nil)
				if err != nil {
					t.Fatal(err)
				}
				if of != nil {
					req = req.WithContext(scaler.WithAsker(t.Context(), *of))
				}
				resp, err := transport.RoundTrip(req)
				if err == nil {
					_ = resp.Body.Close()
				}
			}
			asker := &scaler.Asker{Namespace: "default", Object: "web", Type: "prometheus", Trigger: "load", Metric: "s0-prometheus"}
			ask(asker)
			ask(asker)
			ask(nil) // not for a query
			refuse = true
			ask(asker)
			expect(t, registry, `
# HELP keda_scaler_http_requests_total HTTP requests to event sources.
# TYPE keda_scaler_http_requests_total counter
keda_scaler_http_requests_total{metric_name="s0-prometheus",namespace="default",scaled_resource="web",scaler="prometheus",status_code="200",trigger_name="load"} 2
keda_scaler_http_requests_total{metric_name="s0-prometheus",namespace="default",scaled_resource="web",scaler="prometheus",status_code="error",trigger_name="load"} 1
`, "keda_scaler_http_requests_total")
			m.Forget(web)
			left, err := testutil.GatherAndCount(registry, "keda_scaler_http_requests_total", "keda_scaler_http_request_duration_seconds")
			if err != nil {
				t.Fatal(err)
			}
			if want := map[bool]int{false: 2, true: 0}[high]; left != want {
				t.Errorf("of an object that is gone %d series are left, want %d", left, want)
			}
		})
	}
}

// TestRequestsAreOfTriggersThatAreThere: the series of a trigger go with it, also when
// a request of it is on its way, and not with another object of its name.
func TestRequestsAreOfTriggersThatAreThere(t *testing.T) {
	const counted = `
# HELP keda_scaler_http_requests_total HTTP requests to event sources.
# TYPE keda_scaler_http_requests_total counter
keda_scaler_http_requests_total{metric_name="s0-prometheus",namespace="default",scaled_resource="web",scaler="prometheus",status_code="200",trigger_name="load"} 1
`
	job := sample.Object{Kind: "ScaledJob", Namespace: "default", Name: "web"}
	for _, test := range []struct {
		name     string
		meantime func(*observe.Metrics)
		after    func(*observe.Metrics)
		want     string
	}{
		{"object deleted while asked", func(m *observe.Metrics) { m.Forget(web) }, nil, ""},
		{"trigger renamed while asked", func(m *observe.Metrics) {
			m.Series(web, []observe.Source{{Metric: "s0-prometheus", Trigger: "rate", Name: "rate"}})
		}, nil, ""},
		{"trigger removed", nil, func(m *observe.Metrics) { m.Series(web, nil) }, ""},
		{"ScaledJob of the same name deleted", nil, func(m *observe.Metrics) { m.Forget(job) }, counted},
	} {
		t.Run(test.name, func(t *testing.T) {
			registry := prometheus.NewPedanticRegistry()
			m := observe.New(registry, "", "")
			m.Series(web, []observe.Source{loadOfWeb})
			m.Series(job, []observe.Source{{Metric: "s0-kafka", Trigger: "kafka"}})
			transport := m.Requests(registry, false).Observe(roundTripper(func(*http.Request) (*http.Response, error) {
				if test.meantime != nil {
					test.meantime(m)
				}
				return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
			}))
			ctx := scaler.WithAsker(t.Context(), scaler.Asker{Namespace: "default", Object: "web", Type: "prometheus", Trigger: "load", Metric: "s0-prometheus"})
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://source", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if test.after != nil {
				test.after(m)
			}
			expect(t, registry, test.want, "keda_scaler_http_requests_total")
		})
	}
}
