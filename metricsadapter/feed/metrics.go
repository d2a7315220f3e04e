// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/prometheus/client_golang/prometheus"
)

// clientMetrics are what a client tells Prometheus: KEDA's gRPC metrics under
// KEDA's names, and the state of the mirror.
type clientMetrics struct {
	rpcs      *grpcprom.ClientMetrics
	connects  prometheus.Counter
	refreshes *prometheus.CounterVec
	state     []prometheus.Collector
}

func newClientMetrics(c *Client) *clientMetrics {
	const (
		grpcNamespace = "keda_internal_metricsservice"
		namespace     = "keda_metricsadapter_feed"
	)
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, value)
	}
	return &clientMetrics{
		rpcs: grpcprom.NewClientMetrics(
			grpcprom.WithClientCounterOptions(grpcprom.WithNamespace(grpcNamespace)),
			grpcprom.WithClientHandlingTimeHistogram(
				grpcprom.WithHistogramNamespace(grpcNamespace),
				grpcprom.WithHistogramBuckets([]float64{.001, .01, .1, .3, .6, 1, 3, 6, 9, 20, 30, 60, 90, 120}),
			),
		),
		connects: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "connects_total",
			Help: "Streams from a leading controller that were opened.",
		}),
		refreshes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "refreshes_total",
			Help: "Requests for a newer value, by result: answered, timeout, refused, skipped.",
		}, []string{"result"}),
		state: []prometheus.Collector{
			gauge("connected", "1 while a stream from the leading controller is open.", func() float64 {
				if c.link.Load() == nil {
					return 0
				}
				return 1
			}),
			gauge("objects", "ScaledObjects whose metrics are held.", func() float64 {
				return float64(c.mirror.objects.Load())
			}),
			gauge("silence_seconds", "Time since the last message from the leading controller; 0 before the first.", func() float64 {
				silent, _ := c.mirror.silence()
				return silent.Seconds()
			}),
		},
	}
}

func (m *clientMetrics) register(registerer prometheus.Registerer) error {
	for _, collector := range append(m.state, m.rpcs, m.connects, m.refreshes) {
		if err := registerer.Register(collector); err != nil {
			return err
		}
	}
	return nil
}
