// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// prometheusWeb is story 2: a web service that scales with its requests, counted by a real Prometheus.
func prometheusWeb() story {
	return story{
		name: "prometheus-web", namespace: "web-demo",
		scaler:   "a web service and Prometheus",
		images:   []string{storyImage},
		publics:  []string{prometheusPublic},
		settings: common,
		ready:    func(p *play) fact { return all(p.replicas("web", 1), p.replicas("prometheus", 1)) },
		perform:  browse,
	}
}

func browse(ctx context.Context, p *play) (outcome, error) {
	const name, metric = "web", "s0-prometheus"
	recording, stop := context.WithCancel(ctx)
	defer stop()
	r := p.record(recording, instrument{value: "requests per second", deployment: name, limit: 5, read: func(ctx context.Context) (float64, error) {
		text, err := p.external(ctx, name, metric)
		if err != nil {
			return 0, err
		}
		value, err := resource.ParseQuantity(text)
		return value.AsApproximateFloat64(), err
	}})
	checks, err := p.sequence(ctx, []scene{
		{
			name:   "without load there is one replica, and the metric can be read as kubectl get --raw does",
			holds:  all(p.replicas(name, 1), p.condition(name, "Ready", "True"), p.event(name, "ScaledObjectReady"), p.metricNames(name, metric), p.served(name, metric)),
			within: time.Minute,
		},
		{
			name:  "600 requests per second, at 100 for each, make 5 replicas, the most that are allowed",
			begin: func(ctx context.Context) error { return p.applyFile(ctx, "load.yaml") },
			holds: all(p.replicas(name, 5), p.condition(name, "Active", "True"), p.metric(name, activeMetric, is(1)),
				p.decided(name, "HPA", 5, metric)),
			within: 90 * time.Second,
		},
		{
			name: "when the load ends, one replica remains",
			begin: func(ctx context.Context) error {
				policy := metav1.DeletePropagationBackground
				err := p.kube.BatchV1().Jobs(p.namespace).Delete(ctx, "load", metav1.DeleteOptions{PropagationPolicy: &policy})
				if err != nil {
					return fmt.Errorf("end the load: %w", err)
				}
				return nil
			},
			holds:  all(p.replicas(name, 1), p.condition(name, "Active", "False"), p.metricNames(name, metric), p.decided(name, "HPA", 1, metric)),
			within: 90 * time.Second,
		},
	})
	stop()
	return outcome{checks, r.picture("Requests and who serves them")}, err
}
