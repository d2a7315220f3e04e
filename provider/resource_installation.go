// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	rs "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/install"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// installation is keda_installation: the controller, the metrics adapter and all
// that they need. Package manifests says what that is, package install puts it
// into the cluster; here is what Terraform sees of it.
type installation struct {
	version string
	fields  []schema.Field
	schema  rs.Schema
	session *session
}

var (
	_ resource.ResourceWithConfigure      = &installation{}
	_ resource.ResourceWithValidateConfig = &installation{}
	_ resource.ResourceWithModifyPlan     = &installation{}
	_ resource.ResourceWithImportState    = &installation{}
	_ resource.ResourceWithIdentity       = &installation{}
)

// newInstallation returns the resource that installs a release.
func newInstallation(version string) resource.Resource {
	fields := installationFields()
	return &installation{version: version, fields: fields, schema: schema.Resource(
		"Installs event-driven autoscaling into a cluster: custom resource definitions, controller, metrics adapter, access rights, APIService "+
			"and admission webhook. Nothing is downloaded; the nodes pull two images. Resources that use it should name it in `depends_on`, so "+
			"that they are created after it and destroyed before it.", fields)}
}

func (r *installation) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_installation"
}

func (r *installation) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = r.schema
}

// Configure takes the session; there is none while Terraform only validates.
func (r *installation) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.session, _ = req.ProviderData.(*session)
}

// ValidateConfig checks what is known without a plan.
func (r *installation) ValidateConfig(_ context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	r.examine(convert.Expand(r.fields, req.Config.Raw), req.Config.Raw, &resp.Diagnostics)
}

// ModifyPlan plans the inventory, which needs no cluster: what a release, an
// argument or somebody in the cluster has changed shows as changed objects.
func (r *installation) ModifyPlan(_ context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	plan := req.Plan.Raw
	if plan.IsNull() {
		return
	}
	expansion := convert.Expand(r.fields, plan)
	r.examine(expansion, plan, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	inventory := tftypes.NewValue(inventoryType, tftypes.UnknownValue)
	if len(expansion.Unknown) == 0 {
		wanted, err := r.wanted(expansion, plan)
		if err != nil {
			resp.Diagnostics.AddError("Cannot plan the installation", capital(err.Error())+".")
			return
		}
		inventory = inventoryValue(wanted)
	}
	resp.Plan.Raw = r.completed(plan, inventory)
}

// wanted is the inventory of a plan in which everything is known.
func (r *installation) wanted(e *convert.Expansion, plan tftypes.Value) (install.Inventory, error) {
	phases, _, err := r.render(e, plan)
	if err != nil {
		return nil, err
	}
	return install.Wanted(phases)
}

// completed fills in the computed arguments.
func (r *installation) completed(values, inventory tftypes.Value) tftypes.Value {
	return convert.With(values, map[string]tftypes.Value{
		"id":        convert.Attribute(values, "namespace"),
		"version":   tftypes.NewValue(tftypes.String, r.version),
		"inventory": inventory,
	})
}

// render makes the objects of a configuration.
func (r *installation) render(e *convert.Expansion, values tftypes.Value) ([]manifests.Phase, manifests.Options, error) {
	var options manifests.Options
	data, err := json.Marshal(e.Object)
	if err == nil {
		err = json.Unmarshal(data, &options)
	}
	if err != nil {
		return nil, options, fmt.Errorf("the arguments do not make an installation: %w", err)
	}
	options.Version = r.version
	options.CreateNamespace = convert.Flag(values, "create_namespace", true)
	phases, err := manifests.Render(options)
	return phases, options, err
}

var inventoryType = tftypes.Map{ElementType: tftypes.String}

func inventoryValue(inventory install.Inventory) tftypes.Value {
	members := map[string]tftypes.Value{}
	for id, state := range inventory {
		members[id] = tftypes.NewValue(tftypes.String, state)
	}
	return tftypes.NewValue(inventoryType, members)
}

func inventoryOf(state tftypes.Value) install.Inventory {
	inventory := install.Inventory{}
	var members map[string]tftypes.Value
	recorded := convert.Attribute(state, "inventory")
	if recorded.IsNull() || !recorded.IsKnown() || recorded.As(&members) != nil {
		return inventory
	}
	for id := range members {
		inventory[id], _ = convert.Known(recorded, id)
	}
	return inventory
}
