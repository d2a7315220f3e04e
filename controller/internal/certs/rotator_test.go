// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	apiServiceName = "v1beta1.external.metrics.k8s.io"
	webhookName    = "keda-admission"
)

var secretKey = client.ObjectKey{Namespace: "keda", Name: "kedaorg-certs"}

func scheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	s := runtime.NewScheme()
	if err := corev1.AddToScheme(s); err != nil {
		t.Fatal(err)
	}
	for group, kind := range map[string]string{"apiregistration.k8s.io": "APIService", "admissionregistration.k8s.io": "ValidatingWebhookConfiguration"} {
		gvk := schema.GroupVersionKind{Group: group, Version: "v1", Kind: kind}
		s.AddKnownTypeWithName(gvk, &unstructured.Unstructured{})
		gvk.Kind += "List"
		s.AddKnownTypeWithName(gvk, &unstructured.UnstructuredList{})
	}
	return s
}

func apiService() *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
		"metadata": map[string]any{"name": apiServiceName},
		"spec":     map[string]any{"group": "external.metrics.k8s.io", "insecureSkipTLSVerify": true},
	}}
}

func webhook() *unstructured.Unstructured {
	entry := func(name string) any {
		return map[string]any{"name": name, "clientConfig": map[string]any{"service": map[string]any{"name": "keda-admission-webhooks"}}}
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
		"metadata": map[string]any{"name": webhookName},
		"webhooks": []any{entry("vscaledobject.kb.io"), entry("vscaledjob.kb.io")},
	}}
}

func rotator(t *testing.T, c client.Client, clock *clienttesting.FakePassiveClock, keeper *Keeper) *Rotator {
	t.Helper()
	r, err := NewRotator(Options{
		Client: c, Secret: secretKey, Names: names, APIService: apiServiceName, Webhook: webhookName, Keeper: keeper, Clock: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func readBundle(t *testing.T, c client.Client) Bundle {
	t.Helper()
	var secret corev1.Secret
	if err := c.Get(t.Context(), secretKey, &secret); err != nil {
		t.Fatal(err)
	}
	return FromSecret(secret.Data)
}

// caBundles returns what the API server would trust: of the APIService, then of
// each webhook.
func caBundles(t *testing.T, c client.Client) []string {
	t.Helper()
	service, hooks := apiService(), webhook()
	if err := errors.Join(c.Get(t.Context(), client.ObjectKeyFromObject(service), service), c.Get(t.Context(), client.ObjectKeyFromObject(hooks), hooks)); err != nil {
		t.Fatal(err)
	}
	if _, insecure, _ := unstructured.NestedBool(service.Object, "spec", "insecureSkipTLSVerify"); insecure {
		t.Error("insecureSkipTLSVerify is still there")
	}
	first, _, _ := unstructured.NestedString(service.Object, "spec", "caBundle")
	bundles := []string{first}
	list, _, _ := unstructured.NestedSlice(hooks.Object, "webhooks")
	for _, hook := range list {
		bundle, _, _ := unstructured.NestedString(hook.(map[string]any), "clientConfig", "caBundle")
		if service, _, _ := unstructured.NestedString(hook.(map[string]any), "clientConfig", "service", "name"); service == "" {
			t.Error("the webhook has lost its service")
		}
		bundles = append(bundles, bundle)
	}
	return bundles
}

func TestEnsure(t *testing.T) {
	writes := 0
	count := interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			writes++
			return c.Create(ctx, o, opts...)
		},
		Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			writes++
			return c.Update(ctx, o, opts...)
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			writes++
			return c.Patch(ctx, o, p, opts...)
		},
	}
	c := fake.NewClientBuilder().WithScheme(scheme(t)).WithInterceptorFuncs(count).Build()
	clock := clienttesting.NewFakePassiveClock(start)
	keeper := NewKeeper()
	r := rotator(t, c, clock, keeper)
	ensure := func(wantComplete bool, wantWrites int) {
		t.Helper()
		writes = 0
		complete, err := r.Ensure(t.Context())
		if err != nil || complete != wantComplete || writes != wantWrites {
			t.Fatalf("complete %v (want %v), %d writes (want %d), error %v", complete, wantComplete, writes, wantWrites, err)
		}
	}
	ensure(false, 1) // the Secret; nothing to patch yet
	ensure(false, 0)
	for _, object := range []*unstructured.Unstructured{apiService(), webhook()} {
		if err := c.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	ensure(true, 2)
	ensure(true, 0)
	want := base64.StdEncoding.EncodeToString(readBundle(t, c).CA)
	for i, got := range caBundles(t, c) {
		if got != want {
			t.Errorf("caBundle %d is not the authority", i)
		}
	}

	t.Run("somebody overwrites caBundle", func(t *testing.T) {
		object := apiService()
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			t.Fatal(err)
		}
		if err := unstructured.SetNestedField(object.Object, "b3RoZXI=", "spec", "caBundle"); err != nil {
			t.Fatal(err)
		}
		if err := c.Update(t.Context(), object); err != nil {
			t.Fatal(err)
		}
		ensure(true, 1)
	})
	t.Run("a new authority joins the old one before it signs", func(t *testing.T) {
		clock.SetTime(start.AddDate(6, 9, 0))
		ensure(true, 3) // the certificate has expired meanwhile: both at once, and both trusted
		if got := len(parseCertificates(readBundle(t, c).CA)); got != 2 {
			t.Errorf("%d authorities in the bundle", got)
		}
	})
	t.Run("the Secret is deleted", func(t *testing.T) {
		if err := c.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: secretKey.Namespace, Name: secretKey.Name}}); err != nil {
			t.Fatal(err)
		}
		ensure(true, 3)
		now, err := keeper.now()
		if err != nil || string(now.bundle.Cert) != string(readBundle(t, c).Cert) {
			t.Errorf("the keeper does not hold the new certificate (%v)", err)
		}
	})
}

func TestEnsureErrors(t *testing.T) {
	refuse := errors.New("etcd is away")
	c := fake.NewClientBuilder().WithScheme(scheme(t)).WithObjects(apiService(), webhook()).WithInterceptorFuncs(interceptor.Funcs{
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			return refuse
		},
	}).Build()
	r := rotator(t, c, clienttesting.NewFakePassiveClock(start), nil)
	_, err := r.Ensure(t.Context())
	if !errors.Is(err, refuse) || !strings.Contains(err.Error(), apiServiceName) || !strings.Contains(err.Error(), webhookName) {
		t.Errorf("both objects should be named: %v", err)
	}
	if secret := readBundle(t, c); strings.Contains(err.Error(), string(secret.CAKey)) {
		t.Error("the error has the key")
	}
}

// TestServersFollowRotation keeps one TLS server running while its certificate
// and its authority change.
func TestServersFollowRotation(t *testing.T) {
	keeper := NewKeeper()
	plain, mutual := listen(t, keeper.ServerTLS()), listen(t, keeper.MutualTLS())
	for year := range 3 {
		now := time.Now() // TLS itself reads the real clock
		b, _ := step(t, now, Bundle{})
		if err := keeper.Load(b); err != nil {
			t.Fatal(err)
		}
		if err := keeper.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(b.CA)
		config := &tls.Config{RootCAs: roots, ServerName: "keda-operator.keda.svc"}
		if err := handshake(plain, config); err != nil {
			t.Errorf("round %d: %v", year, err)
		}
		if err := handshake(mutual, config); err == nil {
			t.Errorf("round %d: the mutual server let in a client without certificate", year)
		}
		own, err := tls.X509KeyPair(b.Cert, b.Key)
		if err != nil {
			t.Fatal(err)
		}
		config.Certificates = []tls.Certificate{own}
		if err := handshake(mutual, config); err != nil {
			t.Errorf("round %d: %v", year, err)
		}
	}
	if err := keeper.Load(Bundle{Cert: []byte("x")}); err == nil {
		t.Error("a broken bundle was taken up")
	}
}

func TestKeeperFollowsSecret(t *testing.T) {
	c := fake.NewClientBuilder().WithScheme(scheme(t)).Build()
	keeper := NewKeeper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- keeper.Follow(ctx, c, secretKey) }()
	r := rotator(t, c, clienttesting.NewFakePassiveClock(time.Now()), nil)
	if _, err := r.Ensure(ctx); err != nil {
		t.Fatal(err)
	}
	bounded, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	if err := keeper.Wait(bounded); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// listen serves one byte over TLS to each client until the test ends.
func listen(t *testing.T, config *tls.Config) string {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte{1}) // a failed handshake shows at the client
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return listener.Addr().String()
}

// handshake connects and reads a byte: under TLS 1.3 a refused client notices
// only then.
func handshake(address string, config *tls.Config) error {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", address, config)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_, err = conn.Read(make([]byte, 1))
	return err
}
