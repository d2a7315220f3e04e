// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"flag"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	eventingv1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed"
)

func TestOptions(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "autoscaling")
	t.Setenv("POD_NAME", "keda-1")
	t.Setenv("POD_IP", "10.0.0.7")
	t.Setenv("WATCH_NAMESPACE", "a, b,,")
	o := Defaults()
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	o.Bind(flags)
	if err := flags.Parse([]string{"-leader-elect", "-http-default-timeout=7s"}); err != nil {
		t.Fatal(err)
	}
	if err := o.Complete(); err != nil {
		t.Fatal(err)
	}
	if o.Namespace != "autoscaling" || o.ClusterObjectNamespace != "autoscaling" || !o.LeaderElect || o.HTTPTimeout != 7*time.Second {
		t.Errorf("options %+v", o)
	}
	if !slices.Equal(o.WatchNamespaces, []string{"a", "b"}) {
		t.Errorf("namespaces %q", o.WatchNamespaces)
	}
	id, err := identity(o, &net.TCPAddr{IP: net.IPv6zero, Port: 9666})
	if err != nil {
		t.Fatal(err)
	}
	if pod, address, err := feed.ParseIdentity(id); pod != "keda-1" || address != "10.0.0.7:9666" || err != nil {
		t.Errorf("the Lease is signed %q: %s at %s, error %v", id, pod, address, err)
	}
	if err := flags.Parse([]string{"-watch-namespace=c"}); err != nil || !slices.Equal(o.WatchNamespaces, []string{"c"}) {
		t.Errorf("namespaces %q, error %v", o.WatchNamespaces, err)
	}
	o.PodIP = "nowhere"
	if _, err := identity(o, &net.TCPAddr{Port: 9666}); err == nil {
		t.Error("an address that is none signs the Lease")
	}
}

// TestEnvironment: KEDA's variables are read where KEDA has the option, and flags
// win over them.
func TestEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"WATCH_LABEL_SELECTOR": "team=shop", "WATCH_LABEL_SELECTOR_FOR_TRIGGERAUTH": "team in (shop,bank),!old",
		"KEDA_CLUSTER_OBJECT_NAMESPACE": "central", "KEDA_RESTRICT_SECRET_ACCESS": "true", "KEDA_HTTP_DEFAULT_TIMEOUT": "4500",
		"KEDA_OPERATOR_LEADER_ELECTION_LEASE_DURATION": "20s", "KEDA_OPERATOR_LEADER_ELECTION_RENEW_DEADLINE": "12s", "KEDA_OPERATOR_LEADER_ELECTION_RETRY_PERIOD": "3s",
		"KEDA_SCALEDJOB_CTRL_MAX_RECONCILES": "3", "KEDA_SCALEDOBJECT_CTRL_MAX_RECONCILES": "20",
	} {
		t.Setenv(name, value)
	}
	o := Defaults()
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	o.Bind(flags)
	if err := flags.Parse([]string{"--leader-elect", "--leader-election-retry-period=4s"}); err != nil {
		t.Fatal(err)
	}
	if err := o.Complete(); err != nil {
		t.Fatal(err)
	}
	got := []any{o.WatchLabels.String(), o.WatchAuthenticationLabels.String(), o.ClusterObjectNamespace, o.RestrictSecrets, o.HTTPTimeout, o.LeaseDuration, o.RenewDeadline, o.RetryPeriod, o.Reconcilers}
	want := []any{"team=shop", "!old,team in (bank,shop)", "central", true, 4500 * time.Millisecond, 20 * time.Second, 12 * time.Second, 4 * time.Second, 20}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if usage := flags.Lookup("watch-label-selector").Usage; !strings.Contains(usage, "$WATCH_LABEL_SELECTOR.") {
		t.Errorf("the help does not name the variable: %s", usage)
	}
}

// TestInvalidOptionsAreNamed: the process does not start with what it cannot use,
// and says where that was written.
func TestInvalidOptionsAreNamed(t *testing.T) {
	for variable, value := range map[string]string{"WATCH_LABEL_SELECTOR": "team in shop", "KEDA_RESTRICT_SECRET_ACCESS": "perhaps", "KEDA_HTTP_DEFAULT_TIMEOUT": "3s"} {
		t.Setenv(variable, value)
	}
	o := Defaults()
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	o.Bind(flags)
	if err := flags.Parse([]string{"--watch-label-selector-for-triggerauth=team in"}); err == nil || !strings.Contains(err.Error(), `"team in"`) || !strings.Contains(err.Error(), "watch-label-selector-for-triggerauth") {
		t.Errorf("a flag gives %v", err)
	}
	o.WatchNamespaces, o.ClusterObjectNamespace, o.Reconcilers = []string{"shop", "Bank"}, "my.secrets", 0
	o.LeaderElect, o.RenewDeadline = true, time.Minute
	err := o.Complete()
	if err == nil {
		t.Fatal("everything is accepted")
	}
	for _, want := range []string{
		`WATCH_LABEL_SELECTOR ("team in shop"), which stands for --watch-label-selector`, `KEDA_RESTRICT_SECRET_ACCESS ("perhaps")`, `KEDA_HTTP_DEFAULT_TIMEOUT ("3s")`,
		`--watch-namespace ("Bank")`, `--cluster-object-namespace ("my.secrets")`, "--reconcilers (0)", "--leader-election-renew-deadline (1m0s)",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
}

// TestOutside says of every kind whether the controller works on it.
func TestOutside(t *testing.T) {
	o := Options{WatchNamespaces: []string{"shop", "bank"}, WatchLabels: labels.SelectorFromSet(labels.Set{"a": "b"}), WatchAuthenticationLabels: labels.SelectorFromSet(labels.Set{"c": "d"})}
	meta := func(namespace, key, value string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: namespace, Labels: map[string]string{key: value}}
	}
	for _, test := range []struct {
		object client.Object
		want   string
	}{
		{&v1alpha1.ScaledObject{ObjectMeta: meta("shop", "a", "b")}, ""},
		{&v1alpha1.ScaledObject{ObjectMeta: meta("other", "a", "b")}, "it watches the namespaces shop, bank (--watch-namespace, WATCH_NAMESPACE), not other"},
		{&v1alpha1.ScaledJob{ObjectMeta: meta("bank", "c", "d")}, `its labels do not match "a=b" (--watch-label-selector, WATCH_LABEL_SELECTOR)`},
		{&v1alpha1.TriggerAuthentication{ObjectMeta: meta("shop", "c", "d")}, ""},
		{&v1alpha1.TriggerAuthentication{ObjectMeta: meta("shop", "a", "b")}, `its labels do not match "c=d" (--watch-label-selector-for-triggerauth, WATCH_LABEL_SELECTOR_FOR_TRIGGERAUTH)`},
		{&v1alpha1.ClusterTriggerAuthentication{ObjectMeta: meta("", "c", "d")}, ""},
		{&eventingv1alpha1.CloudEventSource{ObjectMeta: meta("shop", "e", "f")}, ""}, // no selector is for them
		{&eventingv1alpha1.CloudEventSource{ObjectMeta: meta("other", "e", "f")}, "it watches the namespaces shop, bank (--watch-namespace, WATCH_NAMESPACE), not other"},
		{&eventingv1alpha1.ClusterCloudEventSource{}, ""},
		{&v1alpha1.ClusterTriggerAuthentication{}, `its labels do not match "c=d" (--watch-label-selector-for-triggerauth, WATCH_LABEL_SELECTOR_FOR_TRIGGERAUTH)`},
	} {
		if got := o.outside(test.object); got != test.want {
			t.Errorf("%T in %q: %q, want %q", test.object, test.object.GetNamespace(), got, test.want)
		}
	}
	if got := (&Options{}).outside(&v1alpha1.ScaledObject{}); got != "" {
		t.Errorf("without a scope: %q", got)
	}
}
