// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster"
)

// testCluster is private to this package, also where packages share one: a
// controller works in all namespaces.
var testCluster *cluster.Cluster

// sideBySide is how many tests run at a time: they wait for others most of the
// time.
const sideBySide = "12"

func TestMain(m *testing.M) {
	flag.Parse()
	ctrl.SetLogger(logr.Discard())
	code := 1
	if err := flag.Set("test.parallel", sideBySide); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else if err := up(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	if testCluster != nil {
		if err := testCluster.Down(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

func up(ctx context.Context) (err error) {
	options := cluster.Options{Name: fmt.Sprintf("app-%d", os.Getpid()), Ephemeral: true, Log: os.Stderr}
	if testCluster, err = cluster.Up(ctx, options); err != nil {
		return err
	}
	crds, err := manifests.CRDs()
	if err != nil {
		return err
	}
	for _, crd := range crds {
		text, err := yaml.Marshal(crd.Object)
		if err != nil {
			return err
		}
		if err := testCluster.Apply(ctx, string(text)); err != nil {
			return err
		}
	}
	if err := testCluster.Apply(ctx, widgetDefinition+"\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: keda}}"); err != nil {
		return err
	}
	return served(ctx, append(crds, &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
		"group": "example.test", "names": map[string]any{"kind": "Widget"}, "versions": []any{map[string]any{"name": "v1"}},
	}}}))
}

// served waits until the API server serves the kinds of definitions, which is a
// moment after it took them: the tests that come first need them too.
func served(ctx context.Context, crds []*unstructured.Unstructured) error {
	config, err := testCluster.RESTConfig()
	if err != nil {
		return err
	}
	c, err := client.New(config, client.Options{Scheme: scheme()})
	if err != nil {
		return err
	}
	for _, crd := range crds {
		list := &unstructured.UnstructuredList{}
		kind, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "kind")
		group, _, _ := unstructured.NestedString(crd.Object, "spec", "group")
		versions, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
		version, _ := versions[0].(map[string]any)
		list.SetAPIVersion(fmt.Sprintf("%s/%s", group, version["name"]))
		list.SetKind(kind + "List")
		err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, deadline, true, func(ctx context.Context) (bool, error) {
			return c.List(ctx, list) == nil, nil
		})
		if err != nil {
			return fmt.Errorf("%s is not served: %w", kind, err)
		}
	}
	return nil
}

// widgetDefinition is a kind of somebody else that can be scaled.
const widgetDefinition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.test}
spec:
  group: example.test
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      subresources:
        scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {replicas: {type: integer, maximum: 20}}}
            status: {type: object, properties: {replicas: {type: integer}}}
`
