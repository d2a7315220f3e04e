// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
)

//go:embed manifests/coredns.yaml manifests/metrics-server.yaml
var systemManifests embed.FS

var (
	deploymentsGVR = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	apiServicesGVR = schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}
)

// Apply creates or updates the objects of YAML manifests, in their order, by server-side apply. Kinds that the server
// did not know when Apply began cannot be applied: apply CRDs first, by themselves.
func (c *Cluster) Apply(ctx context.Context, manifests string) error {
	cfg, err := c.RESTConfig()
	if err != nil {
		return err
	}
	disco, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return err
	}
	groups, err := restmapper.GetAPIGroupResources(disco)
	if err != nil {
		return fmt.Errorf("discover the kinds of the cluster: %w", err)
	}
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return err
	}
	mapper := restmapper.NewDiscoveryRESTMapper(groups)
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifests), 4096)
	for {
		o := &unstructured.Unstructured{}
		switch err := decoder.Decode(&o.Object); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("decode manifest: %w", err)
		case len(o.Object) == 0:
			continue
		}
		if err := applyOne(ctx, client, mapper, o); err != nil {
			return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
}

func applyOne(ctx context.Context, client dynamic.Interface, mapper meta.RESTMapper, o *unstructured.Unstructured) error {
	gvk := o.GroupVersionKind()
	m, err := mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return err
	}
	var r dynamic.ResourceInterface = client.Resource(m.Resource)
	if m.Scope.Name() == meta.RESTScopeNameNamespace {
		ns := o.GetNamespace()
		if ns == "" {
			ns = metav1.NamespaceDefault
		}
		r = client.Resource(m.Resource).Namespace(ns)
	}
	_, err = r.Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: "devcluster", Force: true})
	return err
}

// system deploys CoreDNS and metrics-server and waits until both serve.
func (l *launch) system(ctx context.Context) error {
	for _, name := range []string{"coredns", "metrics-server"} {
		b, err := systemManifests.ReadFile("manifests/" + name + ".yaml")
		if err != nil {
			return err
		}
		if err := attach(l.dir, l.state).Apply(ctx, string(b)); err != nil {
			return err
		}
	}
	client, err := l.dynamic()
	if err != nil {
		return err
	}
	for _, d := range []string{"coredns", "metrics-server"} {
		r := client.Resource(deploymentsGVR).Namespace(metav1.NamespaceSystem)
		if err := l.await(ctx, d, conditionIs(r, d, "Available")); err != nil {
			return err
		}
	}
	return l.await(ctx, "the metrics API", conditionIs(client.Resource(apiServicesGVR), "v1beta1.metrics.k8s.io", "Available"))
}

// conditionIs is a check that a status condition of an object is "True".
func conditionIs(r dynamic.ResourceInterface, name, condition string) func(context.Context) error {
	return func(ctx context.Context) error {
		o, err := r.Get(ctx, name, metav1.GetOptions{})
		if err == nil && !conditionTrue(o, condition) {
			err = fmt.Errorf("%s is not %s", name, condition)
		}
		return err
	}
}
