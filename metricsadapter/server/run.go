// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"
	"k8s.io/apiserver/pkg/server/healthz"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/component-base/metrics/legacyregistry"
	apimetrics "sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver/metrics"

	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed"
)

// Run serves until ctx ends, and then returns nil; if ctx ends while it still
// waits for the certificate files to appear, it says so. Options are used up by
// it.
func Run(ctx context.Context, o *Options) error {
	if err := o.complete(); err != nil {
		return err
	}
	certDir := o.base.SecureServing.ServerCert.CertDirectory
	if err := feed.WaitForFiles(ctx, certDir); err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	follower, err := o.follower(certDir, registry)
	if err != nil {
		return err
	}
	answers := NewProvider(follower, o.RefreshAfter)
	if err := registry.Register(answers); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	o.base.WithExternalMetrics(answers)
	api, err := o.base.Server()
	if err != nil {
		return fmt.Errorf("set up the external metrics API: %w", err)
	}
	held := healthz.NamedCheck("feed", func(*http.Request) error { return follower.Ready() })
	if err := api.GenericAPIServer.AddReadyzChecks(held); err != nil {
		return fmt.Errorf("set up the readiness probe: %w", err)
	}

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return follower.Run(ctx) })
	group.Go(func() error { return api.GenericAPIServer.PrepareRun().RunWithContext(ctx) })
	if o.MetricsPort != 0 {
		// Only a second Run in one process finds it registered already.
		_ = apimetrics.RegisterMetrics(legacyregistry.Register)
		group.Go(func() error { return serveMetrics(ctx, o.MetricsPort, everything(registry)) })
	}
	if o.OldMetricsPort != 0 {
		old := prometheus.NewRegistry()
		old.MustRegister(follower.OldMetrics())
		group.Go(func() error { return serveMetrics(ctx, o.OldMetricsPort, old) })
	}
	return group.Wait()
}

// follower is the client of the leader's feed.
func (o *Options) follower(certDir string, registry prometheus.Registerer) (*feed.Client, error) {
	locate := feed.FixedAddress(o.FeedAddress)
	if o.FeedAddress == "" {
		config, err := o.base.ClientConfig()
		if err != nil {
			return nil, fmt.Errorf("find the controllers' Lease: %w", err)
		}
		leases, err := coordination.NewForConfig(config)
		if err != nil {
			return nil, fmt.Errorf("find the controllers' Lease: %w", err)
		}
		locate = feed.LeaseLocator(leases, o.LeaseNamespace, o.LeaseName)
	}
	host, err := os.Hostname()
	if err != nil {
		host = name // only a name in the leader's log
	}
	return feed.New(feed.Options{
		Locate: locate, TLS: feed.DirTLS(certDir, o.FeedServerName), Follower: host,
		StaleAfter: o.StaleAfter, RefreshTimeout: o.RefreshTimeout, Registerer: registry,
	})
}

// everything joins our metrics and those of the API server library, which has a
// registry of its own with the Go runtime's and the process's.
func everything(ours prometheus.Gatherer) prometheus.Gatherers {
	return prometheus.Gatherers{ours, legacyregistry.DefaultGatherer}
}

// serveMetrics serves Prometheus metrics until ctx ends.
func serveMetrics(ctx context.Context, port int, metrics prometheus.Gatherer) error {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}

	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("serve Prometheus metrics: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve Prometheus metrics: %w", err)
	}
	return nil
}
