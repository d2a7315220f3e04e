// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func web(ctx context.Context, s settings) error { return serve(ctx, s.listen, pages()) }

// pages serves / and counts it; /healthz and /metrics are not counted, or probes and scrapes would be load.
func pages() http.Handler {
	registry := prometheus.NewRegistry()
	requests := prometheus.NewCounter(prometheus.CounterOpts{Name: "http_requests_total", Help: "Pages served."})
	registry.MustRegister(requests)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		requests.Inc()
		_, _ = io.WriteString(w, "hello\n") // the client may be gone
	})
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

// askers is the number of clients that share the rate.
const askers = 20

// load asks for pages. Connections are given up every second, so that pods which are new get their share.
func load(ctx context.Context, s settings) error {
	transport := &http.Transport{MaxIdleConnsPerHost: askers}
	client := &http.Client{Transport: transport, Timeout: 5 * time.Second}
	var asked, failed atomic.Int64
	var all sync.WaitGroup
	for range askers {
		all.Go(func() {
			every(ctx, time.Second*askers/time.Duration(s.rate), func() {
				asked.Add(1)
				if err := ask(ctx, client, s.url); err != nil && ctx.Err() == nil {
					failed.Add(1)
				}
			})
		})
	}
	every(ctx, time.Second, transport.CloseIdleConnections)
	all.Wait()
	fmt.Fprintf(s.log, "asked for %d pages, %d failed\n", asked.Load(), failed.Load())
	return nil
}

// every does something at regular times until ctx ends; times that pass meanwhile are left out.
func every(ctx context.Context, period time.Duration, do func()) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do()
		}
	}
}

func ask(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
