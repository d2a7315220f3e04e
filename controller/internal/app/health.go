// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// awaitInstallation waits until the API server serves our kinds, and answers the
// kubelet's probes meanwhile: alive, but not ready. The manager answers them only
// from its start on, and a controller that waits would be restarted again and
// again.
func awaitInstallation(ctx context.Context, o Options) error {
	stop, err := answerProbes(ctx, o.HealthAddress)
	if err != nil {
		return err
	}
	defer stop()
	return awaitKinds(ctx, o.Config, o.Log)
}

// answerProbes serves /healthz and /readyz of a process that waits, until it is
// stopped and the address is free again.
func answerProbes(ctx context.Context, address string) (stop func(), err error) {
	if address == "" || address == "0" {
		return func() {}, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen for probes: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "waiting for the custom resource definitions", http.StatusServiceUnavailable)
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			_ = listener.Close() // the manager will say why it cannot listen
		}
	}()
	return func() {
		_ = server.Close()
		<-ended
	}, nil
}
