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

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	eventingv1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
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

// awaitKinds waits until the API server serves our kinds: informers of a kind
// that is not there would end the process, and an installation may create the
// CRDs and the controller in one go.
func awaitKinds(ctx context.Context, config *rest.Config, log logr.Logger) error {
	mapper, err := discovery(config)
	if err != nil {
		return err
	}
	for _, kind := range []schema.GroupVersionKind{
		v1alpha1.GroupVersion.WithKind(v1alpha1.KindScaledObject),
		v1alpha1.GroupVersion.WithKind(v1alpha1.KindScaledJob),
		v1alpha1.GroupVersion.WithKind(v1alpha1.KindTriggerAuthentication),
		v1alpha1.GroupVersion.WithKind(v1alpha1.KindClusterTriggerAuthentication),
		eventingv1alpha1.GroupVersion.WithKind(eventingv1alpha1.KindCloudEventSource),
		eventingv1alpha1.GroupVersion.WithKind(eventingv1alpha1.KindClusterCloudEventSource),
	} {
		told := false
		err := wait.PollUntilContextCancel(ctx, time.Second, true, func(context.Context) (bool, error) {
			_, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
			if err != nil && !told {
				log.Info("waiting for the custom resource definition", "kind", kind.Kind, "reason", err.Error())
				told = true
			}
			return err == nil, nil
		})
		if err != nil {
			return fmt.Errorf("the cluster has no custom resource definition of %s: %w", kind.Kind, err)
		}
	}
	return nil
}

func discovery(config *rest.Config) (meta.RESTMapper, error) {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	mapper, err := apiutil.NewDynamicRESTMapper(config, client)
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	return mapper, nil
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
