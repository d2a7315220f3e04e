// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package install

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// Removal says how to take an installation out.
type Removal struct {
	// Recorded is the inventory at the last apply.
	Recorded Inventory
	// Incomplete says that the installation never worked: it goes without
	// questions, but CRDs and the users' objects stay.
	Incomplete bool
	// Drain deletes the users' objects while the controller still runs, instead
	// of refusing while there are any.
	Drain bool
	// DeleteCRDs deletes the CRDs too.
	DeleteCRDs bool
}

// Remove deletes the installation: webhook, APIService, Deployments, Services,
// rights, the namespace if Apply made it, CRDs if that is wanted; each is gone
// before the next kind goes. Objects that others have taken over stay. Errors
// are *InUseError or those of package kube.
func (i *Installer) Remove(ctx context.Context, r Removal) error {
	if !r.Incomplete {
		if err := i.release(ctx, r.Drain); err != nil {
			return err
		}
	}
	wanted, err := items(i.Phases)
	if err != nil {
		return err
	}
	refs := map[string]kube.Ref{}
	for id, item := range wanted {
		refs[id] = item.ref
	}
	for id := range r.Recorded {
		if refs[id], err = ParseID(id); err != nil {
			return err
		}
	}
	var own []kube.Ref
	for _, ref := range refs {
		if !is(ref, "CustomResourceDefinition") || r.DeleteCRDs && !r.Incomplete {
			own = append(own, ref)
		}
	}
	own = append(own, kube.Ref{Resource: resourceOf("Namespace"), Name: i.Options.Namespace})
	return i.removeAll(ctx, append(own, i.writtenByController()...))
}

// writtenByController are the objects that the controller makes for itself.
func (i *Installer) writtenByController() []kube.Ref {
	return []kube.Ref{
		{Resource: resourceOf("Secret"), Namespace: i.Options.Namespace, Name: manifests.CertSecretName},
		{Resource: resourceOf("Lease"), Namespace: i.Options.Namespace, Name: manifests.LeaseName},
	}
}

// removeAll deletes objects that are ours, in a safe order, each gone before the
// next.
func (i *Installer) removeAll(ctx context.Context, refs []kube.Ref) error {
	byRank(refs)
	for _, ref := range refs {
		if err := i.remove(ctx, ref); err != nil {
			return fmt.Errorf("cannot delete %s: %w", ref, err)
		}
	}
	return nil
}

func (i *Installer) remove(ctx context.Context, ref kube.Ref) error {
	live, err := i.Client.Get(ctx, ref)
	if err != nil || live == nil {
		return err
	}
	controllers := is(ref, "Secret") || is(ref, "Lease")
	if owner := OwnerOf(live); !owner.Ours() && !controllers {
		tflog.Warn(ctx, "Leaving an object that is not ours", map[string]any{"object": ref.String(), "owner": owner.String()})
		return nil
	}
	tflog.Info(ctx, "Deleting", map[string]any{"object": ref.String()})
	if is(ref, "Deployment") {
		err = i.Client.DeleteForeground(ctx, ref)
	} else {
		err = i.Client.Delete(ctx, ref)
	}
	if err != nil {
		return err
	}
	return i.Client.WaitGone(ctx, ref, live.GetUID())
}
