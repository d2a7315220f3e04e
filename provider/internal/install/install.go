// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package install

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-log/tflog"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// parallel is how many objects are read at a time.
const parallel = 8

// Installer installs the objects of one keda_installation.
type Installer struct {
	// Client reaches the cluster.
	Client *kube.Client
	// Phases are what manifests.Render made of Options.
	Phases  []manifests.Phase
	Options manifests.Options
	// Adopt takes objects over that others made, such as a Helm release of KEDA.
	Adopt bool
	// Wait waits for each phase to work before the next begins. Without it only
	// the CRDs are waited for.
	Wait bool

	adopted []Owner
	begun   bool
}

// Begun reports whether Apply wrote anything, or tried to.
func (i *Installer) Begun() bool { return i.begun }

// Adopted lists from whom Apply took objects over, each once.
func (i *Installer) Adopted() []Owner { return i.adopted }

// InstalledVersion is the release of the controller that a keda_installation has
// put into the namespace, empty when there is none.
func (i *Installer) InstalledVersion(ctx context.Context) (string, error) {
	live, err := i.Client.Get(ctx, kube.Ref{Resource: resourceOf("Deployment"), Namespace: i.Options.Namespace, Name: manifests.ControllerName})
	if err != nil || live == nil || !OwnerOf(live).Ours() {
		return "", err
	}
	return live.GetLabels()["app.kubernetes.io/version"], nil
}

// Apply makes the cluster hold the phases, one after the other, and then deletes
// what only the previous inventory has. fresh says that nothing is supposed to
// be installed yet. Errors are *ConflictError, before anything was written,
// *PhaseError, or those of package kube.
func (i *Installer) Apply(ctx context.Context, previous Inventory, fresh bool) error {
	foreign, err := i.check(ctx, fresh)
	if err != nil {
		return err
	}
	if err := i.ensureNamespace(ctx); err != nil {
		return err
	}
	i.begun = true
	for _, phase := range i.Phases {
		tflog.Info(ctx, "Installing", map[string]any{"phase": phase.Name, "objects": len(phase.Objects)})
		if err := i.applyPhase(ctx, phase, foreign); err != nil {
			return err
		}
	}
	if i.Adopt {
		if err := i.removeSuperseded(ctx); err != nil {
			return err
		}
	}
	return i.prune(ctx, previous)
}

func (i *Installer) applyPhase(ctx context.Context, phase manifests.Phase, foreign map[string]*unstructured.Unstructured) error {
	for _, object := range phase.Objects {
		ref, err := RefOf(object)
		if err != nil {
			return err
		}
		if is(ref, "Namespace") {
			continue
		}
		if live := foreign[ref.String()]; live != nil {
			if err := i.takeOver(ctx, ref, live); err != nil {
				return &PhaseError{Phase: phase.Name, Object: ref, Err: err}
			}
		}
		// Whoever changed our object was named in the plan as a difference, and
		// what is not ours was refused, so the apply may be forced.
		if _, err := i.Client.Apply(ctx, ref, object.Object, true); err != nil {
			return &PhaseError{Phase: phase.Name, Object: ref, Err: err}
		}
	}
	return i.await(ctx, phase)
}

func (i *Installer) takeOver(ctx context.Context, ref kube.Ref, live *unstructured.Unstructured) error {
	owner := OwnerOf(live)
	tflog.Info(ctx, "Taking over", map[string]any{"object": ref.String(), "from": owner.String()})
	if !slices.Contains(i.adopted, owner) {
		i.adopted = append(i.adopted, owner)
	}
	return i.Client.TakeOver(ctx, ref, kube.Everyone)
}

// ensureNamespace creates the namespace when that is wanted and it is not there.
// One that somebody else made is used as it is.
func (i *Installer) ensureNamespace(ctx context.Context) error {
	ref := kube.Ref{Resource: resourceOf("Namespace"), Name: i.Options.Namespace}
	live, err := i.Client.Get(ctx, ref)
	if err != nil {
		return err
	}
	if live != nil && live.GetDeletionTimestamp() != nil {
		if err := i.Client.WaitGone(ctx, ref, live.GetUID()); err != nil {
			return fmt.Errorf("the namespace %s is being deleted: %w", i.Options.Namespace, err)
		}
		live = nil
	}
	if live != nil && !OwnerOf(live).Ours() {
		return nil
	}
	for _, object := range manifests.Objects(i.Phases) {
		if object.GetKind() == "Namespace" {
			i.begun = true
			_, err := i.Client.Apply(ctx, ref, object.Object, true)
			return err
		}
	}
	if live == nil {
		return &ConflictError{Conflict: NoNamespace, Namespace: i.Options.Namespace}
	}
	return nil
}

// removeSuperseded deletes the Deployments and Services of KEDA that have another
// name here, and would go on running beside what was adopted.
func (i *Installer) removeSuperseded(ctx context.Context) error {
	for _, ref := range []kube.Ref{
		{Resource: resourceOf("Deployment"), Name: helmAdapterName},
		{Resource: resourceOf("Deployment"), Name: manifests.WebhookServiceName},
		{Resource: resourceOf("Service"), Name: helmAdapterName},
	} {
		ref.Namespace = i.Options.Namespace
		tflog.Debug(ctx, "Deleting what was superseded", map[string]any{"object": ref.String()})
		if err := i.Client.Delete(ctx, ref); err != nil {
			return fmt.Errorf("cannot delete %s, which was superseded: %w", ref, err)
		}
	}
	return nil
}

// prune deletes what an earlier release or configuration installed, if it is
// still ours. CRDs stay: they hold the users' objects.
func (i *Installer) prune(ctx context.Context, previous Inventory) error {
	current, err := items(i.Phases)
	if err != nil {
		return err
	}
	var old []kube.Ref
	for id := range previous {
		if _, kept := current[id]; kept {
			continue
		}
		ref, err := ParseID(id)
		if err != nil {
			return err
		}
		if !is(ref, "CustomResourceDefinition") {
			old = append(old, ref)
		}
	}
	return i.removeAll(ctx, old)
}

// Observe returns the inventory of the cluster and whether there is an
// installation at all; CRDs alone, which outlive it, are none. compare says that
// recorded is what the phases contain: differences are then looked for in every
// field, else only whether the recorded objects are there.
func (i *Installer) Observe(ctx context.Context, recorded Inventory, compare bool) (Inventory, bool, error) {
	wanted, err := items(i.Phases)
	if err != nil {
		return nil, false, err
	}
	refs := map[string]kube.Ref{}
	for id := range recorded {
		if refs[id], err = ParseID(id); err != nil {
			return nil, false, err
		}
	}
	if compare {
		for id, item := range wanted {
			refs[id] = item.ref
		}
	}
	live, err := i.read(ctx, refs)
	if err != nil {
		return nil, false, err
	}
	observed, found := Inventory{}, false
	for id, ref := range refs {
		object := live[id]
		found = found || object != nil && OwnerOf(object).Ours() && !is(ref, "CustomResourceDefinition")
		item, known := wanted[id]
		switch {
		case known && (compare || object == nil):
			observed[id] = item.state(object)
		case object == nil:
			// Neither there nor wanted.
		default:
			observed[id] = recorded[id]
		}
	}
	return observed, found, nil
}

// read gets objects, several at a time; those that are not there are left out.
func (i *Installer) read(ctx context.Context, refs map[string]kube.Ref) (map[string]*unstructured.Unstructured, error) {
	var mu sync.Mutex
	live := map[string]*unstructured.Unstructured{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for id, ref := range refs {
		group.Go(func() error {
			object, err := i.Client.Get(ctx, ref)
			if err != nil || object == nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			live[id] = object
			return nil
		})
	}
	return live, group.Wait()
}

// byRank sorts objects into an order in which they can be deleted.
func byRank(refs []kube.Ref) {
	slices.SortFunc(refs, func(a, b kube.Ref) int {
		if byKind := rank(b) - rank(a); byKind != 0 {
			return byKind
		}
		return strings.Compare(a.String(), b.String())
	})
}
