// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
)

// Names of the flags that a message or the environment refers to.
const (
	flagWatchNamespaces     = "watch-namespace"
	flagWatchLabels         = "watch-label-selector"
	flagWatchAuthentication = "watch-label-selector-for-triggerauth"
	flagClusterNamespace    = "cluster-object-namespace"
	flagRestrictSecrets     = "restrict-secret-access"
	flagHTTPTimeout         = "http-default-timeout"
	flagLeaseDuration       = "leader-election-lease-duration"
	flagRenewDeadline       = "leader-election-renew-deadline"
	flagRetryPeriod         = "leader-election-retry-period"
	flagReconcilers         = "reconcilers"
)

// fallback is a variable of the environment that stands for a flag which is not
// given. Its value is read as the flag's is, with unit appended.
type fallback struct{ variable, flag, unit string }

// fallbacks are KEDA's variables, so that its charts and habits configure this
// controller too. Where two stand for one flag, the later wins.
var fallbacks = []fallback{
	{"WATCH_NAMESPACE", flagWatchNamespaces, ""},
	{"WATCH_LABEL_SELECTOR", flagWatchLabels, ""},
	{"WATCH_LABEL_SELECTOR_FOR_TRIGGERAUTH", flagWatchAuthentication, ""},
	{"KEDA_CLUSTER_OBJECT_NAMESPACE", flagClusterNamespace, ""},
	{"KEDA_RESTRICT_SECRET_ACCESS", flagRestrictSecrets, ""},
	{"KEDA_BOUND_SERVICE_ACCOUNT_TOKEN_EXPIRY", flagTokenLife, ""},
	{"KEDA_HTTP_DEFAULT_TIMEOUT", flagHTTPTimeout, "ms"},
	{"KEDA_OPERATOR_LEADER_ELECTION_LEASE_DURATION", flagLeaseDuration, ""},
	{"KEDA_OPERATOR_LEADER_ELECTION_RENEW_DEADLINE", flagRenewDeadline, ""},
	{"KEDA_OPERATOR_LEADER_ELECTION_RETRY_PERIOD", flagRetryPeriod, ""},
	{"KEDA_SCALEDJOB_CTRL_MAX_RECONCILES", flagReconcilers, ""},
	{"KEDA_SCALEDOBJECT_CTRL_MAX_RECONCILES", flagReconcilers, ""},
}

// Bind adds the flags to a flag set, and takes the values of the environment as
// their defaults. One that cannot be used is an error of Complete.
func (o *Options) Bind(fs *flag.FlagSet) {
	o.Namespace = environment("POD_NAMESPACE", o.Namespace)
	o.PodName = environment("POD_NAME", hostname())
	o.PodIP = environment("POD_IP", "127.0.0.1")
	fs.StringVar(&o.MetricsAddress, "metrics-bind-address", o.MetricsAddress, "Address of the Prometheus metrics; 0 serves none.")
	fs.StringVar(&o.HealthAddress, "health-probe-bind-address", o.HealthAddress, "Address of the probes /healthz and /readyz.")
	fs.StringVar(&o.FeedAddress, "metrics-service-bind-address", o.FeedAddress, "Address of the feed for the metrics adapters.")
	fs.IntVar(&o.WebhookPort, "webhook-port", o.WebhookPort, "Port of the admission webhook; 0 serves none.")
	fs.BoolVar(&o.LeaderElect, "leader-elect", o.LeaderElect, "Let one of several replicas lead.")
	fs.DurationVar(&o.LeaseDuration, flagLeaseDuration, o.LeaseDuration, "How long a silent leader keeps its place.")
	fs.DurationVar(&o.RenewDeadline, flagRenewDeadline, o.RenewDeadline, "How long a leader tries to renew its lease.")
	fs.DurationVar(&o.RetryPeriod, flagRetryPeriod, o.RetryPeriod, "Pause between two attempts to take or renew the lease.")
	fs.StringVar(&o.ClusterDomain, "k8s-cluster-domain", o.ClusterDomain, "DNS suffix of Services.")
	fs.StringVar(&o.ClusterName, "k8s-cluster-name", o.ClusterName, "The cluster's name in CloudEvents, where a CloudEventSource sets no other.")
	fs.BoolVar(&o.CloudEventsStructured, "cloudevents-structured-mode", o.CloudEventsStructured, "Send each CloudEvent as one JSON object, in place of its attributes as HTTP headers.")
	fs.BoolVar(&o.RotateCertificates, "enable-cert-rotation", o.RotateCertificates, "Create and renew the certificates of all services.")
	fs.StringVar(&o.CertSecret, "cert-secret-name", o.CertSecret, "Secret with the certificates.")
	fs.DurationVar(&o.HTTPTimeout, flagHTTPTimeout, o.HTTPTimeout, "Limit of one request to an HTTP event source.")
	fs.DurationVar(&o.HPAPeriod, "hpa-sync-period", o.HPAPeriod, "The sync period of the cluster's HPA controller; active objects are read as often.")
	fs.IntVar(&o.Reconcilers, flagReconcilers, o.Reconcilers, "Objects of one kind that are reconciled side by side.")
	fs.BoolVar(&o.HighCardinality, "enable-high-cardinality-metrics-labels", o.HighCardinality, "Label the duration of requests to event sources with object and trigger.")
	o.bindScope(fs)
	o.SourceOptions.bind(fs)
	o.bindTrust(fs)
	o.readEnvironment(fs)
}

// bindScope adds the flags that say what the controller works on.
func (o *Options) bindScope(fs *flag.FlagSet) {
	fs.Func(flagWatchNamespaces, "Namespaces to work in, separated by commas; empty means all.", func(text string) error {
		o.WatchNamespaces = splitList(text)
		return nil
	})
	fs.Func(flagWatchLabels, "Labels of the ScaledObjects and ScaledJobs to work on, as in kubectl -l; empty means all.", selector(&o.WatchLabels))
	fs.Func(flagWatchAuthentication, "Labels of the TriggerAuthentications and ClusterTriggerAuthentications to use; empty means all.", selector(&o.WatchAuthenticationLabels))
	fs.StringVar(&o.ClusterObjectNamespace, flagClusterNamespace, o.ClusterObjectNamespace, "Namespace of the Secrets and ConfigMaps of ClusterTriggerAuthentications; empty means the controller's own.")
	fs.BoolVar(&o.RestrictSecrets, flagRestrictSecrets, o.RestrictSecrets, "Read no Secrets but those of the cluster object namespace.")
}

// selector parses the labels of a flag.
func selector(into *labels.Selector) func(string) error {
	return func(text string) error {
		*into = nil
		if strings.TrimSpace(text) == "" {
			return nil
		}
		parsed, err := labels.Parse(text)
		if err != nil {
			return fmt.Errorf("write it as in kubectl -l, for example team=shop,tier in (a,b): %w", err)
		}
		*into = parsed
		return nil
	}
}

// readEnvironment sets the flags whose variables are set, and names the variables
// in their help.
func (o *Options) readEnvironment(fs *flag.FlagSet) {
	for _, f := range fallbacks {
		fs.Lookup(f.flag).Usage += " Also $" + f.variable + "."
		value := environment(f.variable, "")
		if value == "" {
			continue
		}
		if err := fs.Set(f.flag, value+f.unit); err != nil {
			o.invalid = append(o.invalid, fmt.Errorf("environment variable %s (%q), which stands for --%s: %w", f.variable, value, f.flag, err))
		}
	}
}

func environment(name, unset string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return unset
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
