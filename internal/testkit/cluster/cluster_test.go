// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

func TestMain(m *testing.M) { Main(m) }

// eventually fails the test if check has not succeeded within a minute.
func eventually(t *testing.T, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func client(t *testing.T, c *Cluster) dynamic.Interface {
	t.Helper()
	cfg, err := c.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	d, err := dynamic.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func create(t *testing.T, r dynamic.ResourceInterface, manifest string) {
	t.Helper()
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifest), &o.Object); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Create(t.Context(), o, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// status expects a number in the status of an object.
func status(r dynamic.ResourceInterface, name, field string, want int64) func(context.Context) error {
	return func(ctx context.Context) error {
		o, err := r.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if got, _, _ := unstructured.NestedInt64(o.Object, "status", field); got != want {
			return fmt.Errorf("%s has status.%s = %d, want %d", name, field, got, want)
		}
		return nil
	}
}

var jobs = schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}

func TestLoopbackScalesADeployment(t *testing.T) {
	c := ForTest(t)
	ns := c.Namespace(t)
	r := client(t, c).Resource(deploymentsGVR).Namespace(ns)
	create(t, r, `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 1, selector: {matchLabels: {a: b}},
		template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: none}]}}}}`)
	eventually(t, "one replica", status(r, "web", "readyReplicas", 1))
	for _, replicas := range []int64{30, 0} {
		patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas)
		if _, err := r.Patch(t.Context(), "web", types.MergePatchType, patch, metav1.PatchOptions{}, "scale"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "scaled", status(r, "web", "readyReplicas", replicas))
	}
}

func TestLoopbackRunsJobs(t *testing.T) {
	c := ForTest(t)
	r := client(t, c).Resource(jobs).Namespace(c.Namespace(t))
	job := func(name, annotations string) string {
		return fmt.Sprintf(`{apiVersion: batch/v1, kind: Job, metadata: {name: %s}, spec: {backoffLimit: 0, template:
			{metadata: {annotations: {%s}}, spec: {restartPolicy: Never, containers: [{name: c, image: none}]}}}}`, name, annotations)
	}
	create(t, r, job("at-once", ""))
	create(t, r, job("fails", `"pod-fail.stage.kwok.x-k8s.io/delay": 10ms`))
	create(t, r, job("runs-on", `"pod-complete.stage.kwok.x-k8s.io/delay": 1h`))
	eventually(t, "a job that succeeds", status(r, "at-once", "succeeded", 1))
	eventually(t, "a job that fails", status(r, "fails", "failed", 1))
	eventually(t, "a job that runs on", status(r, "runs-on", "active", 1))
}

// Two clusters run side by side; taking one down leaves no process, no folder, and the other one alone.
func TestStartAndDown(t *testing.T) {
	other := ForTest(t)
	c := Start(t, Options{FakeNodes: 1})
	again, err := Up(t.Context(), Options{Name: c.State().Name})
	if err != nil {
		t.Fatal(err)
	}
	if again.State().Processes[0] != c.State().Processes[0] {
		t.Error("Up started a cluster that runs already anew")
	}
	if err := c.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, p := range c.State().Processes {
		if p.Alive() {
			t.Errorf("%s (%d) still runs", p.Name, p.PID)
		}
	}
	if _, err := os.Stat(c.Folder()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the cluster's folder is still there: %v", err)
	}
	if _, err := Attach(c.State().Name); !errors.Is(err, ErrNotRunning) {
		t.Errorf("Attach after Down: %v", err)
	}
	if _, err := client(t, other).Resource(nodes).List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Errorf("the other cluster: %v", err)
	}
}

// A start that fails says why, and leaves nothing but the logs.
func TestFailedStartExplainsItself(t *testing.T) {
	t.Setenv("KEDA_TF_CACHE", linkedCache(t))
	_, err := Up(t.Context(), Options{Name: "broken", APIServerArgs: []string{"--no-such-flag"}})
	if err == nil {
		t.Fatal("a cluster came up with an unknown flag")
	}
	if want := "no-such-flag"; !strings.Contains(err.Error(), want) {
		t.Errorf("the error does not mention %q: %v", want, err)
	}
	states, err := List()
	if err != nil || len(states) != 0 {
		t.Errorf("left over: %v, %v", states, err)
	}
	if err := Down(t.Context(), "broken"); err != nil {
		t.Error(err)
	}
}

// linkedCache is an empty cache that shares the built programs of the real one.
func linkedCache(t *testing.T) string {
	t.Helper()
	cache, err := Cache()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(cache, "bin"), filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	return dir
}
