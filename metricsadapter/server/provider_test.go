// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"pgregory.net/rapid"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed"
)

var measured = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

// source is a scripted Source.
type source struct {
	held      feed.Answer
	err       error
	fresh     *feed.Answer
	refreshes int
}

func (s *source) Latest(namespace, object, metric string) (feed.Answer, error) {
	if namespace != "shop" || object != "orders" || metric != "s0-redis-orders" {
		return feed.Answer{}, &feed.UnknownError{Namespace: namespace, Object: object, Metric: metric, Known: []string{"s0-redis-orders"}}
	}
	return s.held, s.err
}

func (s *source) Refresh(context.Context, string, string, string, time.Duration) (feed.Answer, bool) {
	s.refreshes++
	if s.fresh == nil {
		return feed.Answer{}, false
	}
	return *s.fresh, true
}

func TestGetExternalMetric(t *testing.T) {
	young := feed.Answer{Value: 12.5, At: measured, Age: 900 * time.Millisecond}
	old := feed.Answer{Value: 7, At: measured, Age: 15 * time.Second}
	tests := []struct {
		name     string
		source   source
		selector string
		metric   string

		value     string
		code      int32
		message   string
		refreshes int
	}{
		{name: "young", source: source{held: young}, value: "12500m"},
		{name: "old, no newer one", source: source{held: old}, value: "7", refreshes: 1},
		{name: "old, newer one", source: source{held: old, fresh: &young}, value: "12500m", refreshes: 1},
		{name: "not here yet, but at the leader", source: source{err: &feed.UnknownError{}, fresh: &young}, value: "12500m", refreshes: 1},
		{name: "further labels do no harm", source: source{held: young}, selector: "a=b," + nameLabel + "=orders", value: "12500m"},
		{name: "no selector", selector: "-", code: http.StatusBadRequest, message: nameLabel + "=<name"},
		{name: "another selector", selector: "app=orders", code: http.StatusBadRequest, message: "labelSelector="},
		{name: "inexact selector", selector: nameLabel + " in (orders,others)", code: http.StatusBadRequest, message: "labelSelector="},
		{name: "unknown metric", metric: "s9", code: http.StatusNotFound, message: `has no metric "s9"; it has s0-redis-orders`, refreshes: 1},
		{name: "unknown object", selector: nameLabel + "=gone", code: http.StatusNotFound, message: "ScaledObject shop/gone", refreshes: 1},
		{name: "leader away", source: source{err: &feed.UnavailableError{Silent: 6 * time.Minute}},
			code: http.StatusServiceUnavailable, message: "for 6m0s", refreshes: 1},
		{name: "source failed", source: source{held: feed.Answer{Error: "dial tcp: refused"}},
			code: http.StatusInternalServerError, message: "metric s0-redis-orders of ScaledObject shop/orders: dial tcp: refused"},
		{name: "not a number", source: source{held: feed.Answer{Value: math.NaN()}}, code: http.StatusInternalServerError, message: "NaN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			selector, metric := nameLabel+"=orders", "s0-redis-orders"
			if tt.selector != "" {
				selector = strings.TrimPrefix(tt.selector, "-")
			}
			if tt.metric != "" {
				metric = tt.metric
			}
			parsed, err := labels.Parse(selector)
			if err != nil {
				t.Fatal(err)
			}
			list, err := NewProvider(&tt.source, time.Second).GetExternalMetric(t.Context(), "shop", parsed, provider.ExternalMetricInfo{Metric: metric})
			if tt.source.refreshes != tt.refreshes {
				t.Errorf("%d refreshes, want %d", tt.source.refreshes, tt.refreshes)
			}
			if tt.code != 0 {
				status, ok := err.(apierrors.APIStatus) // the API server needs the type itself
				if !ok || status.Status().Code != tt.code || !strings.Contains(err.Error(), tt.message) {
					t.Errorf("error %v, want %d with %q", err, tt.code, tt.message)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			item := list.Items[0]
			if len(list.Items) != 1 || item.Value.String() != tt.value || !item.Timestamp.Time.Equal(measured) || item.MetricName != metric {
				t.Errorf("got %+v, want %s of %s", list.Items, tt.value, measured)
			}
		})
	}
}

func TestProviderCounts(t *testing.T) {
	p := NewProvider(&source{held: feed.Answer{Value: 1}}, time.Second)
	for _, object := range []string{"orders", "orders", "gone"} {
		selector := labels.SelectorFromSet(labels.Set{nameLabel: object})
		_, _ = p.GetExternalMetric(t.Context(), "shop", selector, provider.ExternalMetricInfo{Metric: "s0-redis-orders"})
	}
	if err := testutil.CollectAndCompare(p, strings.NewReader(`
# HELP keda_metricsadapter_reads_total Requests for a metric, by result: value, source_error, unknown, unavailable, invalid.
# TYPE keda_metricsadapter_reads_total counter
keda_metricsadapter_reads_total{result="unknown"} 1
keda_metricsadapter_reads_total{result="value"} 2
`), "keda_metricsadapter_reads_total"); err != nil {
		t.Error(err)
	}
}

// TestQuantity: any finite value comes out within half a thousandth, or within
// float64's own precision, and order is kept.
func TestQuantity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float64Range(-1e18, 1e18).Draw(t, "a"), rapid.Float64Range(-1e18, 1e18).Draw(t, "b")
		qa, errA := quantity(a)
		qb, errB := quantity(b)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if got := qa.AsApproximateFloat64(); math.Abs(got-a) > 0.000501+math.Abs(a)*1e-12 {
			t.Fatalf("%v became %v", a, got)
		}
		if a < b && qa.Cmp(qb) > 0 {
			t.Fatalf("%v < %v but %s > %s", a, b, qa.String(), qb.String())
		}
	})
	for value, want := range map[float64]string{0: "0", 1: "1", 0.0004: "0", 0.0005: "1m", -2.5: "-2500m", 3e12: "3T", math.MaxFloat64: "4611686018427387904"} {
		if got, err := quantity(value); err != nil || got.String() != want {
			t.Errorf("%v: %s, want %s (%v)", value, got.String(), want, err)
		}
	}
	for _, value := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if got, err := quantity(value); err == nil {
			t.Errorf("%v: %s", value, got.String())
		}
	}
}

// BenchmarkGetExternalMetric measures a read below the HTTP layer.
func BenchmarkGetExternalMetric(b *testing.B) {
	p := NewProvider(&source{held: feed.Answer{Value: 12.5, At: measured}}, time.Second)
	selector := labels.SelectorFromSet(labels.Set{nameLabel: "orders"})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.GetExternalMetric(b.Context(), "shop", selector, provider.ExternalMetricInfo{Metric: "s0-redis-orders"}); err != nil {
			b.Fatal(err)
		}
	}
}
