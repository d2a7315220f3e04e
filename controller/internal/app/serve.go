// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/certs"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
)

// overdueLimit is how late polling may be before the process counts as stuck.
const overdueLimit = time.Minute

func tlsOptions(keeper *certs.Keeper) []func(*tls.Config) {
	return []func(*tls.Config){func(config *tls.Config) {
		server := keeper.ServerTLS()
		config.MinVersion, config.GetCertificate = server.MinVersion, server.GetCertificate
	}}
}

// serveFeed lets metrics adapters mirror the leader's answers.
func (a *app) serveFeed(listener net.Listener) error {
	server, err := sample.NewFeedServer(a.store, a.engine.Refresh, sample.FeedOptions{
		TLS: a.keeper.MutualTLS(), ClientName: manifests.MetricsAdapterName, Registerer: a.Registry,
	})
	if err != nil {
		return err
	}
	return a.mgr.Add(leaderOnly(func(ctx context.Context) error { return server.Serve(ctx, listener) }))
}

// keepCertificates loads the certificates on every replica; the leader makes and
// renews them.
func (a *app) keepCertificates() error {
	secret := client.ObjectKey{Namespace: a.Namespace, Name: a.CertSecret}
	err := a.mgr.Add(everywhere(func(ctx context.Context) error { return a.keeper.Follow(ctx, a.live, secret) }))
	if err != nil || !a.RotateCertificates {
		return err
	}
	webhook := manifests.WebhookName
	if a.WebhookPort == 0 {
		webhook = ""
	}
	rotator, err := certs.NewRotator(certs.Options{
		Client: a.live, Secret: secret, APIService: manifests.APIServiceName, Webhook: webhook, Keeper: a.keeper,
		Names: certs.DNSNames(a.Namespace, a.ClusterDomain, manifests.ControllerName, manifests.MetricsAdapterName, manifests.WebhookServiceName),
	})
	if err != nil {
		return err
	}
	return a.mgr.Add(leaderOnly(rotator.Run))
}

// addChecks: live is a poller that is on time, ready is synced caches and loaded
// certificates. A follower that is ready can lead at once.
func (a *app) addChecks() error {
	if err := a.mgr.AddHealthzCheck("poll", func(*http.Request) error {
		if late := a.poller.Overdue(); late > overdueLimit {
			return fmt.Errorf("polling is %s late", late)
		}
		return nil
	}); err != nil {
		return err
	}
	return a.mgr.AddReadyzCheck("ready", func(req *http.Request) error {
		ctx, cancel := context.WithTimeout(req.Context(), time.Second)
		defer cancel()
		if !a.mgr.GetCache().WaitForCacheSync(ctx) {
			return errors.New("caches are not synced yet")
		}
		return a.keeper.Wait(ctx)
	})
}

// expect tells the engine which objects the new leader has to speak for before
// its answers replace those of the leader before it.
func (a *app) expect(ctx context.Context) error {
	var list v1alpha1.ScaledObjectList
	if err := a.mgr.GetClient().List(ctx, &list); err != nil {
		return fmt.Errorf("cannot list ScaledObjects: %w", err)
	}
	ids := make([]sample.Object, len(list.Items))
	for i := range list.Items {
		ids[i] = sample.Object{Kind: v1alpha1.KindScaledObject, Namespace: list.Items[i].Namespace, Name: list.Items[i].Name}
	}
	return a.engine.Lead(ctx, ids)
}
