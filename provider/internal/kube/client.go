// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"fmt"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// DefaultFieldManager owns the fields that the provider applies.
const DefaultFieldManager = "terraform-provider-keda"

// NotThere is the resource version of an object to create. Kubernetes lets nobody
// change a custom resource without naming the version that is meant.
const NotThere = "0"

// Ref names one object.
type Ref struct {
	Resource schema.GroupVersionResource
	// Namespace is empty for cluster-scoped objects.
	Namespace, Name string
}

// String is the form in which users name the object: resource.group
// namespace/name.
func (r Ref) String() string {
	name := r.Name
	if r.Namespace != "" {
		name = r.Namespace + "/" + name
	}
	return r.Resource.GroupResource().String() + " " + name
}

// Client reads and writes objects of one cluster.
type Client struct {
	objects dynamic.Interface
	manager string
	// Server is the URL of the API server.
	Server string
}

// New returns a client. It does not connect.
func New(config *rest.Config, manager string) (*Client, error) {
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("the configuration for %s cannot be used: %w", config.Host, err)
	}
	return &Client{objects: objects, manager: manager, Server: config.Host}, nil
}

// Lazy makes a client when it is first needed, so that a provider whose cluster
// does not exist yet can plan.
type Lazy struct {
	connect func() (*Client, error)
}

// NewLazy returns a Lazy that calls connect once, at the first use.
func NewLazy(connect func() (*Client, error)) *Lazy {
	return &Lazy{connect: sync.OnceValues(connect)}
}

// Client returns the client or the error that making it met.
func (l *Lazy) Client() (*Client, error) { return l.connect() }

func (c *Client) in(ref Ref) dynamic.ResourceInterface {
	if ref.Namespace == "" {
		return c.objects.Resource(ref.Resource)
	}
	return c.objects.Resource(ref.Resource).Namespace(ref.Namespace)
}

// Get returns the object, nil when there is none. It fails with ErrNoKind when
// the cluster does not know the resource.
func (c *Client) Get(ctx context.Context, ref Ref) (*unstructured.Unstructured, error) {
	object, err := c.in(ref).Get(ctx, ref.Name, metav1.GetOptions{})
	switch {
	case isNoKind(err):
		return nil, fmt.Errorf("%w: %w", ErrNoKind, err)
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, c.explain(err)
	}
	return object, nil
}

// Apply creates or changes the object by server-side apply and returns what the
// server stored. Fields that another manager set to other values are a conflict
// unless force is set. An object with a UID is changed, never created: Apply fails
// with ErrReplaced when it is not there. A custom resource of the resource version
// NotThere is created, never changed: Apply fails with ErrExists when it is there.
func (c *Client) Apply(ctx context.Context, ref Ref, object map[string]any, force bool) (*unstructured.Unstructured, error) {
	applied, err := c.in(ref).Apply(ctx, ref.Name, &unstructured.Unstructured{Object: object},
		metav1.ApplyOptions{FieldManager: c.manager, Force: force})
	switch {
	case isNoKind(err):
		return nil, fmt.Errorf("%w: %w", ErrNoKind, err)
	case isExisting(err):
		return nil, fmt.Errorf("%w: %w", ErrExists, err)
	case isReplaced(err):
		return nil, fmt.Errorf("%w: %w", ErrReplaced, err)
	case err != nil:
		return nil, c.explain(err)
	}
	return applied, nil
}

// Delete asks for the deletion of the object; one that is not there is deleted.
func (c *Client) Delete(ctx context.Context, ref Ref) error {
	err := c.in(ref).Delete(ctx, ref.Name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return c.explain(err)
}
