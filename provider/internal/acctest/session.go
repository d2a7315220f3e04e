// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package acctest

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Session speaks the Terraform protocol with a provider in this process, as
// Terraform does but without HCL: configurations are Go values, with Unknown for
// values that are not known yet.
type Session struct {
	t      testing.TB
	server tfprotov6.ProviderServer
	// Private is what a resource keeps beside its state. One session with it holds
	// one resource.
	Private []byte
	// types are those of the resources, config that of the provider.
	types  map[string]tftypes.Type
	config tftypes.Type
}

// Unknown stands for a value that is not known yet.
var Unknown = new(int)

// NewSession starts a session with an unconfigured provider.
func NewSession(t testing.TB, p func() provider.Provider) *Session {
	t.Helper()
	server, err := serve(p())
	if err != nil {
		t.Fatal(err)
	}
	response, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	s := &Session{t: t, server: server, types: map[string]tftypes.Type{}}
	s.must(err)
	s.none(response.Diagnostics)
	s.config = response.Provider.ValueType()
	for name, schema := range response.ResourceSchemas {
		s.types[name] = schema.ValueType()
	}
	return s
}

// serve lets a provider that serves some resources itself do so.
func serve(p provider.Provider) (tfprotov6.ProviderServer, error) {
	if own, ok := p.(interface {
		Server() (tfprotov6.ProviderServer, error)
	}); ok {
		return own.Server()
	}
	return providerserver.NewProtocol6WithError(p)()
}

// Configure configures the provider.
func (s *Session) Configure(config map[string]any) *Session {
	s.t.Helper()
	response, err := s.server.ConfigureProvider(s.t.Context(), &tfprotov6.ConfigureProviderRequest{Config: s.pack(s.config, Value(s.config, config))})
	s.must(err)
	s.none(response.Diagnostics)
	return s
}

// Type returns the type of a resource.
func (s *Session) Type(resource string) tftypes.Type { return s.types[resource] }

// Config makes the configuration of a resource.
func (s *Session) Config(resource string, config map[string]any) tftypes.Value {
	return Value(s.types[resource], config)
}

// Validate returns what the provider says about a configuration.
func (s *Session) Validate(resource string, config tftypes.Value) []*tfprotov6.Diagnostic {
	s.t.Helper()
	response, err := s.server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: resource, Config: s.pack(s.types[resource], config)})
	s.must(err)
	return response.Diagnostics
}

// Plan plans from a state, null for a new resource, to a configuration.
func (s *Session) Plan(resource string, state, config tftypes.Value) (tftypes.Value, []*tfprotov6.Diagnostic) {
	s.t.Helper()
	kind := s.types[resource]
	packed := s.pack(kind, config)
	response, err := s.server.PlanResourceChange(context.Background(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: resource, PriorState: s.pack(kind, state), Config: packed, ProposedNewState: s.pack(kind, proposed(state, config)), PriorPrivate: s.Private})
	s.must(err)
	return s.unpack(kind, response.PlannedState), response.Diagnostics
}

// Apply carries a plan out; a null plan destroys.
func (s *Session) Apply(resource string, state, plan, config tftypes.Value) (tftypes.Value, []*tfprotov6.Diagnostic) {
	s.t.Helper()
	kind := s.types[resource]
	response, err := s.server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: resource, PriorState: s.pack(kind, state), PlannedState: s.pack(kind, plan), Config: s.pack(kind, config), PlannedPrivate: s.Private})
	s.must(err)
	s.Private = response.Private
	return s.unpack(kind, response.NewState), response.Diagnostics
}

// Read refreshes a state.
func (s *Session) Read(resource string, state tftypes.Value) (tftypes.Value, []*tfprotov6.Diagnostic) {
	s.t.Helper()
	kind := s.types[resource]
	response, err := s.server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
		TypeName: resource, CurrentState: s.pack(kind, state), Private: s.Private})
	s.must(err)
	return s.unpack(kind, response.NewState), response.Diagnostics
}

// Import imports by an ID and reads.
func (s *Session) Import(resource, id string) (tftypes.Value, []*tfprotov6.Diagnostic) {
	s.t.Helper()
	response, err := s.server.ImportResourceState(context.Background(), &tfprotov6.ImportResourceStateRequest{TypeName: resource, ID: id})
	s.must(err)
	if len(response.Diagnostics) > 0 {
		return tftypes.Value{}, response.Diagnostics
	}
	return s.Read(resource, s.unpack(s.types[resource], response.ImportedResources[0].State))
}

// Create plans and applies a new resource and fails the test on any diagnostic.
func (s *Session) Create(resource string, config map[string]any) tftypes.Value {
	s.t.Helper()
	null, wanted := tftypes.NewValue(s.types[resource], nil), s.Config(resource, config)
	s.none(s.Validate(resource, wanted))
	plan, diagnostics := s.Plan(resource, null, wanted)
	s.none(diagnostics)
	state, diagnostics := s.Apply(resource, null, plan, wanted)
	s.none(diagnostics)
	return state
}

// proposed does what Terraform does before it asks for a plan: computed values
// of the state stay where the configuration has none.
func proposed(state, config tftypes.Value) tftypes.Value {
	var before, wanted map[string]tftypes.Value
	if state.IsNull() || config.IsNull() || state.As(&before) != nil || config.As(&wanted) != nil {
		return config
	}
	for _, name := range []string{"uid", "hpa_name", "namespace", "id", "version", "inventory"} {
		if value, ok := wanted[name]; ok && value.IsNull() {
			wanted[name] = before[name]
		}
	}
	return tftypes.NewValue(config.Type(), wanted)
}

func (s *Session) pack(kind tftypes.Type, value tftypes.Value) *tfprotov6.DynamicValue {
	packed, err := tfprotov6.NewDynamicValue(kind, value)
	s.must(err)
	return &packed
}

func (s *Session) unpack(kind tftypes.Type, packed *tfprotov6.DynamicValue) tftypes.Value {
	if packed == nil {
		return tftypes.NewValue(kind, nil)
	}
	value, err := packed.Unmarshal(kind)
	s.must(err)
	return value
}

func (s *Session) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *Session) none(diagnostics []*tfprotov6.Diagnostic) {
	s.t.Helper()
	if text := Text(diagnostics); text != "" {
		s.t.Fatalf("unexpected diagnostics:\n%s", text)
	}
}

// Text writes diagnostics as text, one paragraph each: severity, summary and
// detail.
func Text(diagnostics []*tfprotov6.Diagnostic) string {
	var lines []string
	for _, d := range diagnostics {
		lines = append(lines, fmt.Sprintf("%s: %s: %s", d.Severity, d.Summary, d.Detail))
	}
	return strings.Join(lines, "\n")
}

// Value makes a value of a Terraform type from Go values. What a map leaves out
// is null, or for a list of blocks empty.
func Value(kind tftypes.Type, value any) tftypes.Value {
	switch k := kind.(type) {
	case tftypes.Object:
		members, ok := value.(map[string]any)
		if !ok {
			break
		}
		values := map[string]tftypes.Value{}
		for name, memberType := range k.AttributeTypes {
			values[name] = Value(memberType, members[name])
		}
		for name := range members {
			if _, ok := k.AttributeTypes[name]; !ok {
				panic("no argument " + name)
			}
		}
		return tftypes.NewValue(kind, values)
	case tftypes.List:
		return listValue(k, value)
	case tftypes.Map:
		members, ok := value.(map[string]any)
		if !ok {
			break
		}
		values := map[string]tftypes.Value{}
		for name, member := range members {
			values[name] = Value(k.ElementType, member)
		}
		return tftypes.NewValue(kind, values)
	}
	return scalarValue(kind, value)
}

func listValue(kind tftypes.List, value any) tftypes.Value {
	items, ok := value.([]any)
	if !ok {
		if value == nil && kind.ElementType.Is(tftypes.Object{}) {
			return tftypes.NewValue(kind, []tftypes.Value{})
		}
		return scalarValue(kind, value)
	}
	values := make([]tftypes.Value, len(items))
	for i, item := range items {
		values[i] = Value(kind.ElementType, item)
	}
	return tftypes.NewValue(kind, values)
}

func scalarValue(kind tftypes.Type, value any) tftypes.Value {
	if value == Unknown {
		return tftypes.NewValue(kind, tftypes.UnknownValue)
	}
	if kind.Is(tftypes.DynamicPseudoType) && value != nil {
		return dynamicValue(value)
	}
	if n, ok := value.(int); ok {
		return tftypes.NewValue(kind, big.NewFloat(float64(n)))
	}
	return tftypes.NewValue(kind, value)
}

// dynamicValue gives a Go value the type that HCL gives a literal.
func dynamicValue(value any) tftypes.Value {
	switch v := value.(type) {
	case map[string]any:
		kinds, members := map[string]tftypes.Type{}, map[string]tftypes.Value{}
		for name, member := range v {
			members[name] = dynamicValue(member)
			kinds[name] = members[name].Type()
		}
		return tftypes.NewValue(tftypes.Object{AttributeTypes: kinds}, members)
	case []any:
		kinds, items := make([]tftypes.Type, len(v)), make([]tftypes.Value, len(v))
		for i, item := range v {
			items[i] = dynamicValue(item)
			kinds[i] = items[i].Type()
		}
		return tftypes.NewValue(tftypes.Tuple{ElementTypes: kinds}, items)
	case string:
		return tftypes.NewValue(tftypes.String, v)
	case bool:
		return tftypes.NewValue(tftypes.Bool, v)
	case int:
		return tftypes.NewValue(tftypes.Number, big.NewFloat(float64(v)))
	case float64:
		return tftypes.NewValue(tftypes.Number, big.NewFloat(v))
	}
	return tftypes.NewValue(tftypes.DynamicPseudoType, tftypes.UnknownValue)
}
