// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// sourceKey is the API key of examples/stories/http-fallback.
const sourceKey = "demo-key-demo-key"

// httpFallback is story 4: a number from a web service, with a fallback for when it dies and a pause.
func httpFallback() story {
	return story{
		name: "http-fallback", namespace: "fallback-demo",
		scaler:   "a web service that tells a number, and a worker",
		images:   []string{storyImage},
		settings: common,
		ready:    func(p *play) fact { return p.replicas("source", 1) },
		perform:  outlive,
	}
}

// Names of the metrics that tell of what happens here.
const (
	pausedMetric = "keda_scaled_object_paused"
	activeMetric = "keda_scaler_active"
	errorsMetric = "keda_scaler_detail_errors_total"
)

func outlive(ctx context.Context, p *play) (outcome, error) {
	const name = "worker"
	recording, stop := context.WithCancel(ctx)
	defer stop()
	r := p.record(recording, instrument{value: "sources alive", deployment: name, limit: 10, read: func(ctx context.Context) (float64, error) {
		_, ready, err := p.count(ctx, "source")
		return float64(ready), err
	}})
	pause := func(replicas any) func(context.Context) error {
		return func(ctx context.Context) error {
			return p.terraform(ctx, applyLimit, "apply", map[string]any{"paused_replicas": replicas})
		}
	}
	checks, err := p.sequence(ctx, []scene{
		{
			name: "the source tells 30, at 10 for each that is 3 replicas",
			holds: all(p.replicas(name, 3), p.condition(name, "Ready", "True"), p.condition(name, "Fallback", "False"),
				p.metric(name, pausedMetric, is(0)), p.metric(name, activeMetric, is(1)), p.keyless(), p.stateless(sourceKey)),
			within: 90 * time.Second,
		},
		{
			name:  "the source dies: after more than 2 failures in a row the fallback's 5 replicas",
			begin: func(ctx context.Context) error { return p.sources(ctx, 0) },
			holds: all(p.replicas(name, 5), p.condition(name, "Fallback", "True"), p.event(name, "ScaledObjectFallbackActivated"),
				p.metric(name, errorsMetric, atLeast(3))),
			within: 90 * time.Second,
		},
		{
			name:  "the source returns: 3 replicas",
			begin: func(ctx context.Context) error { return p.sources(ctx, 1) },
			holds: all(p.replicas(name, 3), p.condition(name, "Fallback", "False"), p.condition(name, "Ready", "True"),
				p.event(name, "ScaledObjectFallbackDeactivated"), p.metric(name, activeMetric, is(1))),
			within: 90 * time.Second,
		},
		{
			name:  "terraform apply with paused_replicas = 1 freezes the worker at 1, whatever the source tells",
			begin: pause(1),
			holds: all(p.replicas(name, 1), p.condition(name, "Paused", "True"), p.event(name, "ScaledObjectPaused"),
				p.metric(name, pausedMetric, is(1)), p.noHPA(name)),
			within: time.Minute, stays: hpaPeriod,
		},
		{
			name:  "terraform apply without it thaws: 3 replicas",
			begin: pause(nil),
			holds: all(p.replicas(name, 3), p.condition(name, "Paused", "False"), p.event(name, "ScaledObjectUnpaused"),
				p.metric(name, pausedMetric, is(0)), p.metric(name, activeMetric, is(1))),
			within: 90 * time.Second,
		},
	})
	stop()
	return outcome{checks, r.picture("A source that dies, a pause, and the worker")}, err
}

// keyless holds when the source refuses who has no key, so that the number can only come with it.
func (p *play) keyless() fact {
	return func(ctx context.Context) (string, bool, error) {
		_, err := p.kube.CoreV1().Services(p.namespace).ProxyGet("http", "source", "8080", "value", nil).DoRaw(ctx)
		if apierrors.IsUnauthorized(err) {
			return "the source refuses who has no key", true, nil
		}
		return "the source answers without a key", false, err
	}
}

// sources kills the source or brings it back.
func (p *play) sources(ctx context.Context, n int) error {
	patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, n)
	_, err := p.kube.AppsV1().Deployments(p.namespace).Patch(ctx, "source", types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "demo"})
	if err != nil {
		return fmt.Errorf("scale the source to %d: %w", n, err)
	}
	return nil
}
