// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/certs"
	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed"
)

// follow mirrors the answers of the controller, as a metrics adapter does.
func (e *env) follow() *feed.Client {
	e.Helper()
	return e.followAt(e.ctl.Namespace, feed.FixedAddress(e.ctl.FeedAddress))
}

// followLeader follows whoever holds the Lease.
func (e *env) followLeader(namespace string) *feed.Client {
	e.Helper()
	config, err := testCluster.RESTConfig()
	if err != nil {
		e.Fatal(err)
	}
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		e.Fatal(err)
	}
	return e.followAt(namespace, feed.LeaseLocator(clients.CoordinationV1(), namespace, manifests.LeaseName))
}

func (e *env) followAt(namespace string, locate func(context.Context) (string, error)) *feed.Client {
	e.Helper()
	var secret corev1.Secret
	e.eventually("the certificates", func() error {
		return e.c.Get(e.Context(), client.ObjectKey{Namespace: namespace, Name: manifests.CertSecretName}, &secret)
	})
	dir := e.TempDir()
	if err := certs.FromSecret(secret.Data).WriteDir(dir); err != nil {
		e.Fatal(err)
	}
	follower, err := feed.New(feed.Options{Locate: locate, TLS: feed.DirTLS(dir, manifests.ControllerName+"."+namespace+".svc")})
	if err != nil {
		e.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = follower.Run(ctx) // ends with ctx
	}()
	e.Cleanup(func() {
		cancel()
		<-done
	})
	return follower
}

// answers waits until the HPA would be told a value.
func (e *env) answers(follower *feed.Client, object, metric string, want float64) {
	e.Helper()
	e.eventually(fmt.Sprintf("%s of %s is %v", metric, object, want), func() error {
		answer, err := follower.Latest(e.ns, object, metric)
		if err != nil || answer.Error != "" || answer.Value != want {
			return fmt.Errorf("it is %+v, error %w", answer, err)
		}
		return nil
	})
}
