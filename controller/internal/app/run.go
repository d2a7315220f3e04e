// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package app puts the controller process together; it is its table of contents.
// Everything that acts runs on the leader only; caches, certificates and
// admission run on every replica.
package app

import (
	"context"
	"fmt"
	"net"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	eventingv1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/actuate"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/autoscale"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/certs"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/eventing"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/ownership"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/poll"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/reconcile"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/webhook"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/workload"
)

// Run runs the controller until ctx ends.
func Run(ctx context.Context, o Options) error {
	if err := o.Complete(); err != nil {
		return fmt.Errorf("options: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.FeedAddress)
	if err != nil {
		return fmt.Errorf("cannot listen for metrics adapters: %w", err)
	}
	if err := o.connect(); err != nil {
		return err
	}
	if err := awaitInstallation(ctx, o); err != nil {
		return err
	}
	keeper := certs.NewKeeper()
	mgr, err := newManager(o, keeper, listener.Addr())
	if err != nil {
		return err
	}
	a, err := newApp(o, mgr, keeper)
	if err != nil {
		return err
	}
	if err := a.setup(ctx, listener); err != nil {
		return err
	}
	o.Log.Info("starting", "version", o.Version, "namespace", o.Namespace, "watch", o.WatchNamespaces)
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("controller: %w", err)
	}
	return nil
}

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme, eventingv1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("scheme: %w", err)
		}
	}
	return scheme, nil
}

// connect finds the cluster.
func (o *Options) connect() error {
	if o.Config == nil {
		config, err := ctrl.GetConfig()
		if err != nil {
			return fmt.Errorf("cannot find the cluster: run in a pod, or set KUBECONFIG: %w", err)
		}
		o.Config = config
	}
	o.Config = rest.CopyConfig(o.Config)
	o.Config.WarningHandler = rest.NoWarnings{} // they are for those who wrote the objects
	o.Config.QPS = -1                           // the API server's priority and fairness protects it better than a limit here
	return nil
}

func newManager(o Options, keeper *certs.Keeper, feed net.Addr) (ctrl.Manager, error) {
	scheme, err := newScheme()
	if err != nil {
		return nil, err
	}
	caches, err := cacheOptions(o)
	if err != nil {
		return nil, err
	}
	options := ctrl.Options{
		Scheme: scheme, Logger: o.Log,
		Cache:                  caches,
		Client:                 client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}, &corev1.ConfigMap{}}}},
		Metrics:                metricsserver.Options{BindAddress: o.MetricsAddress},
		HealthProbeBindAddress: o.HealthAddress,
		Controller:             config.Controller{SkipNameValidation: ptr.To(true), EnableWarmup: ptr.To(true)},
		WebhookServer:          ctrlwebhook.NewServer(ctrlwebhook.Options{Port: o.WebhookPort, TLSOpts: tlsOptions(keeper)}),
		LeaderElection:         o.LeaderElect, LeaderElectionReleaseOnCancel: true,
		LeaseDuration: &o.LeaseDuration, RenewDeadline: &o.RenewDeadline, RetryPeriod: &o.RetryPeriod,
	}
	if o.LeaderElect {
		id, err := identity(o, feed)
		if err != nil {
			return nil, err
		}
		if options.LeaderElectionResourceLockInterface, err = lock(o, o.Config, id); err != nil {
			return nil, err
		}
	}
	mgr, err := ctrl.NewManager(o.Config, options)
	if err != nil {
		return nil, fmt.Errorf("cannot start: %w", err)
	}
	return mgr, nil
}

// app holds the stages of the way from an event to a replica.
type app struct {
	Options
	mgr    ctrl.Manager
	keeper *certs.Keeper
	live   client.Client // asks the API server, never a cache
	poller *poll.Poller
	store  *sample.Store
	engine *autoscale.Engine
	deps   reconcile.Dependencies
	so     *report.ScaledObjects
	sj     *report.ScaledJobs

	recorder *eventing.Recorder // of Kubernetes events and CloudEvents
	sink     *eventing.HTTP
}

func newApp(o Options, mgr ctrl.Manager, keeper *certs.Keeper) (*app, error) {
	live, err := client.New(mgr.GetConfig(), client.Options{Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper()})
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	a := &app{Options: o, mgr: mgr, keeper: keeper, live: live, store: sample.NewStore()}
	resolver := &auth.Resolver{
		Reader: live, Objects: mgr.GetClient(), ClusterNamespace: o.ClusterObjectNamespace,
		RestrictSecrets: o.RestrictSecrets, Labels: selectorText(o.WatchAuthenticationLabels),
	}
	a.tellCloudEventSources(resolver)
	references := a.keepStores(resolver, live)
	a.so = report.NewScaledObjects(live, a.recorder, clock.RealClock{})
	a.sj = report.NewScaledJobs(live, a.recorder, clock.RealClock{})
	a.poller = poll.New(poll.Options{Timeout: o.HTTPTimeout, Log: o.Log.WithName("poll"), Changed: a.sampled})
	metrics := observe.New(o.Registry, o.Version, o.Commit)
	a.so.Ready = readiness(metrics, v1alpha1.KindScaledObject)
	a.sj.Ready = readiness(metrics, v1alpha1.KindScaledJob)
	requests := metrics.Requests(o.Registry, o.HighCardinality)
	workloads := &workload.Reader{Cache: mgr.GetClient(), Live: live}
	actuator := &actuate.Actuator{Client: live}
	a.engine = autoscale.New(autoscale.Options{
		Poller: a.poller, Store: a.store, Workloads: workloads, Actuator: actuator,
		Cache: mgr.GetClient(), Live: live, ScaledObjects: a.so, ScaledJobs: a.sj,
		Metrics: metrics, HPAPeriod: o.HPAPeriod, Version: o.Version, Log: o.Log.WithName("autoscale"),
	})
	a.deps = reconcile.Dependencies{
		Client: mgr.GetClient(), Live: live, Engine: a.engine, Workloads: workloads, Actuator: actuator,
		References: references, Metrics: metrics, Version: o.Version,
		Auth: resolver,
		Env: scaler.Env{
			Cluster: clusterReader{mgr.GetClient()}, HTTPTimeout: o.HTTPTimeout,
			Transport: http.DefaultTransport, Observe: requests.Observe, Now: clock.RealClock{}.Now,
		},
	}
	return a, nil
}

// readiness shows in the metrics what the status says of objects of a kind.
func readiness(metrics *observe.Metrics, kind string) func(types.NamespacedName, bool) {
	return func(object types.NamespacedName, ready bool) {
		metrics.Ready(sample.Object{Kind: kind, Namespace: object.Namespace, Name: object.Name}, ready)
	}
}

// setup hands everything that runs to the manager.
func (a *app) setup(ctx context.Context, listener net.Listener) error {
	if err := ownership.Index(ctx, a.mgr.GetFieldIndexer()); err != nil {
		return err
	}
	if err := (&reconcile.ScaledObjects{Dependencies: a.deps, Status: a.so}).Setup(a.mgr, a.Reconcilers); err != nil {
		return fmt.Errorf("ScaledObject controller: %w", err)
	}
	if err := (&reconcile.HPAStatus{Client: a.mgr.GetClient(), Status: a.so}).Setup(a.mgr); err != nil {
		return fmt.Errorf("HPA status controller: %w", err)
	}
	if err := (&reconcile.ScaledJobs{Dependencies: a.deps, Status: a.sj}).Setup(a.mgr, a.Reconcilers); err != nil {
		return fmt.Errorf("ScaledJob controller: %w", err)
	}
	if err := reconcile.SetupAuthentications(a.mgr, a.recorder, a.deps.Metrics, a.partial()); err != nil {
		return fmt.Errorf("TriggerAuthentication controllers: %w", err)
	}
	if err := (&reconcile.CloudEventSources{Client: a.mgr.GetClient(), Hub: a.recorder.Hub, Metrics: a.deps.Metrics, Check: a.sink.Check}).Setup(a.mgr); err != nil {
		return fmt.Errorf("CloudEventSource controllers: %w", err)
	}
	if a.WebhookPort > 0 {
		webhook.Register(a.mgr.GetWebhookServer(), webhook.Options{
			Scheme: a.mgr.GetScheme(), Cache: a.mgr.GetClient(), Live: a.live, Templates: a.deps.Workloads, Outside: a.outside, Registry: a.Registry,
		})
	}
	for _, run := range []func() error{
		func() error { return a.serveFeed(listener) },
		a.keepCertificates,
		a.addChecks,
		func() error { return a.mgr.Add(leaderOnly(a.expect)) },
		func() error { return a.mgr.Add(leaderOnly(a.poller.Run)) },
		func() error { return a.mgr.Add(leaderOnly(a.engine.Run)) },
		func() error { return a.mgr.Add(leaderOnly(a.deps.Auth.Stores.Run)) },
		func() error { return a.mgr.Add(leaderOnly(a.recorder.Hub.Run)) },
	} {
		if err := run(); err != nil {
			return err
		}
	}
	return nil
}
