// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package endtoend

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

// TestAdapterOnCluster goes through the life of an installation. The steps build
// on each other.
func TestAdapterOnCluster(t *testing.T) {
	w := newWorld(t)
	probe := func(path string) int { return w.probe(t, path) }
	eventually(t, "the adapter lives", func() error {
		if code := probe("/livez"); code != http.StatusOK {
			return fmt.Errorf("livez: %d", code)
		}
		return nil
	})
	if code := probe("/readyz"); code == http.StatusOK {
		t.Error("ready without a snapshot")
	}

	first, crash := w.lead(t, nil)
	first.Publish(w.object("orders"), answer(12.5))
	first.Publish(w.object("broken"), []sample.Answer{{Metric: "s0-redis-orders", Error: "dial tcp: refused", At: time.Now()}})
	first.MarkComplete()
	eventually(t, "the API serves the value", func() error { return w.says(t.Context(), "orders", "12500m") })
	if code := probe("/readyz"); code != http.StatusOK {
		t.Errorf("readyz: %d", code)
	}

	t.Run("errors reach the HPA with their message", func(t *testing.T) { testErrors(t, w) })
	t.Run("reads outlive the leader", func(t *testing.T) { testLeaderCrash(t, w, crash) })
	t.Run("an HPA scales a Deployment while nobody leads", func(t *testing.T) { testHPA(t, w) })
	t.Run("Prometheus sees it", func(t *testing.T) { testMetrics(t, w) })
	t.Run("a new certificate is served without a restart", func(t *testing.T) { testRotation(t, w) })
}

// says checks the value that the API server returns.
func (w *world) says(ctx context.Context, object, value string) error {
	body, err := w.read(ctx, object, "s0-redis-orders")
	if err != nil {
		return err
	}
	if !strings.Contains(body, `"value":"`+value+`"`) {
		return fmt.Errorf("want %s, got %s", value, body)
	}
	return nil
}

// probe asks as the kubelet does: over TLS that it does not verify.
func (w *world) probe(t *testing.T, path string) int {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("https://127.0.0.1:%d%s", w.apiPort, path), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode
}

func testErrors(t *testing.T, w *world) {
	_, err := w.read(t.Context(), "broken", "s0-redis-orders")
	if !apierrors.IsInternalError(err) || !strings.Contains(err.Error(), "dial tcp: refused") {
		t.Errorf("failed source: %v", err)
	}
	_, err = w.read(t.Context(), "orders", "s1-missing")
	if !apierrors.IsNotFound(err) || !strings.Contains(err.Error(), "it has s0-redis-orders") {
		t.Errorf("unknown metric: %v", err)
	}
	_, err = w.read(t.Context(), "", "s0-redis-orders")
	if !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), "labelSelector=") {
		t.Errorf("no name: %v", err)
	}
}

// testLeaderCrash reads all the time while the leader dies and another takes
// over; not one read may fail.
func testLeaderCrash(t *testing.T, w *world, crash func()) {
	ctx, cancel := context.WithCancel(t.Context())
	failures := make(chan error, 1)
	reads := make(chan int, 1)
	go func() {
		count := 0
		for ; ctx.Err() == nil; count++ {
			if _, err := w.read(ctx, "orders", "s0-redis-orders"); err != nil && ctx.Err() == nil {
				select {
				case failures <- fmt.Errorf("read %d: %w", count, err):
				default:
				}
			}
		}
		reads <- count
	}()
	crash()
	second, _ := w.lead(t, nil)
	second.Publish(w.object("other"), answer(1)) // "orders" has not been polled yet
	eventually(t, "the second leader is followed", func() error { return w.says(t.Context(), "other", "1") })
	if err := w.says(t.Context(), "orders", "12500m"); err != nil {
		t.Errorf("the first leader's answer: %v", err)
	}
	second.Publish(w.object("orders"), answer(40))
	second.MarkComplete()
	eventually(t, "the second leader's answer", func() error { return w.says(t.Context(), "orders", "40") })
	eventually(t, "what is gone is gone", func() error {
		if _, err := w.read(t.Context(), "broken", "s0-redis-orders"); !apierrors.IsNotFound(err) {
			return fmt.Errorf("want 404, got %w", err)
		}
		return nil
	})
	cancel()
	t.Logf("%d reads", <-reads)
	select {
	case err := <-failures:
		t.Error(err)
	default:
	}
}

// testHPA relies on the leader of the step before having gone with it.
func testHPA(t *testing.T, w *world) {
	manifests := fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: consumer, namespace: %[1]s}
spec:
  replicas: 1
  selector: {matchLabels: {app: consumer}}
  template:
    metadata: {labels: {app: consumer}}
    spec: {containers: [{name: c, image: none}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: keda-hpa-orders, namespace: %[1]s}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: consumer}
  minReplicas: 1
  maxReplicas: 10
  metrics:
  - type: External
    external:
      metric: {name: s0-redis-orders, selector: {matchLabels: {scaledobject.keda.sh/name: orders}}}
      target: {type: AverageValue, averageValue: "5"}
`, w.namespace)
	if err := w.Apply(t.Context(), manifests); err != nil {
		t.Fatal(err)
	}
	eventually(t, "8 replicas of 5 for a value of 40", func() error {
		scale, err := w.kube.AppsV1().Deployments(w.namespace).GetScale(t.Context(), "consumer", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if scale.Spec.Replicas != 8 {
			return fmt.Errorf("%d replicas", scale.Spec.Replicas)
		}
		return nil
	})
}

// testMetrics looks for a metric of each of the three registries, and for the
// series that KEDA's adapter had until 2.8 on their own port.
//
// Covers: metric keda_internal_metricsservice_grpc_client_started_total; metric keda_internal_metricsservice_grpc_client_handled_total
// Covers: metric keda_internal_metricsservice_grpc_client_msg_received_total; metric keda_internal_metricsservice_grpc_client_msg_sent_total
// Covers: metric keda_internal_metricsservice_grpc_client_handling_seconds; metric keda_metrics_adapter_scaler_metrics_value
// Covers: metric keda_metrics_adapter_scaler_errors_total; metric keda_metrics_adapter_scaler_errors; metric keda_metrics_adapter_scaled_object_errors
func testMetrics(t *testing.T, w *world) {
	labels := fmt.Sprintf(`{metric="s0-redis-orders",namespace="%s",scaledObject="orders",scaler="redis",scalerIndex="0"}`, w.namespace)
	for port, wants := range map[int][]string{
		w.promPort: {
			`keda_internal_metricsservice_grpc_client_started_total{grpc_method="Follow"`,
			`keda_internal_metricsservice_grpc_client_handled_total{`, `keda_internal_metricsservice_grpc_client_msg_received_total{`,
			`keda_internal_metricsservice_grpc_client_msg_sent_total{`, `keda_internal_metricsservice_grpc_client_handling_seconds_bucket{`,
			"keda_metricsadapter_feed_connects_total 2", `keda_metricsadapter_reads_total{result="value"}`,
			"keda_metricsadapter_value_age_seconds_count", "apiserver_request_total{", "go_goroutines ",
		},
		w.oldPort: {
			"keda_metrics_adapter_scaler_metrics_value" + labels + " 40", "keda_metrics_adapter_scaler_errors" + labels + " 0",
			fmt.Sprintf(`keda_metrics_adapter_scaled_object_errors{namespace="%s",scaledObject="orders"} 0`, w.namespace),
			"\nkeda_metrics_adapter_scaler_errors_total ",
		},
	} {
		body := scrape(t, port)
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("no %s", want)
			}
		}
		if port == w.oldPort && strings.Contains(body, "go_goroutines") {
			t.Error("who scrapes both ports gets the process twice")
		}
	}
}

// scrape reads Prometheus metrics.
func scrape(t *testing.T, port int) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/metrics", port), nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v", response.StatusCode, err)
	}
	return string(body)
}

func testRotation(t *testing.T, w *world) {
	secrets := w.kube.CoreV1().Secrets(w.namespace)
	secret, err := secrets.Get(t.Context(), "kedaorg-certs", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	delete(secret.Data, "tls.crt") // the rotator must repair what somebody broke
	if _, err := secrets.Update(t.Context(), secret, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.rotator.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	bundle := w.mount(t)
	pair, err := tls.X509KeyPair(bundle.Cert, bundle.Key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle.CA)
	eventually(t, "the adapter serves the new certificate", func() error {
		conn, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", w.apiPort),
			&tls.Config{RootCAs: roots, ServerName: adapterName + "." + w.namespace + ".svc", MinVersion: tls.VersionTLS12})
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		if served := conn.ConnectionState().PeerCertificates[0]; !slices.Equal(served.Raw, pair.Certificate[0]) {
			return fmt.Errorf("still serial %s", served.SerialNumber)
		}
		return nil
	})
	if err := w.says(t.Context(), "orders", "40"); err != nil {
		t.Error(err)
	}
}
