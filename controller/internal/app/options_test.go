// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"flag"
	"net"
	"slices"
	"testing"
	"time"

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
	o.Complete()
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
