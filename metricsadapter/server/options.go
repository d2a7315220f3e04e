// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/cmd/options"

	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed"
)

const (
	// name is the adapter's own, in messages of the API server library.
	name = "keda-metrics-apiserver"
	// operatorService is the Service whose certificate the feed shows.
	operatorService = "keda-operator"
)

// Options are the adapter's flags.
type Options struct {
	// Kubeconfig is used for every request to the cluster; empty means the pod's
	// service account.
	Kubeconfig string
	// MetricsPort serves Prometheus metrics; 0 serves none.
	MetricsPort int
	// OldMetricsPort serves the series that KEDA's adapter had until 2.8; 0 serves
	// none.
	OldMetricsPort int
	// FeedAddress is the host:port of the leader's feed; empty finds the leader by
	// its Lease.
	FeedAddress string
	// FeedServerName is what the feed's certificate must be for.
	FeedServerName string
	// LeaseNamespace and LeaseName are those of the controllers' Lease.
	LeaseNamespace, LeaseName string
	// StaleAfter is how long answers outlive a silent leader.
	StaleAfter time.Duration
	// RefreshAfter is the age from which a read asks for a newer value, and
	// RefreshTimeout how long it may wait for it; a negative timeout never asks.
	RefreshAfter, RefreshTimeout time.Duration

	base cmd.AdapterBase
}

// NewOptions returns the defaults. Those of the API server library are chosen
// for a follower behind the aggregator.
func NewOptions() *Options {
	namespace := cmp.Or(os.Getenv("POD_NAMESPACE"), "keda")
	o := &Options{
		MetricsPort: 8080, OldMetricsPort: 9022,
		FeedServerName: operatorService + "." + namespace + ".svc",
		LeaseNamespace: namespace, LeaseName: "operator.keda.sh",
		StaleAfter:   feed.DefaultStaleAfter,
		RefreshAfter: time.Second, RefreshTimeout: feed.DefaultRefreshTimeout,
	}
	o.base.Name = name
	o.base.CustomMetricsAdapterServerOptions = options.NewCustomMetricsAdapterServerOptions()
	o.base.SecureServing.BindPort = 6443
	o.base.SecureServing.ServerCert.CertDirectory = "/certs"
	// The API server has authorised each request before it passes it on. Asking it
	// again for every metric every ten seconds would double the time of a read;
	// five minutes is also what the API server grants its own webhook authorizers.
	o.base.Authorization.AllowCacheTTL = 5 * time.Minute
	return o
}

// AddFlags adds all flags to the set. Call it once.
func (o *Options) AddFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.Kubeconfig, "kubeconfig", o.Kubeconfig,
		"kubeconfig for all requests to the cluster, if not run in it; the flags for single purposes go before it")
	fs.IntVar(&o.MetricsPort, "port", o.MetricsPort, "port for Prometheus metrics, over HTTP; 0 for none")
	fs.IntVar(&o.OldMetricsPort, "metrics-port", o.OldMetricsPort,
		"port for the series keda_metrics_adapter_* of KEDA until 2.8, over HTTP; 0 for none")
	fs.StringVar(&o.FeedAddress, "metrics-service-address", o.FeedAddress,
		"host:port of the controller's metrics feed; found by the controllers' Lease if empty")
	fs.StringVar(&o.FeedServerName, "metrics-service-grpc-authority", o.FeedServerName,
		"name that the certificate of the controller's metrics feed must have")
	fs.StringVar(&o.LeaseNamespace, "leader-election-namespace", o.LeaseNamespace, "namespace of the controllers' Lease")
	fs.StringVar(&o.LeaseName, "leader-election-id", o.LeaseName, "name of the controllers' Lease")
	fs.DurationVar(&o.StaleAfter, "stale-after", o.StaleAfter,
		"how long metrics are served after the controller has fallen silent; afterwards HPAs get an error and keep their replicas")
	fs.DurationVar(&o.RefreshAfter, "refresh-after", o.RefreshAfter,
		"age of a value from which a read asks the controller for a newer one")
	fs.DurationVar(&o.RefreshTimeout, "refresh-timeout", o.RefreshTimeout,
		"how long a read waits for a newer value before it returns the one it has; negative: never ask")
	o.base.FlagSet = fs
	o.base.InstallFlags()
}

// complete fills in what follows from other options.
func (o *Options) complete() error {
	for _, file := range []*string{
		&o.base.RemoteKubeConfigFile,
		&o.base.Authentication.RemoteKubeConfigFile,
		&o.base.Authorization.RemoteKubeConfigFile,
	} {
		*file = cmp.Or(*file, o.Kubeconfig)
	}
	cert := &o.base.SecureServing.ServerCert
	if (cert.CertKey.CertFile == "") != (cert.CertKey.KeyFile == "") {
		return fmt.Errorf("--tls-cert-file=%q and --tls-private-key-file=%q belong together: give both or neither",
			cert.CertKey.CertFile, cert.CertKey.KeyFile)
	}
	if cert.CertKey.CertFile == "" {
		cert.CertKey.CertFile = filepath.Join(cert.CertDirectory, feed.CertFile)
		cert.CertKey.KeyFile = filepath.Join(cert.CertDirectory, feed.KeyFile)
	}
	return nil
}
