// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
)

// framework is the server of terraform-plugin-framework with all that it can do.
type framework interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
	tfprotov6.StateStoreServer
}

// server answers the calls about custom resources itself and leaves all others
// to the framework. The framework walks a value some ten times per call and
// copies its schema at each step, which with the arguments of all typed triggers
// is nearly all the time of a plan; what the custom resources need is one walk
// over their fields.
type server struct {
	framework
	provider *kedaProvider
}

// Server returns a constructor of the provider's server.
func Server(version string) func() (tfprotov6.ProviderServer, error) {
	return func() (tfprotov6.ProviderServer, error) {
		return (&kedaProvider{version: version}).Server()
	}
}

// Server serves the provider.
func (p *kedaProvider) Server() (tfprotov6.ProviderServer, error) {
	served, err := providerserver.NewProtocol6WithError(p)()
	if err != nil {
		return nil, err
	}
	complete, ok := served.(framework)
	if !ok {
		return nil, fmt.Errorf("the framework's server %T lacks calls of the protocol", served)
	}
	return &server{framework: complete, provider: p}, nil
}

// custom returns the definition of a custom resource, nil for other types.
func custom(typeName string) *definition {
	switch typeName {
	case "keda_scaled_object":
		return scaledObject()
	case "keda_scaled_job":
		return scaledJob()
	case "keda_trigger_authentication":
		return triggerAuthentication()
	case "keda_cluster_trigger_authentication":
		return clusterTriggerAuthentication()
	}
	return nil
}

// ValidateResourceConfig checks what is known without a plan.
func (s *server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	d := custom(req.TypeName)
	if d == nil {
		return s.framework.ValidateResourceConfig(ctx, req)
	}
	t := d.transcript()
	config := t.unpack(req.Config)
	if t.err == nil {
		d.examine(convert.Expand(d.fields, config), config, &t.diags)
	}
	return &tfprotov6.ValidateResourceConfigResponse{Diagnostics: t.diagnostics()}, t.err
}

// PlanResourceChange plans a change; it contacts nobody.
func (s *server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	d := custom(req.TypeName)
	if d == nil {
		return s.framework.PlanResourceChange(ctx, req)
	}
	t := d.transcript()
	prior, proposed, config := t.unpack(req.PriorState), t.unpack(req.ProposedNewState), t.unpack(req.Config)
	resp := &tfprotov6.PlanResourceChangeResponse{PlannedState: req.ProposedNewState, PlannedPrivate: req.PriorPrivate, PlannedIdentity: req.PriorIdentity}
	if t.err != nil || proposed.IsNull() {
		return resp, t.err
	}
	planned, replaced := d.plan(prior, proposed, config, &t.diags)
	for _, name := range replaced {
		resp.RequiresReplace = append(resp.RequiresReplace, tftypes.NewAttributePath().WithAttributeName(name))
	}
	if s.defers(req.ClientCapabilities != nil && req.ClientCapabilities.DeferralAllowed) {
		resp.Deferred = &tfprotov6.Deferred{Reason: tfprotov6.DeferredReasonProviderConfigUnknown}
	}
	resp.PlannedState, resp.Diagnostics = t.pack(planned), t.diagnostics()
	return resp, t.err
}

// ApplyResourceChange creates, updates or deletes an object.
func (s *server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	d := custom(req.TypeName)
	if d == nil {
		return s.framework.ApplyResourceChange(ctx, req)
	}
	t := d.transcript()
	prior, planned := t.unpack(req.PriorState), t.unpack(req.PlannedState)
	if t.err != nil {
		return nil, t.err
	}
	state, private := prior, req.PlannedPrivate
	if client := s.provider.session.client(&t.diags); client != nil {
		c := change{definition: d, client: client, diags: &t.diags}
		switch {
		case planned.IsNull():
			state = c.delete(ctx, prior)
		case prior.IsNull():
			state = c.create(ctx, planned)
		default:
			state = c.update(ctx, prior, planned, private)
		}
		if !t.diags.HasError() {
			private = nil
		}
	}
	return &tfprotov6.ApplyResourceChangeResponse{
		NewState: t.pack(state), NewIdentity: t.packIdentity(state), Private: private, Diagnostics: t.diagnostics(),
	}, t.err
}

// ReadResource refreshes a state.
func (s *server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	d := custom(req.TypeName)
	if d == nil {
		return s.framework.ReadResource(ctx, req)
	}
	t := d.transcript()
	state := t.unpack(req.CurrentState)
	if t.err != nil {
		return nil, t.err
	}
	if s.defers(req.ClientCapabilities != nil && req.ClientCapabilities.DeferralAllowed) {
		return &tfprotov6.ReadResourceResponse{NewState: req.CurrentState, NewIdentity: req.CurrentIdentity, Private: req.Private,
			Deferred: &tfprotov6.Deferred{Reason: tfprotov6.DeferredReasonProviderConfigUnknown}}, nil
	}
	if client := s.provider.session.client(&t.diags); client != nil {
		state = change{definition: d, client: client, diags: &t.diags}.read(ctx, state, s.provider.session)
	}
	return &tfprotov6.ReadResourceResponse{
		NewState: t.pack(state), NewIdentity: t.packIdentity(state), Private: req.Private, Diagnostics: t.diagnostics(),
	}, t.err
}

// ImportResourceState makes a state of a name alone; Terraform reads the rest.
func (s *server) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	d := custom(req.TypeName)
	if d == nil {
		return s.framework.ImportResourceState(ctx, req)
	}
	t := d.transcript()
	state, err := d.importedAs(req.ID, t.unpackIdentity(req.Identity))
	if t.err != nil {
		return nil, t.err
	}
	if err != nil {
		t.diags.AddError("Cannot import by this ID", err.Error())
		return &tfprotov6.ImportResourceStateResponse{Diagnostics: t.diagnostics()}, nil
	}
	return &tfprotov6.ImportResourceStateResponse{ImportedResources: []*tfprotov6.ImportedResource{{
		TypeName: req.TypeName, State: t.pack(state), Identity: t.packIdentity(state),
	}}}, t.err
}

// MoveResourceState takes over the state of another provider's resource.
func (s *server) MoveResourceState(ctx context.Context, req *tfprotov6.MoveResourceStateRequest) (*tfprotov6.MoveResourceStateResponse, error) {
	d := custom(req.TargetTypeName)
	if d == nil || req.SourceState == nil {
		return s.framework.MoveResourceState(ctx, req)
	}
	t := d.transcript()
	state, err := d.moved(req.SourceProviderAddress, req.SourceTypeName, req.SourceState.JSON)
	if err != nil {
		t.diags.AddError("Cannot move", capital(err.Error())+".")
		return &tfprotov6.MoveResourceStateResponse{Diagnostics: t.diagnostics()}, nil
	}
	return &tfprotov6.MoveResourceStateResponse{
		TargetState: t.pack(state), TargetIdentity: t.packIdentity(state), TargetPrivate: markOf(req.SourceTypeName, req.SourceState.JSON),
	}, t.err
}

// UpgradeResourceState reads a state as it was saved. Terraform asks for it at
// the start of every run, though the schemas have had one version only.
func (s *server) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	d := custom(req.TypeName)
	if d == nil || req.Version != d.schema.Version || req.RawState == nil {
		return s.framework.UpgradeResourceState(ctx, req)
	}
	t := d.transcript()
	// An argument that a newer release had and this one does not is dropped.
	options := tfprotov6.UnmarshalOpts{ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true}}
	state, err := req.RawState.UnmarshalWithOpts(d.wire, options)
	if err != nil {
		t.diags.AddError("Cannot read the saved state", fmt.Sprintf("The state of a %s does not fit its schema: %v.", req.TypeName, err))
		return &tfprotov6.UpgradeResourceStateResponse{Diagnostics: t.diagnostics()}, nil
	}
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: t.pack(state)}, t.err
}

// defers reports whether the provider's arguments are not known yet and
// Terraform allows it to say so.
func (s *server) defers(allowed bool) bool {
	return allowed && s.provider.session != nil && len(s.provider.session.unknown) > 0
}

// transcript carries the values of one call from and to the wire, and keeps the
// first error.
type transcript struct {
	*definition
	diags diag.Diagnostics
	err   error
}

func (d *definition) transcript() *transcript { return &transcript{definition: d} }

func (t *transcript) unpack(packed *tfprotov6.DynamicValue) tftypes.Value {
	return t.unpackAs(t.wire, packed)
}

func (t *transcript) unpackAs(kind tftypes.Type, packed *tfprotov6.DynamicValue) tftypes.Value {
	if packed == nil {
		return tftypes.NewValue(kind, nil)
	}
	value, err := packed.Unmarshal(kind)
	if err != nil && t.err == nil {
		t.err = err
	}
	return value
}

func (t *transcript) pack(value tftypes.Value) *tfprotov6.DynamicValue {
	packed, err := tfprotov6.NewDynamicValue(value.Type(), value)
	if err != nil && t.err == nil {
		t.err = err
	}
	return &packed
}

func (t *transcript) unpackIdentity(packed *tfprotov6.ResourceIdentityData) tftypes.Value {
	if packed == nil {
		return tftypes.NewValue(t.identity, nil)
	}
	return t.unpackAs(t.identity, packed.IdentityData)
}

// packIdentity is the identity of the object of a state, nil when there is none.
func (t *transcript) packIdentity(state tftypes.Value) *tfprotov6.ResourceIdentityData {
	if state.IsNull() {
		return nil
	}
	members := map[string]tftypes.Value{}
	for name := range t.identity.AttributeTypes {
		members[name] = convert.Attribute(state, name)
	}
	return &tfprotov6.ResourceIdentityData{IdentityData: t.pack(tftypes.NewValue(t.identity, members))}
}

// diagnostics are the diagnostics of the call as the protocol has them.
func (t *transcript) diagnostics() []*tfprotov6.Diagnostic {
	var wire []*tfprotov6.Diagnostic
	for _, d := range t.diags {
		severity := tfprotov6.DiagnosticSeverityError
		if d.Severity() == diag.SeverityWarning {
			severity = tfprotov6.DiagnosticSeverityWarning
		}
		out := &tfprotov6.Diagnostic{Severity: severity, Summary: d.Summary(), Detail: d.Detail()}
		if located, ok := d.(diag.DiagnosticWithPath); ok {
			out.Attribute = attributePath(located.Path())
		}
		wire = append(wire, out)
	}
	return wire
}

func attributePath(from path.Path) *tftypes.AttributePath {
	to := tftypes.NewAttributePath()
	for _, step := range from.Steps() {
		switch s := step.(type) {
		case path.PathStepAttributeName:
			to = to.WithAttributeName(string(s))
		case path.PathStepElementKeyInt:
			to = to.WithElementKeyInt(int(s))
		case path.PathStepElementKeyString:
			to = to.WithElementKeyString(string(s))
		}
	}
	if len(to.Steps()) == 0 {
		return nil
	}
	return to
}
