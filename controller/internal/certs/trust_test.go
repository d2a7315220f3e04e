// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	clienttesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

// TestTwoInstallationsDoNotFightOverTheAuthority: what the API server trusts is
// the business of the installation whose Service it asks.
func TestTwoInstallationsDoNotFightOverTheAuthority(t *testing.T) {
	service, hooks := apiService(), webhook()
	if err := unstructured.SetNestedField(service.Object, "other", "spec", "service", "namespace"); err != nil {
		t.Fatal(err)
	}
	list, _, _ := unstructured.NestedSlice(hooks.Object, "webhooks")
	for i, namespace := range []string{"other", secretKey.Namespace} {
		if err := unstructured.SetNestedField(list[i].(map[string]any), namespace, "clientConfig", "service", "namespace"); err != nil {
			t.Fatal(err)
		}
	}
	if err := unstructured.SetNestedSlice(hooks.Object, list, "webhooks"); err != nil {
		t.Fatal(err)
	}
	c := fake.NewClientBuilder().WithScheme(scheme(t)).WithObjects(service, hooks).Build()
	if complete, err := rotator(t, c, clienttesting.NewFakePassiveClock(time.Now()), nil).Ensure(t.Context()); err != nil || !complete {
		t.Fatalf("complete %v, error %v", complete, err)
	}
	for _, object := range []*unstructured.Unstructured{service, hooks} {
		if err := c.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			t.Fatal(err)
		}
	}
	if bundle, found, _ := unstructured.NestedString(service.Object, "spec", "caBundle"); found {
		t.Errorf("the APIService of another installation trusts %s", bundle)
	}
	list, _, _ = unstructured.NestedSlice(hooks.Object, "webhooks")
	for i, ours := range []bool{false, true} {
		if _, found, _ := unstructured.NestedString(list[i].(map[string]any), "clientConfig", "caBundle"); found != ours {
			t.Errorf("webhook %d has a bundle: %v, want %v", i, found, ours)
		}
	}
}
