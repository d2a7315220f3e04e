// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"flag"
	"os"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
)

// Options configure the controller process. Their flags have KEDA's names where
// KEDA has the option.
type Options struct {
	// MetricsAddress, HealthAddress and FeedAddress are listened on: Prometheus
	// metrics, probes, and the feed of samples for the metrics adapters.
	MetricsAddress, HealthAddress, FeedAddress string
	// WebhookPort serves admission; 0 serves none.
	WebhookPort int
	// LeaderElect makes replicas take turns; without it this process leads at once.
	LeaderElect bool
	// LeaseDuration is how long a leader that fell silent keeps its place,
	// RenewDeadline how long a leader tries to renew, RetryPeriod the pause between
	// two attempts.
	LeaseDuration, RenewDeadline, RetryPeriod time.Duration
	// Namespace is the controller's own; PodName and PodIP are of its pod.
	Namespace, PodName, PodIP string
	// WatchNamespaces restricts what is scaled; empty means all namespaces.
	WatchNamespaces []string
	// ClusterObjectNamespace holds the sources of ClusterTriggerAuthentications;
	// Namespace when empty.
	ClusterObjectNamespace string
	// ClusterDomain is the DNS suffix of Services.
	ClusterDomain string
	// RotateCertificates makes the leader create and renew the certificates, and
	// tell the API server to trust them.
	RotateCertificates bool
	// CertSecret is the Secret that holds them.
	CertSecret string
	// HTTPTimeout bounds a request to an HTTP event source.
	HTTPTimeout time.Duration
	// HPAPeriod is the HPA controller's sync period.
	HPAPeriod time.Duration
	// Reconcilers is the number of objects of one kind reconciled side by side.
	Reconcilers int
	// Version and Commit say what is running.
	Version, Commit string

	// Config reaches the API server; nil means the pod's own account, or
	// KUBECONFIG.
	Config *rest.Config
	// Registry takes the Prometheus metrics; nil means the process-wide one.
	Registry interface {
		prometheus.Registerer
		prometheus.Gatherer
	}
	// Log is where logs go.
	Log logr.Logger
}

// Defaults returns the options of a pod made from the bundled manifests.
func Defaults() Options {
	return Options{
		MetricsAddress: ":8080", HealthAddress: ":8081", FeedAddress: ":9666", WebhookPort: 9443,
		LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second,
		Namespace: "keda", ClusterDomain: "cluster.local", CertSecret: manifests.CertSecretName,
		RotateCertificates: true, HTTPTimeout: 3 * time.Second, HPAPeriod: 15 * time.Second, Reconcilers: 8,
	}
}

// Bind adds the flags to a flag set. Values of the environment, which the
// manifests set, are the defaults.
func (o *Options) Bind(fs *flag.FlagSet) {
	o.Namespace = environment("POD_NAMESPACE", o.Namespace)
	o.PodName = environment("POD_NAME", hostname())
	o.PodIP = environment("POD_IP", "127.0.0.1")
	o.ClusterObjectNamespace = environment("KEDA_CLUSTER_OBJECT_NAMESPACE", "")
	fs.StringVar(&o.MetricsAddress, "metrics-bind-address", o.MetricsAddress, "Address of the Prometheus metrics; 0 serves none.")
	fs.StringVar(&o.HealthAddress, "health-probe-bind-address", o.HealthAddress, "Address of the probes /healthz and /readyz.")
	fs.StringVar(&o.FeedAddress, "metrics-service-bind-address", o.FeedAddress, "Address of the feed for the metrics adapters.")
	fs.IntVar(&o.WebhookPort, "webhook-port", o.WebhookPort, "Port of the admission webhook; 0 serves none.")
	fs.BoolVar(&o.LeaderElect, "leader-elect", o.LeaderElect, "Let one of several replicas lead.")
	fs.DurationVar(&o.LeaseDuration, "leader-election-lease-duration", o.LeaseDuration, "How long a silent leader keeps its place.")
	fs.DurationVar(&o.RenewDeadline, "leader-election-renew-deadline", o.RenewDeadline, "How long a leader tries to renew its lease.")
	fs.DurationVar(&o.RetryPeriod, "leader-election-retry-period", o.RetryPeriod, "Pause between two attempts to take or renew the lease.")
	fs.StringVar(&o.ClusterDomain, "k8s-cluster-domain", o.ClusterDomain, "DNS suffix of Services.")
	fs.BoolVar(&o.RotateCertificates, "enable-cert-rotation", o.RotateCertificates, "Create and renew the certificates of all services.")
	fs.StringVar(&o.CertSecret, "cert-secret-name", o.CertSecret, "Secret with the certificates.")
	fs.DurationVar(&o.HTTPTimeout, "http-default-timeout", o.HTTPTimeout, "Limit of one request to an HTTP event source.")
	fs.DurationVar(&o.HPAPeriod, "hpa-sync-period", o.HPAPeriod, "The sync period of the cluster's HPA controller; active objects are read as often.")
	fs.IntVar(&o.Reconcilers, "reconcilers", o.Reconcilers, "Objects of one kind that are reconciled side by side.")
	fs.Func("watch-namespace", "Namespaces to work in, separated by commas; empty means all. Default: $WATCH_NAMESPACE.", func(text string) error {
		o.WatchNamespaces = splitList(text)
		return nil
	})
}

// Complete fills in what flags and environment left open.
func (o *Options) Complete() {
	if len(o.WatchNamespaces) == 0 {
		o.WatchNamespaces = splitList(environment("WATCH_NAMESPACE", ""))
	}
	if o.ClusterObjectNamespace == "" {
		o.ClusterObjectNamespace = o.Namespace
	}
	if o.Registry == nil {
		o.Registry = ctrlmetrics.Registry
	}
	if o.PodName == "" {
		o.PodName = hostname()
	}
	if o.PodIP == "" {
		o.PodIP = "127.0.0.1"
	}
}

func environment(name, unset string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return unset
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "keda-operator"
	}
	return strings.ReplaceAll(name, "_", "-")
}

func splitList(text string) []string {
	var list []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}
