// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package cluster

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// TestFullRunsContainers needs root and about half a minute, hence the build tag. It runs Redis behind a Service and a
// Job that writes to it by its DNS name, reads the result from outside, and checks that Down leaves nothing.
func TestFullRunsContainers(t *testing.T) {
	before := leftovers(t)
	c := Start(t, Options{Mode: Full, FakeNodes: 1})
	if err := c.Apply(t.Context(), `
{apiVersion: apps/v1, kind: Deployment, metadata: {name: redis}, spec: {selector: {matchLabels: {app: redis}}, template: {metadata: {labels: {app: redis}},
  spec: {containers: [{name: redis, image: "`+RedisImage+`", imagePullPolicy: Never, readinessProbe: {tcpSocket: {port: 6379}, periodSeconds: 1}}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: redis}, spec: {selector: {app: redis}, ports: [{port: 6379}]}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: push}, spec: {backoffLimit: 20, template: {spec: {restartPolicy: OnFailure, containers: [
  {name: push, image: "`+RedisImage+`", imagePullPolicy: Never, command: [/usr/bin/redis-cli, -e, -h, redis.default.svc.cluster.local, rpush, list, a, b, c]}]}}}}
`); err != nil {
		t.Fatal(err)
	}
	d := client(t, c)
	eventually(t, "redis", status(d.Resource(deploymentsGVR).Namespace("default"), "redis", "readyReplicas", 1))
	eventually(t, "the job", status(d.Resource(jobs).Namespace("default"), "push", "succeeded", 1))
	if got := ask(t, c, "redis", "LLEN list"); got != ":3" {
		t.Errorf("the list in Redis: %q, want 3 items", got)
	}
	simulatedPods(t, c)
	if err := c.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, p := range c.State().Processes {
		if p.Alive() {
			t.Errorf("%s (%d) still runs", p.Name, p.PID)
		}
	}
	if after := leftovers(t); after != before {
		t.Errorf("left over, before:\n%s\nand after:\n%s", before, after)
	}
}

// ask sends one command to Redis through a Service's cluster IP, from the machine.
func ask(t *testing.T, c *Cluster, service, request string) string {
	t.Helper()
	services := schema.GroupVersionResource{Version: "v1", Resource: "services"}
	o, err := client(t, c).Resource(services).Namespace("default").Get(t.Context(), service, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ip, _, _ := unstructured.NestedString(o.Object, "spec", "clusterIP")
	conn, err := c.Dial(t.Context(), ip+":6379")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "%s\r\n", request); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// simulatedPods go to the simulated node because they tolerate its taint and select it.
func simulatedPods(t *testing.T, c *Cluster) {
	t.Helper()
	if err := c.Apply(t.Context(), `{apiVersion: apps/v1, kind: Deployment, metadata: {name: fake}, spec: {replicas: 20, selector: {matchLabels: {app: fake}},
  template: {metadata: {labels: {app: fake}}, spec: {nodeSelector: {type: kwok}, tolerations: [{key: kwok.x-k8s.io/node, operator: Exists}], containers: [{name: c, image: none}]}}}}`); err != nil {
		t.Fatal(err)
	}
	r := client(t, c).Resource(deploymentsGVR).Namespace("default")
	eventually(t, "simulated pods", func(ctx context.Context) error { return status(r, "fake", "readyReplicas", 20)(ctx) })
}

// leftovers is all that a full cluster could leave on the machine: mounts, cgroups, named network namespaces, kernel
// parameters, and files in folders whose place is fixed.
func leftovers(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		fmt.Fprintln(&b, strings.Fields(line)[1])
	}
	for _, pattern := range []string{"/sys/fs/cgroup/*/*", "/run/netns/*", "/run/containerd/*", "/var/lib/cni/*", "/var/lib/kubelet/*", "/var/log/containers/*"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			if info, err := os.Stat(p); err == nil && (info.IsDir() || !strings.HasPrefix(p, "/sys")) {
				fmt.Fprintln(&b, p)
			}
		}
	}
	values, err := readSysctls()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(&b, values)
	return b.String()
}
