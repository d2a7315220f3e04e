// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/install"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// installationTimeout bounds an operation whose timeout is not set.
const installationTimeout = 5 * time.Minute

// incomplete stands in the place of the version of an installation that was begun
// but never worked. Terraform destroys such a resource before it creates it again,
// which must not cost anybody their objects. Private state would not do: the
// deletion of a replacement gets that of the new resource.
const incomplete = "incomplete"

// installer prepares the work on a configuration in which everything is known.
func (r *installation) installer(values tftypes.Value, diags *diag.Diagnostics) *install.Installer {
	client := r.session.client(diags)
	if client == nil {
		return nil
	}
	phases, options, err := r.render(convert.Expand(r.fields, values), values)
	if err != nil {
		diags.AddError("Cannot make the installation", capital(err.Error())+".")
		return nil
	}
	return &install.Installer{
		Client: client, Phases: phases, Options: options,
		Adopt: convert.Flag(values, "adopt", false), Wait: convert.Flag(values, "wait", true),
	}
}

// Create installs. What fails before anything is written leaves no state; later
// failures leave one that is marked as incomplete.
func (r *installation) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	plan := req.Plan.Raw
	ctx, cancel := context.WithTimeout(ctx, timeoutOr(plan, "create", installationTimeout))
	defer cancel()
	installer := r.installer(plan, &resp.Diagnostics)
	if installer == nil {
		return
	}
	err := installer.Apply(ctx, nil, true)
	if !installer.Begun() {
		r.explainInstall(err, &resp.Diagnostics)
		return
	}
	resp.State.Raw = r.installed(plan, installer, &resp.Diagnostics)
	if err != nil {
		resp.State.Raw = convert.With(resp.State.Raw, map[string]tftypes.Value{"version": tftypes.NewValue(tftypes.String, incomplete)})
	}
	resp.Diagnostics.Append(identifyInstallation(ctx, resp.Identity, installer.Options.Namespace)...)
	r.explainInstall(err, &resp.Diagnostics)
	r.tellAdopted(installer, &resp.Diagnostics)
}

// Read compares what was installed with what is there.
func (r *installation) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	state := req.State.Raw
	installer := r.installer(state, &resp.Diagnostics)
	if installer == nil {
		return
	}
	version, known := convert.Known(state, "version")
	inventory, found, err := installer.Observe(ctx, inventoryOf(state), !known || version == r.version)
	if err == nil && found && !known {
		state, found, err = r.imported(ctx, installer, state)
	}
	if err != nil {
		r.explainInstall(err, &resp.Diagnostics)
		return
	}
	// Terraform before 1.12 keeps no identity, and the framework wants one even of
	// what is gone.
	resp.Diagnostics.Append(identifyInstallation(ctx, resp.Identity, installer.Options.Namespace)...)
	if !found {
		resp.State.RemoveResource(ctx)
		return
	}
	resp.State.Raw = convert.With(state, map[string]tftypes.Value{"inventory": inventoryValue(inventory)})
}

// imported completes the state of an installation that Terraform sees for the
// first time. It is where its controller is: objects without a namespace may be
// those of an installation in another one.
func (r *installation) imported(ctx context.Context, installer *install.Installer, state tftypes.Value) (completed tftypes.Value, found bool, err error) {
	version, err := installer.InstalledVersion(ctx)
	members := map[string]tftypes.Value{"version": tftypes.NewValue(tftypes.String, version)}
	for i := range r.fields {
		if f := &r.fields[i]; f.Kind == schema.Blocks {
			members[f.Name] = tftypes.NewValue(convert.Attribute(state, f.Name).Type(), []tftypes.Value{})
		}
	}
	return convert.With(state, members), version != "", err
}

// Update applies everything anew and prunes what is no longer part of it.
func (r *installation) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	plan := req.Plan.Raw
	ctx, cancel := context.WithTimeout(ctx, timeoutOr(plan, "update", installationTimeout))
	defer cancel()
	installer := r.installer(plan, &resp.Diagnostics)
	if installer == nil {
		return
	}
	if err := installer.Apply(ctx, inventoryOf(req.State.Raw), false); err != nil {
		resp.State.Raw = withMade(req.State.Raw, installer)
		r.explainInstall(err, &resp.Diagnostics)
		return
	}
	resp.State.Raw = r.installed(plan, installer, &resp.Diagnostics)
	resp.Diagnostics.Append(identifyInstallation(ctx, resp.Identity, installer.Options.Namespace)...)
	r.tellAdopted(installer, &resp.Diagnostics)
}

// withMade adds to a state what an update that failed may have made, so that it
// goes again with the next update or the installation.
func withMade(state tftypes.Value, installer *install.Installer) tftypes.Value {
	made, err := install.Wanted(installer.Phases)
	if err != nil || !installer.Begun() {
		return state
	}
	maps.Copy(made, inventoryOf(state))
	return convert.With(state, map[string]tftypes.Value{"inventory": inventoryValue(made)})
}

// Delete removes the installation and waits until it is gone.
func (r *installation) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	state := req.State.Raw
	ctx, cancel := context.WithTimeout(ctx, timeoutOr(state, "delete", installationTimeout))
	defer cancel()
	installer := r.installer(state, &resp.Diagnostics)
	if installer == nil {
		return
	}
	version, _ := convert.Known(state, "version")
	onDestroy, _ := convert.Known(state, "on_destroy")
	err := installer.Remove(ctx, install.Removal{
		Recorded: inventoryOf(state), Incomplete: version == incomplete,
		Drain: onDestroy == onDestroyDrain, DeleteCRDs: convert.Flag(state, "delete_crds", false),
	})
	r.explainInstall(err, &resp.Diagnostics)
}

// ImportState takes the namespace, or an identity.
func (r *installation) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	namespace := types.StringValue(req.ID)
	if req.ID == "" && req.Identity != nil {
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("namespace"), &namespace)...)
	}
	if problems := validation.IsDNS1123Label(namespace.ValueString()); len(problems) > 0 {
		resp.Diagnostics.AddError("Cannot import by this ID", "Give the namespace of the installation, for example: terraform import keda_installation.this keda")
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), namespace)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("namespace"), namespace)...)
	resp.Diagnostics.Append(identifyInstallation(ctx, resp.Identity, namespace.ValueString())...)
}

// IdentitySchema says that the namespace identifies an installation.
func (r *installation) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"namespace": identityschema.StringAttribute{RequiredForImport: true, Description: "Namespace of the installation."},
	}}
}

func identifyInstallation(ctx context.Context, identity *tfsdk.ResourceIdentity, namespace string) diag.Diagnostics {
	if identity == nil {
		return nil
	}
	return identity.SetAttribute(ctx, path.Root("namespace"), namespace)
}

// installed is the state after an apply: what was planned, all of it known.
func (r *installation) installed(plan tftypes.Value, installer *install.Installer, diags *diag.Diagnostics) tftypes.Value {
	inventory, err := install.Wanted(installer.Phases)
	if err != nil {
		diags.AddError("Cannot list the installation", capital(err.Error())+".")
	}
	return r.completed(plan, inventoryValue(inventory))
}
