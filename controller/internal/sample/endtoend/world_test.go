// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package endtoend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/spf13/pflag"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/certs"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/port"
	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed"
	"github.com/keda-tf/terraform-provider-keda/metricsadapter/server"
)

const (
	apiService  = "v1beta1.external.metrics.k8s.io"
	adapterName = "keda-metrics-apiserver"
	leaseName   = "operator.keda.sh"
	deadline    = time.Minute
)

func TestMain(m *testing.M) {
	log.SetLogger(klog.NewKlogr())
	os.Exit(m.Run())
}

// world is a cluster with an adapter, certificates and, at times, a leader.
type world struct {
	*cluster.Cluster
	rest      *rest.Config
	kube      kubernetes.Interface
	namespace string
	certDir   string
	keeper    *certs.Keeper
	rotator   *certs.Rotator
	apiPort   int // the adapter's, for TLS
	promPort  int // the adapter's, for Prometheus
	oldPort   int // the one of KEDA until 2.8
}

// newWorld starts a cluster and an adapter that has no leader to follow yet.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{Cluster: cluster.Start(t, cluster.Options{}), certDir: t.TempDir(), keeper: certs.NewKeeper()}
	var err error
	if w.rest, err = w.RESTConfig(); err != nil {
		t.Fatal(err)
	}
	w.rest.QPS = -1
	if w.kube, err = kubernetes.NewForConfig(w.rest); err != nil {
		t.Fatal(err)
	}
	w.namespace = w.Namespace(t)
	w.apiPort, w.promPort, w.oldPort = port.Free(t), port.Free(t), port.Free(t)
	direct, err := client.New(w.rest, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.rotator, err = certs.NewRotator(certs.Options{
		Client: direct, Secret: client.ObjectKey{Namespace: w.namespace, Name: "kedaorg-certs"},
		Names: certs.DNSNames(w.namespace, "", "keda-operator", adapterName), APIService: apiService, Keeper: w.keeper,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.startAdapter(t)
	w.install(t)
	return w
}

// startAdapter runs the adapter; it waits for certificates at first.
func (w *world) startAdapter(t testing.TB) {
	t.Helper()
	options := server.NewOptions()
	flags := pflag.NewFlagSet("metricsadapter", pflag.ContinueOnError)
	options.AddFlags(flags)
	if err := flags.Parse([]string{
		"--kubeconfig=" + w.Kubeconfig(), "--cert-dir=" + w.certDir,
		"--secure-port=" + strconv.Itoa(w.apiPort), "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(w.promPort), "--metrics-port=" + strconv.Itoa(w.oldPort),
		"--leader-election-namespace=" + w.namespace, "--leader-election-id=" + leaseName,
		"--metrics-service-grpc-authority=keda-operator." + w.namespace + ".svc",
		"--stale-after=1m",
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx, options) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("adapter: %v", err)
		}
	})
}

// install makes the Service and the APIService, then the certificates, and gives
// those to the adapter.
func (w *world) install(t testing.TB) {
	t.Helper()
	manifests := fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: %[1]s, namespace: %[2]s}
spec: {type: ExternalName, externalName: localhost, ports: [{port: %[3]d}]}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: %[4]s}
spec:
  group: external.metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  service: {name: %[1]s, namespace: %[2]s, port: %[3]d}
`, adapterName, w.namespace, w.apiPort, apiService)
	if err := w.Apply(t.Context(), manifests); err != nil {
		t.Fatal(err)
	}
	complete, err := w.rotator.Ensure(t.Context())
	if err != nil || !complete {
		t.Fatalf("certificates: complete %v, %v", complete, err)
	}
	w.mount(t)
}

// mount does what the kubelet does with a mounted Secret.
func (w *world) mount(t testing.TB) certs.Bundle {
	t.Helper()
	bundle, err := w.keeper.Bundle()
	if err = errors.Join(err, bundle.WriteDir(w.certDir)); err != nil {
		t.Fatal(err)
	}
	return bundle
}

// lead starts a leader which takes the Lease. stop ends it without releasing the
// Lease, as a crash does.
func (w *world) lead(t testing.TB, refresh sample.RefreshFunc) (store *sample.Store, stop func()) {
	t.Helper()
	store = sample.NewStore()
	if refresh == nil {
		refresh = func(context.Context, sample.Object, string) error { return errors.New("not in this test") }
	}
	feedServer, err := sample.NewFeedServer(store, refresh, sample.FeedOptions{
		TLS: w.keeper.MutualTLS(), ClientName: adapterName + "." + w.namespace + ".svc",
	})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- feedServer.Serve(ctx, listener) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("feed: %v", err)
		}
	}
	t.Cleanup(stop)
	w.hold(t, feed.Identity("keda-operator-0", netip.MustParseAddrPort(listener.Addr().String())))
	return store, stop
}

// hold writes the holder into the Lease.
func (w *world) hold(t testing.TB, identity string) {
	t.Helper()
	leases := w.kube.CoordinationV1().Leases(w.namespace)
	lease, err := leases.Get(t.Context(), leaseName, metav1.GetOptions{})
	switch {
	case err == nil:
		lease.Spec.HolderIdentity = ptr.To(identity)
		_, err = leases.Update(t.Context(), lease, metav1.UpdateOptions{})
	case apierrors.IsNotFound(err):
		lease = &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Name: leaseName, Namespace: w.namespace},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: ptr.To(identity)},
		}
		_, err = leases.Create(t.Context(), lease, metav1.CreateOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// read asks the API server for a metric, as an HPA does.
func (w *world) read(ctx context.Context, object, metric string) (string, error) {
	result := w.kube.Discovery().RESTClient().Get().
		AbsPath("/apis/external.metrics.k8s.io/v1beta1/namespaces", w.namespace, metric).
		Param("labelSelector", "scaledobject.keda.sh/name="+object).
		Do(ctx)
	if err := result.Error(); err != nil { // with the message of the adapter
		return "", err
	}
	body, err := result.Raw()
	return string(body), err
}

func (w *world) object(name string) sample.Object {
	return sample.Object{Kind: sample.KindScaledObject, Namespace: w.namespace, Name: name}
}

func answer(value float64) []sample.Answer {
	return []sample.Answer{{Metric: "s0-redis-orders", Scaler: "redis", Value: value, At: time.Now()}}
}

// eventually waits for the condition; it says why it does not hold.
func eventually(t testing.TB, what string, condition func() error) {
	t.Helper()
	for end := time.Now().Add(deadline); ; {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s: %v", deadline, what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
