// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package kube_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// TestTakeOverTriesAgain: between the read and the patch others write the object,
// such as the API server the status of an APIService.
func TestTakeOverTriesAgain(t *testing.T) {
	patches := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			if patches++; patches == 1 {
				http.Error(w, "the object has been modified", http.StatusConflict)
				return
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{
			"name": "keda", "namespace": "keda", "resourceVersion": "1", "managedFields": []any{map[string]any{
				"manager": "helm", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
				"fieldsV1": map[string]any{"f:spec": map[string]any{"f:type": map[string]any{}}}}}}})
	}))
	t.Cleanup(server.Close)
	client, err := kube.New(&rest.Config{Host: server.URL}, kube.DefaultFieldManager)
	if err != nil {
		t.Fatal(err)
	}
	ref := kube.Ref{Resource: schema.GroupVersionResource{Version: "v1", Resource: "services"}, Namespace: "keda", Name: "keda"}
	if err := client.TakeOver(t.Context(), ref, kube.Everyone); err != nil || patches != 2 {
		t.Errorf("patched %d times: %v", patches, err)
	}
}
