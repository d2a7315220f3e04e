// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	_ "embed" // job-pods.yaml
	"fmt"
	"os"
	"path/filepath"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/binaries"
)

// jobPodStages are how simulated pods of Jobs end; the other stages are kwok's own.
//
//go:embed stages/job-pods.yaml
var jobPodStages string

var nodes = schema.GroupVersionResource{Version: "v1", Resource: "nodes"}

// fakeNodes starts kwok, creates the simulated nodes and waits until they are Ready.
func (l *launch) fakeNodes(ctx context.Context) error {
	if l.o.FakeNodes < 0 {
		return nil
	}
	if err := l.writeStages(); err != nil {
		return err
	}
	err := l.startProgram(binaries.Kwok, "kwok",
		"--kubeconfig="+l.path("kubeconfig"), "--config="+l.path("stages.yaml"),
		"--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
		"--node-lease-duration-seconds=40", "--cidr="+podRange)
	if err != nil {
		return err
	}
	client, err := l.dynamic()
	if err != nil {
		return err
	}
	for i := range l.o.FakeNodes {
		_, err := client.Resource(nodes).Create(ctx, fakeNode(i+1, l.o.Mode == Full), metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("create simulated node: %w", err)
		}
	}
	return l.await(ctx, "the simulated nodes", func(ctx context.Context) error {
		return nodesReady(ctx, client, "type=kwok", l.o.FakeNodes)
	})
}

// writeStages joins the stages into the one file that kwok reads.
func (l *launch) writeStages() error {
	files, err := filepath.Glob(filepath.Join(l.bin[binaries.Kwok.Name], "*.yaml"))
	if err != nil {
		return err
	}
	stages := []string{jobPodStages}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		stages = append(stages, string(b))
	}
	return os.WriteFile(l.path("stages.yaml"), []byte(strings.Join(stages, "\n---\n")), 0o644)
}

// fakeNode is the i-th simulated node. Where there are real nodes too, a taint keeps off all pods that do not ask for it.
func fakeNode(i int, tainted bool) *unstructured.Unstructured {
	name := fmt.Sprintf("fake-%d", i)
	room := map[string]any{"cpu": "64", "memory": "256Gi", "pods": "1000"}
	spec := map[string]any{}
	if tainted {
		spec["taints"] = []any{map[string]any{"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}}
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Node",
		"metadata": map[string]any{
			"name":        name,
			"annotations": map[string]any{"kwok.x-k8s.io/node": "fake"},
			"labels": map[string]any{
				"type": "kwok", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
			},
		},
		"spec":   spec,
		"status": map[string]any{"allocatable": room, "capacity": room},
	}}
}

// nodesReady fails unless want nodes with the label exist and all are Ready and open to pods.
func nodesReady(ctx context.Context, client dynamic.Interface, label string, want int) error {
	list, err := client.Resource(nodes).List(ctx, metav1.ListOptions{LabelSelector: label})
	if err != nil {
		return err
	}
	ready := 0
	for _, n := range list.Items {
		taints, _, _ := unstructured.NestedSlice(n.Object, "spec", "taints")
		if conditionTrue(&n, "Ready") && !strings.Contains(fmt.Sprint(taints), "node.kubernetes.io/not-ready") {
			ready++
		}
	}
	if ready != want {
		return fmt.Errorf("%d of %d nodes are Ready", ready, want)
	}
	return nil
}

// conditionTrue reports whether a status condition of the object is "True".
func conditionTrue(o *unstructured.Unstructured, kind string) bool {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		if m, ok := c.(map[string]any); ok && m["type"] == kind {
			return m["status"] == "True"
		}
	}
	return false
}

func (l *launch) dynamic() (dynamic.Interface, error) {
	cfg, err := attach(l.dir, l.state).RESTConfig()
	if err != nil {
		return nil, err
	}
	return dynamic.NewForConfig(cfg)
}
