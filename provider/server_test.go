// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/acctest"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
)

// TestCallsStayCheap bounds what each call allocates for a scaled object with two
// typed triggers: what a call costs is what it walks and copies. The bounds are
// about a third above what was measured, and a seventh of what the framework
// took. The client's side and the API server in memory are included.
func TestCallsStayCheap(t *testing.T) {
	s, _ := connected(t)
	config := s.Config(scaledObjectType, typedConfig())
	null := tftypes.NewValue(s.Type(scaledObjectType), nil)
	state := s.Create(scaledObjectType, typedConfig())
	plan, _ := s.Plan(scaledObjectType, null, config)
	for name, call := range map[string]struct {
		limit float64
		run   func()
	}{
		"validate": {3_500, func() { s.Validate(scaledObjectType, config) }},
		"read":     {6_500, func() { s.Read(scaledObjectType, state) }},
		"plan":     {9_000, func() { s.Plan(scaledObjectType, null, config) }},
		"apply":    {12_000, func() { s.Apply(scaledObjectType, state, plan, config) }},
	} {
		if got := testing.AllocsPerRun(20, call.run); got > call.limit {
			t.Errorf("%s allocates %.0f times, more than %.0f", name, got, call.limit)
		}
	}
}

// open is a configured server and the wire type of scaled objects.
func open(t *testing.T, host any) tfprotov6.ProviderServer {
	t.Helper()
	server, err := Server("test")()
	if err != nil {
		t.Fatal(err)
	}
	schema, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	kind := schema.Provider.ValueType()
	_, err = server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{
		Config: packed(t, acctest.Value(kind, map[string]any{"host": host})), ClientCapabilities: &tfprotov6.ConfigureProviderClientCapabilities{DeferralAllowed: true}})
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func packed(t *testing.T, value tftypes.Value) *tfprotov6.DynamicValue {
	t.Helper()
	dynamic, err := tfprotov6.NewDynamicValue(value.Type(), value)
	if err != nil {
		t.Fatal(err)
	}
	return &dynamic
}

func TestIdentity(t *testing.T) {
	api := acctest.NewAPI(t)
	server, d := open(t, api.URL), scaledObject()
	api.Put(consumerPath, map[string]any{"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
		"metadata": map[string]any{"name": "consumer", "namespace": "default"}, "spec": map[string]any{}})
	identity := acctest.Value(d.identity, map[string]any{"name": "consumer"})
	imported, err := server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{
		TypeName: scaledObjectType, Identity: &tfprotov6.ResourceIdentityData{IdentityData: packed(t, identity)}})
	if err != nil || len(imported.Diagnostics) > 0 {
		t.Fatal(err, acctest.Text(imported.Diagnostics))
	}
	read, err := server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{TypeName: scaledObjectType, CurrentState: imported.ImportedResources[0].State})
	if err != nil || len(read.Diagnostics) > 0 {
		t.Fatal(err, acctest.Text(read.Diagnostics))
	}
	for what, data := range map[string]*tfprotov6.ResourceIdentityData{"import": imported.ImportedResources[0].Identity, "read": read.NewIdentity} {
		got, err := data.IdentityData.Unmarshal(d.identity)
		namespace, _ := convert.Known(got, "namespace")
		name, _ := convert.Known(got, "name")
		if err != nil || namespace != "default" || name != "consumer" {
			t.Errorf("identity after %s is %s (%v)", what, got, err)
		}
	}
}

// TestReplacesOnlyForTheName plans changes of every sort.
func TestReplacesOnlyForTheName(t *testing.T) {
	api := acctest.NewAPI(t)
	server, d := open(t, api.URL), scaledObject()
	s := acctest.NewSession(t, New("test")).Configure(map[string]any{"host": api.URL})
	state := s.Create(scaledObjectType, typedConfig())
	for name, test := range map[string]struct {
		change map[string]any
		want   int
	}{
		"name":      {map[string]any{"name": "other"}, 1},
		"namespace": {map[string]any{"namespace": "other"}, 1},
		"unknown":   {map[string]any{"namespace": acctest.Unknown}, 1},
		"same":      {map[string]any{"namespace": "default"}, 0},
		"spec":      {map[string]any{"max_replica_count": 1, "labels": map[string]any{"a": "b"}}, 0},
	} {
		config := acctest.Value(d.wire, with(typedConfig(), test.change))
		response, err := server.PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{
			TypeName: scaledObjectType, PriorState: packed(t, state), ProposedNewState: packed(t, config), Config: packed(t, config)})
		if err != nil || len(response.RequiresReplace) != test.want {
			t.Errorf("%s: replaced for %v, want %d (%v)", name, response.RequiresReplace, test.want, err)
		}
	}
}

// TestDefersUntilTheClusterIsKnown is for Terraform versions that let a provider
// put work off.
func TestDefersUntilTheClusterIsKnown(t *testing.T) {
	server, d := open(t, acctest.Unknown), scaledObject()
	config := packed(t, acctest.Value(d.wire, typedConfig()))
	state := packed(t, acctest.Value(d.wire, with(typedConfig(), map[string]any{"uid": "1", "namespace": "default", "hpa_name": "x"})))
	plan, err := server.PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: scaledObjectType, PriorState: packed(t, tftypes.NewValue(d.wire, nil)), ProposedNewState: config, Config: config,
		ClientCapabilities: &tfprotov6.PlanResourceChangeClientCapabilities{DeferralAllowed: true}})
	if err != nil || plan.Deferred == nil {
		t.Errorf("the plan is not deferred: %v", err)
	}
	read, err := server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{TypeName: scaledObjectType, CurrentState: state,
		ClientCapabilities: &tfprotov6.ReadResourceClientCapabilities{DeferralAllowed: true}})
	if err != nil || read.Deferred == nil {
		t.Errorf("the refresh is not deferred: %v", err)
	}
	read, err = server.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{TypeName: scaledObjectType, CurrentState: state})
	if err != nil || read.Deferred != nil {
		t.Errorf("a Terraform that knows no deferral got one: %v", err)
	}
	contains(t, acctest.Text(read.Diagnostics), "arguments host depend on resources that do not exist yet")
}

func TestSavedStates(t *testing.T) {
	server, d := open(t, "http://127.0.0.1:1"), scaledObject()
	upgrade := func(json string) *tfprotov6.UpgradeResourceStateResponse {
		response, err := server.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{
			TypeName: scaledObjectType, RawState: &tfprotov6.RawState{JSON: []byte(json)}})
		if err != nil {
			t.Fatal(err)
		}
		return response
	}
	response := upgrade(`{"name":"consumer","argument_of_another_release":1,"trigger":[{"redis":{"list_name":"jobs"}}]}`)
	state, err := response.UpgradedState.Unmarshal(d.wire)
	if name, _ := convert.Known(state, "name"); err != nil || name != "consumer" {
		t.Errorf("got %s (%v)", state, err)
	}
	contains(t, acctest.Text(upgrade(`{"name":{}}`).Diagnostics), "Cannot read the saved state")
}
