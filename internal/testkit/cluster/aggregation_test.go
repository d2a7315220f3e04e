// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// An aggregated API that the test process itself serves is reached through the API server, by a Service that names
// localhost. The metrics adapter is tested this way.
func TestLoopbackAggregatesAServerOfTheTest(t *testing.T) {
	c := ForTest(t)
	ns := c.Namespace(t)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"kind":"APIResourceList","groupVersion":"demo.test/v1","resources":[],"user":%q}`, r.Header.Get("X-Remote-User"))
	}))
	defer server.Close()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Apply(t.Context(), fmt.Sprintf(`
{apiVersion: v1, kind: Service, metadata: {name: demo, namespace: %[1]s}, spec: {type: ExternalName, externalName: localhost, ports: [{port: %[2]s}]}}
---
{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.demo.test}, spec: {group: demo.test, version: v1,
  groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true, service: {name: demo, namespace: %[1]s, port: %[2]s}}}
`, ns, u.Port())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client(t, c).Resource(apiServicesGVR).Delete(context.Background(), "v1.demo.test", metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	cfg, err := c.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the aggregated API", func(ctx context.Context) error { return get(ctx, cfg, "/apis/demo.test/v1", "kubernetes-admin") })
}

// get expects a path of the API server to answer with a body that says want.
func get(ctx context.Context, cfg *rest.Config, path, want string) error {
	h, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, cfg.Host+path, nil)
	if err != nil {
		return err
	}
	resp, err := h.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(want)) {
		return fmt.Errorf("%s: %s: %s", path, resp.Status, body)
	}
	return nil
}
