// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
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
	return testCluster.Apply(ctx, widgetDefinition+"\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: keda}}")
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
            spec: {type: object, properties: {replicas: {type: integer}}}
            status: {type: object, properties: {replicas: {type: integer}}}
`
