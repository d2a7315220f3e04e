// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// KubeconfigEnv names the kubeconfig file of a cluster that tests shall use instead of starting one. `devcluster run`
// sets it, so that the test processes of many packages share one cluster.
const KubeconfigEnv = "KEDA_TF_TEST_KUBECONFIG"

var (
	namespaces      = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	serviceAccounts = schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}
)

// shared is the cluster of this test process.
var shared struct {
	sync.Mutex
	hasMain bool
	cluster *Cluster
	err     error
}

// Main is the TestMain of packages that use ForTest: it runs the tests and then takes their cluster down.
//
//	func TestMain(m *testing.M) { cluster.Main(m) }
func Main(m *testing.M) {
	shared.hasMain = true
	code := m.Run()
	if c := shared.cluster; c != nil {
		if err := c.Down(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// ForTest returns the loopback cluster that all tests of the process share, after starting it for the first of them.
// With KubeconfigEnv set it is the cluster of that file, which other packages use at the same time: keep to namespaces
// of your own (see Namespace), and start a private cluster (see Start) to change what is cluster-wide.
func ForTest(t testing.TB) *Cluster {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if path := os.Getenv(KubeconfigEnv); path != "" {
		return FromKubeconfig(path)
	}
	if !shared.hasMain {
		t.Fatal("cluster.ForTest needs `func TestMain(m *testing.M) { cluster.Main(m) }` in the package, which takes the cluster down")
	}
	if shared.cluster == nil && shared.err == nil {
		shared.cluster, shared.err = Up(context.Background(), testOptions(Options{}))
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.cluster
}

// Start starts a cluster for one test and takes it down after it. Options.Name and Log have defaults that fit.
func Start(t testing.TB, o Options) *Cluster {
	t.Helper()
	c, err := Up(t.Context(), testOptions(o))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Down(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

// FromKubeconfig is a cluster of which only the kubeconfig is known. Down leaves it alone.
func FromKubeconfig(path string) *Cluster { return &Cluster{kubeconfig: path} }

func testOptions(o Options) Options {
	if o.Name == "" {
		o.Name = fmt.Sprintf("test-%d-%s", os.Getpid(), suffix())
	}
	if o.Log == nil {
		o.Log = os.Stderr
	}
	o.Ephemeral = true
	return o
}

// Namespace creates a namespace with a random name and waits for its default ServiceAccount, without which it takes no
// pods. After the test it is deleted, which nobody waits for.
func (c *Cluster) Namespace(t testing.TB) string {
	t.Helper()
	cfg, err := c.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	name := "test-" + suffix()
	ns := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name},
	}}
	if _, err := client.Resource(namespaces).Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Resource(namespaces).Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
			t.Errorf("delete namespace %s: %v", name, err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	for {
		_, err := client.Resource(serviceAccounts).Namespace(name).Get(ctx, "default", metav1.GetOptions{})
		if err == nil {
			return name
		}
		select {
		case <-ctx.Done():
			t.Fatalf("namespace %s has no default ServiceAccount: %v", name, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

const letters = "abcdefghijklmnopqrstuvwxyz"

func suffix() string {
	b := make([]byte, 5)
	for i := range b {
		b[i] = letters[rand.IntN(len(letters))]
	}
	return string(b)
}
