// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
)

// kedaNamespace is where every story installs.
const kedaNamespace = "keda"

// The period of the HPA controller is Kubernetes' own; the window of scaling down is set by the example.
const (
	hpaPeriod    = 15 * time.Second
	hpaDownscale = 5 * time.Minute
)

// kinds are those that the manifests of stories have.
var kinds = map[string]schema.GroupVersionResource{
	"Namespace":             {Version: "v1", Resource: "namespaces"},
	"ConfigMap":             {Version: "v1", Resource: "configmaps"},
	"Secret":                {Version: "v1", Resource: "secrets"},
	"PersistentVolume":      {Version: "v1", Resource: "persistentvolumes"},
	"PersistentVolumeClaim": {Version: "v1", Resource: "persistentvolumeclaims"},
	"Service":               {Version: "v1", Resource: "services"},
	"Deployment":            {Group: "apps", Version: "v1", Resource: "deployments"},
	"Job":                   {Group: "batch", Version: "v1", Resource: "jobs"},
}

func (p *play) example(name string) string {
	return filepath.Join(p.Root, "examples", "stories", p.name, name)
}

// stage puts what a story scales into the cluster, and what that needs, and waits until it works.
func (p *play) stage(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stageLimit)
	defer cancel()
	defer p.steps.Step(p.name+": starting "+p.scaler, nil)()
	if p.volume {
		volume, err := p.target.volume(p.namespace)
		if err != nil {
			return err
		}
		if err := p.apply(ctx, volume); err != nil {
			return err
		}
	}
	if err := p.applyFile(ctx, "workloads.yaml"); err != nil {
		return err
	}
	ready := p.ready(p)
	return poll(ctx, "what "+p.name+" needs is available", func(ctx context.Context) (bool, error) {
		seen, ok, err := ready(ctx)
		if err == nil && !ok {
			err = errors.New(seen)
		}
		return ok, err
	})
}

func (p *play) applyFile(ctx context.Context, name string) error {
	manifests, err := os.ReadFile(p.example(name))
	if err != nil {
		return err
	}
	return p.apply(ctx, string(manifests))
}

// apply creates the objects of YAML manifests, with this run's images and node.
func (p *play) apply(ctx context.Context, manifests string) error {
	node, err := p.node(ctx)
	if err != nil {
		return err
	}
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifests), 4096)
	for {
		o := &unstructured.Unstructured{}
		if err := decoder.Decode(&o.Object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("decode manifest: %w", err)
		}
		if len(o.Object) == 0 {
			continue
		}
		if err := p.place(o, node); err != nil {
			return err
		}
		var r dynamic.ResourceInterface = p.dynamic.Resource(kinds[o.GetKind()])
		if o.GetNamespace() != "" {
			r = p.dynamic.Resource(kinds[o.GetKind()]).Namespace(o.GetNamespace())
		}
		if _, err := r.Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: "demo", Force: true}); err != nil {
			return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
}

// place puts this cluster's images and the node into a pod template, if the object has one.
func (s *show) place(o *unstructured.Unstructured, node map[string]string) error {
	containers, found, err := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
	if err != nil || !found {
		return err
	}
	for _, c := range containers {
		container, ok := c.(map[string]any)
		if !ok {
			return fmt.Errorf("%s %s: a container is not an object", o.GetKind(), o.GetName())
		}
		container["image"] = s.target.image(fmt.Sprint(container["image"]))
	}
	if err := unstructured.SetNestedSlice(o.Object, containers, "spec", "template", "spec", "containers"); err != nil {
		return err
	}
	return unstructured.SetNestedStringMap(o.Object, node, "spec", "template", "spec", "nodeSelector")
}

// unstage deletes the workload's namespace, which holds all of it.
func (p *play) unstage(ctx context.Context) error {
	defer p.steps.Step("deleting the namespace "+p.namespace, nil)()
	err := p.kube.CoreV1().Namespaces().Delete(ctx, p.namespace, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete namespace %s: %w", p.namespace, err)
	}
	err = poll(ctx, "namespace "+p.namespace+" is gone", func(ctx context.Context) (bool, error) {
		_, err := p.kube.CoreV1().Namespaces().Get(ctx, p.namespace, metav1.GetOptions{})
		return apierrors.IsNotFound(err), err
	})
	if err != nil || !p.volume {
		return err
	}
	err = p.kube.CoreV1().PersistentVolumes().Delete(ctx, "csv-demo-sales", metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// poll waits until done says so; its error until then is the reason to give when time is up.
func poll(ctx context.Context, what string, done func(context.Context) (bool, error)) error {
	var last error
	err := wait.PollUntilContextCancel(ctx, 500*time.Millisecond, true, func(ctx context.Context) (ok bool, _ error) {
		ok, last = done(ctx)
		return ok, nil
	})
	if err != nil {
		return fmt.Errorf("waiting until %s: %w", what, errors.Join(err, last))
	}
	return nil
}
