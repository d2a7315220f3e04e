// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
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
	// WatchLabels restricts it to the ScaledObjects and ScaledJobs with these
	// labels, WatchAuthenticationLabels the authentications; nil means all. HPAs are
	// not restricted: one of somebody else, on the same target, must be seen
	// whatever its labels are.
	WatchLabels, WatchAuthenticationLabels labels.Selector
	// ClusterObjectNamespace holds the sources of ClusterTriggerAuthentications;
	// Namespace when empty.
	ClusterObjectNamespace string
	// RestrictSecrets leaves all Secrets alone but those of ClusterObjectNamespace.
	RestrictSecrets bool
	SourceOptions
	// CAFolders hold certificate authorities that are trusted beside the system's; empty
	// means /custom/ca.
	CAFolders Folders
	// ClusterDomain is the DNS suffix of Services.
	ClusterDomain string
	// ClusterName is the cluster's in CloudEvents, where a source sets no other.
	ClusterName string
	// CloudEventsStructured puts the attributes of CloudEvents with the data into the
	// body, and not into HTTP headers.
	CloudEventsStructured bool
	// RotateCertificates makes the leader create and renew the certificates, and
	// tell the API server to trust them.
	RotateCertificates bool
	// CertSecret is the Secret that holds them.
	CertSecret string
	// HTTPTimeout bounds a request to an HTTP event source.
	HTTPTimeout time.Duration
	// HPAPeriod is the HPA controller's sync period.
	HPAPeriod time.Duration
	// HighCardinality labels the duration of requests to event sources with object
	// and trigger.
	HighCardinality bool
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

	// invalid are values of the environment that cannot be used.
	invalid []error
}

// Defaults returns the options of a pod made from the bundled manifests.
func Defaults() Options {
	return Options{
		MetricsAddress: ":8080", HealthAddress: ":8081", FeedAddress: ":9666", WebhookPort: 9443,
		LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second,
		Namespace: "keda", ClusterDomain: "cluster.local", ClusterName: "kubernetes-default", CertSecret: manifests.CertSecretName,
		RotateCertificates: true, HTTPTimeout: 3 * time.Second, HPAPeriod: 15 * time.Second, Reconcilers: 8,
		SourceOptions: SourceOptions{TokenLife: auth.MinTokenLife, StoreInterval: auth.DefaultInterval},
	}
}

// Complete fills in what flags and environment left open. It fails with
// everything that cannot be used, by the name of its flag or variable.
func (o *Options) Complete() error {
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
	errs := slices.Clone(o.invalid)
	for _, namespace := range o.WatchNamespaces {
		errs = append(errs, namespaceName(flagWatchNamespaces, namespace))
	}
	errs = append(errs, namespaceName(flagClusterNamespace, o.ClusterObjectNamespace))
	errs = append(errs, o.SourceOptions.check())
	if o.Reconcilers < 1 {
		errs = append(errs, fmt.Errorf("--%s (%d): must be at least 1", flagReconcilers, o.Reconcilers))
	}
	if o.LeaderElect && (o.RetryPeriod <= 0 || o.RenewDeadline <= o.RetryPeriod || o.LeaseDuration <= o.RenewDeadline) {
		errs = append(errs, fmt.Errorf("--%s (%s), --%s (%s) and --%s (%s): each must be shorter than the one before, and above 0",
			flagLeaseDuration, o.LeaseDuration, flagRenewDeadline, o.RenewDeadline, flagRetryPeriod, o.RetryPeriod))
	}
	return errors.Join(errs...)
}

func namespaceName(flag, name string) error {
	if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
		return fmt.Errorf("--%s (%q) is not the name of a namespace: %s", flag, name, strings.Join(problems, "; "))
	}
	return nil
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "keda-operator"
	}
	return strings.ReplaceAll(name, "_", "-")
}
