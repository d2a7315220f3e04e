// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/ptr"
)

func TestIdentity(t *testing.T) {
	for _, address := range []string{"10.1.2.3:9666", "[fd00::12]:9666"} {
		identity := Identity("keda-operator-7c9-x2x", netip.MustParseAddrPort(address))
		pod, got, err := ParseIdentity(identity)
		if err != nil || pod != "keda-operator-7c9-x2x" || got != address {
			t.Errorf("%s: %s %s %v", identity, pod, got, err)
		}
	}
	// What controller-runtime, and so an upstream operator, would write.
	for _, foreign := range []string{"", "keda-operator-7c9-x2x_52f0f1c6-8b4e-4d5e-9a6e-000000000000", "pod", "pod_host:9666", "pod_10.1.2.3"} {
		if _, _, err := ParseIdentity(foreign); err == nil || !strings.Contains(err.Error(), "another program") {
			t.Errorf("%q: %v", foreign, err)
		}
	}
}

func TestLeaseLocator(t *testing.T) {
	lease := func(holder *string) *coordinationv1.Lease {
		return &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Namespace: "keda", Name: "operator.keda.sh"},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: holder},
		}
	}
	tests := []struct {
		name, want, err string
		client          *fake.Clientset
	}{
		{name: "held", want: "10.0.0.1:9666", client: fake.NewClientset(lease(ptr.To("pod_10.0.0.1:9666")))},
		{name: "released", err: "no controller holds", client: fake.NewClientset(lease(nil))},
		{name: "foreign", err: "another program", client: fake.NewClientset(lease(ptr.To("pod_uuid")))},
		{name: "absent", err: "read Lease keda/operator.keda.sh", client: fake.NewClientset()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := LeaseLocator(tt.client.CoordinationV1(), "keda", "operator.keda.sh")(t.Context())
			if got != tt.want || (err == nil) != (tt.err == "") || (err != nil && !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestWaitForFiles(t *testing.T) {
	dir := t.TempDir()
	done := make(chan error, 1)
	go func() { done <- WaitForFiles(t.Context(), dir) }()
	for _, name := range []string{CAFile, CertFile, KeyFile} {
		select {
		case err := <-done:
			t.Fatalf("returned before %s: %v", name, err)
		case <-time.After(time.Millisecond):
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := WaitForFiles(ended, t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
	if _, err := DirTLS(dir, "x")(); err == nil || !strings.Contains(err.Error(), CAFile) {
		t.Errorf("files without certificates: %v", err)
	}
}
