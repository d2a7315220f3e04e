// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package install

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-log/tflog"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	eventing "github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// scalables are deleted first when draining: the others are read for them.
var (
	scalables = []schema.GroupVersionResource{v1alpha1.ScaledObjectGVR, v1alpha1.ScaledJobGVR}
	others    = []schema.GroupVersionResource{v1alpha1.TriggerAuthenticationGVR, v1alpha1.ClusterTriggerAuthenticationGVR,
		eventing.GroupVersion.WithResource("cloudeventsources"), eventing.GroupVersion.WithResource("clustercloudeventsources")}
)

// shownUsers is how many objects an InUseError names.
const shownUsers = 10

// InUseError means that objects still need the installation.
type InUseError struct {
	// Names are some of them, Count is how many there are.
	Names []string
	Count int
}

func (e *InUseError) Error() string {
	text := fmt.Sprintf("%d objects still use the installation: %s", e.Count, strings.Join(e.Names, ", "))
	if more := e.Count - len(e.Names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// release makes sure that no object uses the installation any more.
func (i *Installer) release(ctx context.Context, drain bool) error {
	users, err := i.users(ctx, slices.Concat(scalables, others))
	if err != nil || len(users) == 0 {
		return err
	}
	if drain {
		return i.drain(ctx, users)
	}
	e := &InUseError{Count: len(users)}
	for n := range users[:min(shownUsers, len(users))] {
		e.Names = append(e.Names, users[n].ref.String())
	}
	return e
}

type user struct {
	ref    kube.Ref
	object *unstructured.Unstructured
}

// users lists the objects of some of our resources, in all namespaces. A cluster
// without the CRDs has none.
func (i *Installer) users(ctx context.Context, resources []schema.GroupVersionResource) ([]user, error) {
	var all []user
	for _, resource := range resources {
		list, err := i.Client.List(ctx, resource, kube.Selection{})
		if errors.Is(err, kube.ErrNoKind) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for n := range list {
			all = append(all, user{kube.Ref{Resource: resource, Namespace: list[n].GetNamespace(), Name: list[n].GetName()}, &list[n]})
		}
	}
	return all, nil
}

// drain deletes the users' objects and waits until the controller has let go of
// them: it restores replicas and takes its HPAs away. A controller that does not
// run cannot, so its finalizer is removed for it. One that runs but does not work
// on an object is an *UnwatchedError, before anything is deleted.
func (i *Installer) drain(ctx context.Context, users []user) error {
	deployment := kube.Ref{Resource: resourceOf("Deployment"), Namespace: i.Options.Namespace, Name: manifests.ControllerName}
	live, err := i.Client.Get(ctx, deployment)
	if err != nil {
		return err
	}
	running := false
	if live != nil {
		available, _, _ := unstructured.NestedInt64(live.Object, "status", "availableReplicas")
		running = available > 0
	}
	if running {
		if err := i.checkWatched(users); err != nil {
			return err
		}
	}
	for _, resources := range [][]schema.GroupVersionResource{scalables, others} {
		if err := i.drainSome(ctx, resources, running); err != nil {
			return err
		}
	}
	return nil
}

func (i *Installer) drainSome(ctx context.Context, resources []schema.GroupVersionResource, running bool) error {
	users, err := i.users(ctx, resources)
	if err != nil {
		return err
	}
	tflog.Info(ctx, "Draining", map[string]any{"resources": resources, "objects": len(users), "controller running": running})
	for _, u := range users {
		if err := i.Client.Delete(ctx, u.ref); err != nil {
			return err
		}
		if !running {
			if err := i.stripFinalizer(ctx, u); err != nil {
				return err
			}
		}
	}
	err = kube.Poll(ctx, func() (bool, error) {
		left, err := i.users(ctx, resources)
		if err == nil {
			users = left
		}
		return len(left) == 0, err
	})
	if err != nil && ctx.Err() != nil && len(users) > 0 {
		return &kube.StuckError{Ref: users[0].ref, Finalizers: users[0].object.GetFinalizers(), More: len(users) - 1, Err: err}
	}
	return err
}

// stripFinalizer removes KEDA's finalizer, and no other, from a deleted object.
func (i *Installer) stripFinalizer(ctx context.Context, u user) error {
	finalizers := u.object.GetFinalizers()
	if !slices.Contains(finalizers, v1alpha1.Finalizer) {
		return nil
	}
	tflog.Warn(ctx, "No controller is running to restore replicas; removing its finalizer", map[string]any{"object": u.ref.String()})
	rest := slices.DeleteFunc(slices.Clone(finalizers), func(f string) bool { return f == v1alpha1.Finalizer })
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"finalizers": rest}})
	if err != nil {
		return err
	}
	err = i.Client.Patch(ctx, u.ref, types.MergePatchType, patch)
	if live, getErr := i.Client.Get(ctx, u.ref); getErr == nil && live == nil {
		return nil
	}
	return err
}
