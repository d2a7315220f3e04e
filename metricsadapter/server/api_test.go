// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/cert"
	"k8s.io/component-base/metrics/legacyregistry"
	apimetrics "sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver/metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed"
)

const orders = "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/s0-redis-orders?labelSelector=scaledobject.keda.sh%2Fname%3Dorders"

// kube answers what the adapter asks of a cluster: reviews of access, counted.
func kube(t testing.TB, allow bool) (kubeconfig string, reviews *atomic.Int64) {
	t.Helper()
	reviews = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/apis/authorization.k8s.io/v1/subjectaccessreviews" {
			http.NotFound(w, r)
			return
		}
		reviews.Add(1)
		w.Header().Set("Content-Type", "application/json")
		answer := authorizationv1.SubjectAccessReview{Status: authorizationv1.SubjectAccessReviewStatus{Allowed: allow}}
		answer.APIVersion, answer.Kind = "authorization.k8s.io/v1", "SubjectAccessReview"
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: server.URL}
	config.Contexts["c"] = &clientcmdapi.Context{Cluster: "c"}
	config.CurrentContext = "c"
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, kubeconfig); err != nil {
		t.Fatal(err)
	}
	return kubeconfig, reviews
}

// api is the whole handler chain, without a listener.
func api(t testing.TB, s Source, kubeconfig string) http.Handler {
	t.Helper()
	o := NewOptions()
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	o.AddFlags(flags)
	dir := t.TempDir()
	certificate, key, err := cert.GenerateSelfSignedCertKey("localhost", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{feed.CertFile: certificate, feed.KeyFile: key} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := flags.Parse([]string{"--kubeconfig=" + kubeconfig, "--authentication-skip-lookup", "--cert-dir=" + dir}); err != nil {
		t.Fatal(err)
	}
	// The library insists on a port, even if nobody listens.
	if o.base.SecureServing.Listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.base.SecureServing.Listener.Close() })
	if err := o.complete(); err != nil {
		t.Fatal(err)
	}
	o.base.WithExternalMetrics(NewProvider(s, o.RefreshAfter))
	server, err := o.base.Server()
	if err != nil {
		t.Fatal(err)
	}
	return server.GenericAPIServer.PrepareRun().Handler
}

func get(t testing.TB, handler http.Handler, path string) (int, map[string]any) {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	var body map[string]any
	if err := json.Unmarshal(recorder.Body.Bytes(), &body); err != nil {
		t.Fatalf("GET %s: %d %s", path, recorder.Code, recorder.Body)
	}
	return recorder.Code, body
}

func TestAPI(t *testing.T) {
	kubeconfig, reviews := kube(t, true)
	s := &source{held: feed.Answer{Value: 12.5, At: measured}}
	handler := api(t, s, kubeconfig)

	t.Run("discovery has the one generic resource", func(t *testing.T) {
		code, body := get(t, handler, "/apis/external.metrics.k8s.io/v1beta1")
		want := []any{map[string]any{
			"name": "externalmetrics", "singularName": "", "namespaced": true, "kind": "ExternalMetricValueList", "verbs": []any{"get"},
		}}
		if diff := cmp.Diff(want, body["resources"]); code != http.StatusOK || diff != "" {
			t.Errorf("%d %s", code, diff)
		}
	})
	t.Run("value", func(t *testing.T) {
		code, body := get(t, handler, orders)
		want := map[string]any{
			"kind": "ExternalMetricValueList", "apiVersion": "external.metrics.k8s.io/v1beta1", "metadata": map[string]any{},
			"items": []any{map[string]any{
				"metricName": "s0-redis-orders", "metricLabels": nil, "timestamp": "2026-08-01T12:00:00Z", "value": "12500m",
			}},
		}
		if diff := cmp.Diff(want, body); code != http.StatusOK || diff != "" {
			t.Errorf("%d %s", code, diff)
		}
	})
	t.Run("access is reviewed once in five minutes", func(t *testing.T) {
		before := reviews.Load()
		get(t, handler, orders)
		if got := reviews.Load() - before; got != 0 {
			t.Errorf("%d more reviews", got)
		}
	})
	t.Run("error of the source", func(t *testing.T) {
		s.held.Error = "NOAUTH Authentication required."
		defer func() { s.held.Error = "" }()
		code, body := get(t, handler, orders)
		if code != http.StatusInternalServerError || body["message"] != "metric s0-redis-orders of ScaledObject shop/orders: NOAUTH Authentication required." {
			t.Errorf("%d %v", code, body)
		}
	})
	t.Run("no selector", func(t *testing.T) {
		path, _, _ := strings.Cut(orders, "?")
		if code, body := get(t, handler, path); code != http.StatusBadRequest || !strings.Contains(body["message"].(string), "labelSelector") {
			t.Errorf("%d %v", code, body)
		}
	})
	t.Run("unknown object", func(t *testing.T) {
		if code, body := get(t, handler, strings.Replace(orders, "Dorders", "Dnone", 1)); code != http.StatusNotFound || body["reason"] != "NotFound" {
			t.Errorf("%d %v", code, body)
		}
	})
	t.Run("OpenAPI", func(t *testing.T) {
		code, body := get(t, handler, "/openapi/v3/apis/external.metrics.k8s.io/v1beta1")
		if _, ok := body["paths"]; code != http.StatusOK || !ok {
			t.Errorf("%d, no paths", code)
		}
	})
}

func TestAPIRefusesStrangers(t *testing.T) {
	kubeconfig, reviews := kube(t, false)
	code, body := get(t, api(t, &source{}, kubeconfig), orders)
	if code != http.StatusForbidden || reviews.Load() != 1 {
		t.Errorf("%d after %d reviews: %v", code, reviews.Load(), body)
	}
}

func TestOptions(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "scaling")
	o := NewOptions()
	if o.FeedServerName != "keda-operator.scaling.svc" || o.LeaseNamespace != "scaling" {
		t.Errorf("%+v", o)
	}
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	o.AddFlags(flags)
	if err := flags.Parse([]string{"--kubeconfig=a", "--authorization-kubeconfig=b", "--cert-dir=/c"}); err != nil {
		t.Fatal(err)
	}
	if err := o.complete(); err != nil {
		t.Fatal(err)
	}
	if o.base.RemoteKubeConfigFile != "a" || o.base.Authentication.RemoteKubeConfigFile != "a" || o.base.Authorization.RemoteKubeConfigFile != "b" {
		t.Errorf("kubeconfigs %+v", o)
	}
	if cert := o.base.SecureServing.ServerCert.CertKey; cert.CertFile != "/c/tls.crt" || cert.KeyFile != "/c/tls.key" || o.base.SecureServing.BindPort != 6443 {
		t.Errorf("serving %+v", cert)
	}
	half := NewOptions()
	half.base.SecureServing.ServerCert.CertKey.CertFile = "x"
	if err := half.complete(); err == nil || !strings.Contains(err.Error(), "--tls-private-key-file") {
		t.Errorf("a certificate without a key: %v", err)
	}
}

// registered puts the library's metrics into the process's registry, as Run does.
var registered = sync.OnceValue(func() error { return apimetrics.RegisterMetrics(legacyregistry.Register) })

// TestMetricsHaveNoDuplicates: a name in both registries would be an error.
func TestMetricsHaveNoDuplicates(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	o := NewOptions()
	o.FeedAddress = "127.0.0.1:1"
	follower, err := o.follower(t.TempDir(), registry)
	if err != nil {
		t.Fatal(err)
	}
	answers := NewProvider(follower, time.Second)
	if err := errors.Join(registry.Register(answers), registered()); err != nil {
		t.Fatal(err)
	}
	_, _ = answers.GetExternalMetric(t.Context(), "shop", labels.Everything(), provider.ExternalMetricInfo{})
	families, err := everything(registry).Gather()
	if err != nil || len(families) < 20 {
		t.Errorf("%d metrics, %v", len(families), err)
	}
}

// BenchmarkRead measures a read through the whole handler chain: the price of
// the API server library.
func BenchmarkRead(b *testing.B) {
	kubeconfig, _ := kube(b, true)
	handler := api(b, &source{held: feed.Answer{Value: 12.5, At: measured}}, kubeconfig)
	b.ReportAllocs()
	for b.Loop() {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequestWithContext(b.Context(), http.MethodGet, orders, nil))
		if recorder.Code != http.StatusOK {
			b.Fatal(recorder.Body)
		}
	}
}

func TestMain(m *testing.M) {
	if err := os.Unsetenv("POD_NAMESPACE"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
