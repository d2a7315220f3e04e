// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package server is the external metrics API (external.metrics.k8s.io/v1beta1)
// on which HPAs rely. A request names a metric of a ScaledObject; the answer
// comes from memory, which package feed keeps up to date. Run assembles the
// process; metricsadapter/main.go only parses its flags.
package server

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/metrics/pkg/apis/external_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider/defaults"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed"
)

// nameLabel selects the ScaledObject whose metric is asked for.
const nameLabel = v1alpha1.LabelScaledObjectName

// Source has the answers.
type Source interface {
	// Latest returns the answer that is held, without I/O. Errors are
	// *feed.UnknownError and *feed.UnavailableError.
	Latest(namespace, object, metric string) (feed.Answer, error)
	// Refresh returns an answer no older than maxAge, if there is one within a
	// small bound.
	Refresh(ctx context.Context, namespace, object, metric string, maxAge time.Duration) (answer feed.Answer, ok bool)
}

// Provider answers requests from a Source.
type Provider struct {
	defaults.DefaultExternalMetricsProvider
	source       Source
	refreshAfter time.Duration
	reads        *prometheus.CounterVec
	ages         prometheus.Histogram
}

var _ provider.ExternalMetricsProvider = (*Provider)(nil)

// NewProvider returns a Provider that asks for a newer answer where the one that
// is held is older than refreshAfter.
func NewProvider(source Source, refreshAfter time.Duration) *Provider {
	const namespace = "keda_metricsadapter"
	return &Provider{
		source: source, refreshAfter: refreshAfter,
		reads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "reads_total",
			Help: "Requests for a metric, by result: value, source_error, unknown, unavailable, invalid.",
		}, []string{"result"}),
		ages: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "value_age_seconds",
			Help:    "Age of the values that were returned.",
			Buckets: []float64{.005, .01, .05, .1, .5, 1, 5, 10, 15, 30, 60, 300},
		}),
	}
}

// Describe implements prometheus.Collector.
func (p *Provider) Describe(descs chan<- *prometheus.Desc) {
	p.reads.Describe(descs)
	p.ages.Describe(descs)
}

// Collect implements prometheus.Collector.
func (p *Provider) Collect(metrics chan<- prometheus.Metric) {
	p.reads.Collect(metrics)
	p.ages.Collect(metrics)
}

// GetExternalMetric implements provider.ExternalMetricsProvider.
func (p *Provider) GetExternalMetric(ctx context.Context, namespace string, selector labels.Selector, info provider.ExternalMetricInfo) (*external_metrics.ExternalMetricValueList, error) {
	object, ok := selector.RequiresExactMatch(nameLabel)
	if !ok || object == "" {
		p.reads.WithLabelValues("invalid").Inc()
		return nil, apierrors.NewBadRequest(fmt.Sprintf(
			"metric %s: the request does not say whose metric it is: add labelSelector=%s=<name of the ScaledObject>", info.Metric, nameLabel))
	}
	answer, err := p.answer(ctx, namespace, object, info.Metric)
	if err != nil {
		return nil, p.refuse(err)
	}
	if answer.Error != "" {
		p.reads.WithLabelValues("source_error").Inc()
		return nil, failure(http.StatusInternalServerError, metav1.StatusReasonInternalError,
			fmt.Sprintf("metric %s of ScaledObject %s/%s: %s", info.Metric, namespace, object, answer.Error))
	}
	value, err := quantity(answer.Value)
	if err != nil {
		p.reads.WithLabelValues("source_error").Inc()
		return nil, failure(http.StatusInternalServerError, metav1.StatusReasonInternalError,
			fmt.Sprintf("metric %s of ScaledObject %s/%s: %v", info.Metric, namespace, object, err))
	}
	p.reads.WithLabelValues("value").Inc()
	p.ages.Observe(answer.Age.Seconds())
	return &external_metrics.ExternalMetricValueList{Items: []external_metrics.ExternalMetricValue{{
		MetricName: info.Metric, Value: value, Timestamp: metav1.NewTime(answer.At),
	}}}, nil
}

// answer prefers a fresh answer, and is content with the one that is held.
func (p *Provider) answer(ctx context.Context, namespace, object, metric string) (feed.Answer, error) {
	held, err := p.source.Latest(namespace, object, metric)
	if err == nil && held.Age <= p.refreshAfter {
		return held, nil
	}
	// The object may be so new that the leader knows it and we do not.
	if fresh, ok := p.source.Refresh(ctx, namespace, object, metric, p.refreshAfter); ok {
		return fresh, nil
	}
	return held, err
}

// refuse translates the errors of a Source.
func (p *Provider) refuse(err error) error {
	if unknown := new(feed.UnknownError); errors.As(err, &unknown) {
		p.reads.WithLabelValues("unknown").Inc()
		return failure(http.StatusNotFound, metav1.StatusReasonNotFound, err.Error())
	}
	p.reads.WithLabelValues("unavailable").Inc()
	return failure(http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, err.Error())
}

// failure is an error of the API with exactly this message, which the HPA shows
// in its condition.
func failure(code int32, reason metav1.StatusReason, message string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message,
	}}
}

// quantity writes a value in thousandths, the precision of an HPA's arithmetic,
// or in whole numbers where thousandths would overflow.
func quantity(value float64) (resource.Quantity, error) {
	const limit = 1 << 53 // beyond it a float64 has no thousandths anyway
	switch {
	case math.IsNaN(value) || math.IsInf(value, 0):
		return resource.Quantity{}, fmt.Errorf("the source's value %v is not a finite number", value)
	case math.Abs(value) < limit/1000:
		return *resource.NewMilliQuantity(int64(math.Round(value*1000)), resource.DecimalSI), nil
	default:
		// The conversion saturates on purpose: an HPA is at its maximum long before.
		whole := math.Max(math.Min(math.Round(value), math.MaxInt64/2), math.MinInt64/2)
		return *resource.NewQuantity(int64(whole), resource.DecimalSI), nil
	}
}
