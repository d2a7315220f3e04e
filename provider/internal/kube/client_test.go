// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package kube_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

var service = kube.Ref{Resource: schema.GroupVersionResource{Version: "v1", Resource: "services"}, Namespace: "keda", Name: "keda"}

// client is one of an API server that answers as said: with a status other than
// 200, or an object.
func client(t *testing.T, answer func(*http.Request) (int, map[string]any)) *kube.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code, object := answer(r)
		if code != http.StatusOK {
			http.Error(w, http.StatusText(code), code)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(object)
	}))
	t.Cleanup(server.Close)
	c, err := kube.New(&rest.Config{Host: server.URL}, kube.DefaultFieldManager)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func object(uid string, ready string) map[string]any {
	return map[string]any{"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": "keda", "namespace": "keda", "uid": uid, "generation": 1, "resourceVersion": "1"},
		"status": map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": ready}}}}
}

// TestTakeOverTriesAgain: between the read and the patch others write the object,
// such as the API server the status of an APIService.
func TestTakeOverTriesAgain(t *testing.T) {
	patches := 0
	owned := object("a", "True")
	owned["metadata"].(map[string]any)["managedFields"] = []any{map[string]any{"manager": "helm", "operation": "Update", "apiVersion": "v1",
		"fieldsType": "FieldsV1", "fieldsV1": map[string]any{"f:spec": map[string]any{"f:type": map[string]any{}}}}}
	c := client(t, func(r *http.Request) (int, map[string]any) {
		if r.Method == http.MethodPatch {
			if patches++; patches == 1 {
				return http.StatusConflict, nil
			}
		}
		return http.StatusOK, owned
	})
	if err := c.TakeOver(t.Context(), service, kube.Everyone); err != nil || patches != 2 {
		t.Errorf("patched %d times: %v", patches, err)
	}
}

// TestWaitOutlastsAPassingFailure: an object that was applied and not waited for is
// tainted, and replaced by the next apply.
func TestWaitOutlastsAPassingFailure(t *testing.T) {
	looks := 0
	c := client(t, func(*http.Request) (int, map[string]any) {
		if looks++; looks == 1 {
			return http.StatusServiceUnavailable, nil
		}
		return http.StatusOK, object("a", "True")
	})
	applied := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"generation": int64(1)}}}
	if err := c.WaitReady(t.Context(), service, applied); err != nil {
		t.Error(err)
	}
	forbidden := client(t, func(*http.Request) (int, map[string]any) { return http.StatusForbidden, nil })
	if err := forbidden.WaitReady(t.Context(), service, applied); err == nil || t.Context().Err() != nil {
		t.Errorf("a failure that does not pass is waited for: %v", err)
	}
	broken := client(t, func(*http.Request) (int, map[string]any) { return http.StatusServiceUnavailable, nil })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := broken.WaitReady(ctx, service, applied); err == nil || strings.Contains(err.Error(), "Is KEDA running?") {
		t.Errorf("the API server is to blame, not the controller: %v", err)
	}
	if _, err := broken.Absent(t.Context(), service); err == nil {
		t.Error("a cluster that does not work has room for an object")
	}
}

// TestWaitGoneMeansOneObject: whoever made an object anew in the place of the
// deleted one wants to keep it.
func TestWaitGoneMeansOneObject(t *testing.T) {
	c := client(t, func(*http.Request) (int, map[string]any) { return http.StatusOK, object("b", "True") })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := c.WaitGone(ctx, service, "a"); err != nil {
		t.Error(err)
	}
	if err := c.WaitGone(ctx, service, "b"); err == nil {
		t.Error("the object is there")
	}
}

// TestWarningsAreAboutOneObject: events outlive their objects, and a Deployment often
// has the name of the ScaledObject.
func TestWarningsAreAboutOneObject(t *testing.T) {
	c := client(t, func(r *http.Request) (int, map[string]any) {
		items := []any{}
		if selector := r.URL.Query().Get("fieldSelector"); !strings.Contains(selector, "involvedObject.uid=a") {
			items = append(items, map[string]any{"kind": "Event", "apiVersion": "v1", "reason": "FailedCreate", "message": "of another"})
		}
		return http.StatusOK, map[string]any{"kind": "EventList", "apiVersion": "v1", "items": items}
	})
	if warnings := c.Warnings(t.Context(), service, "a"); len(warnings) > 0 {
		t.Error(warnings)
	}
}
