// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	rs "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// definition is what one custom resource is. It is made once and never changed.
type definition struct {
	// name is that of the Terraform resource without "keda_"; kind and plural
	// are those of the custom resource.
	name, kind, plural string
	namespaced         bool
	// prose describes the resource, fields are its arguments.
	prose  string
	fields []schema.Field
	// ready says that the controller reports a Ready condition.
	ready bool
	// check returns what is wrong with an object of which some is not known.
	check func(object map[string]any, unknown []v1alpha1.Path) (v1alpha1.Violations, error)
	// misfits returns what does not fit the types of Kubernetes in arguments of
	// any type; nil when the resource has none.
	misfits func(object map[string]any) []convert.Misfit
	// modernize writes what stands in a deprecated field of an object where it
	// stands today; nil when the resource has no such fields.
	modernize func(object map[string]any)
	// tidy removes from an object to import what Kubernetes wrote into arguments
	// of any type; nil when the resource has none.
	tidy func(object map[string]any)
	// derived returns the values of computed arguments that follow from the
	// others; nil when there are none.
	derived func(*convert.Expansion) map[string]tftypes.Value

	// schema is made of prose and fields, wire is its type in the protocol and
	// identity that of what identifies an object.
	schema         rs.Schema
	wire, identity tftypes.Object
}

// define completes a definition.
func define(d definition) *definition {
	d.schema = schema.Served(d.prose, d.fields)
	d.wire, _ = d.schema.Type().TerraformType(context.Background()).(tftypes.Object)
	d.identity, _ = d.identitySchema().Type().TerraformType(context.Background()).(tftypes.Object)
	return &d
}

func (d *definition) identitySchema() identityschema.Schema {
	attributes := map[string]identityschema.Attribute{
		"name": identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the object."},
	}
	if d.namespaced {
		attributes["namespace"] = identityschema.StringAttribute{OptionalForImport: true, Description: "Namespace of the object, default \"default\"."}
	}
	return identityschema.Schema{Attributes: attributes}
}

// ref names the object of a plan, state or identity.
func (d *definition) ref(values tftypes.Value) kube.Ref {
	name, _ := convert.Known(values, "name")
	ref := kube.Ref{Resource: v1alpha1.GroupVersion.WithResource(d.plural), Name: name}
	if d.namespaced {
		ref.Namespace, _ = convert.Known(values, "namespace")
	}
	return ref
}

// plan completes what Terraform proposes: checks it, because a plan knows more
// than the configuration alone, and fills in computed arguments. It returns the
// arguments whose change replaces the object.
func (d *definition) plan(prior, proposed, config tftypes.Value, diags *diag.Diagnostics) (planned tftypes.Value, replaced []string) {
	set := map[string]tftypes.Value{}
	for i := range d.fields {
		f := &d.fields[i]
		before, wanted := convert.Attribute(prior, f.Name), convert.Attribute(config, f.Name)
		switch {
		case f.Assumed && wanted.IsNull():
			set[f.Name] = tftypes.NewValue(tftypes.String, f.Default)
		case f.FromServer() && (before.Type() == nil || before.IsNull()):
			set[f.Name] = tftypes.NewValue(d.wire.AttributeTypes[f.Name], tftypes.UnknownValue)
		case f.FromServer():
			set[f.Name] = before
		}
	}
	planned = convert.With(proposed, set)
	if planned.Equal(prior) {
		return planned, nil
	}
	expansion := convert.Expand(d.fields, planned)
	d.examine(expansion, planned, diags)
	if d.derived != nil {
		planned = convert.With(planned, d.derived(expansion))
	}
	for i := range d.fields {
		f := &d.fields[i]
		if f.Replace && !prior.IsNull() && !convert.Attribute(prior, f.Name).Equal(convert.Attribute(planned, f.Name)) {
			replaced = append(replaced, f.Name)
		}
	}
	return planned, replaced
}

// decode turns an object into its Go type.
func decode[T any](object map[string]any) (*T, error) {
	typed := new(T)
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(object, typed)
	return typed, err
}

// checked adapts a validation of package v1alpha1.
func checked[T any](validate func(*T, ...v1alpha1.Path) v1alpha1.Violations) func(map[string]any, []v1alpha1.Path) (v1alpha1.Violations, error) {
	return func(object map[string]any, unknown []v1alpha1.Path) (v1alpha1.Violations, error) {
		typed, err := decode[T](object)
		if err != nil {
			return nil, err
		}
		return validate(typed, unknown...), nil
	}
}

// face is what the framework sees of a custom resource: its schema. The calls
// of Terraform are answered by server.go.
type face struct{ *definition }

var _ resource.ResourceWithIdentity = face{}

func (r face) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + r.name
}

func (r face) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = r.schema
}

func (r face) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = r.identitySchema()
}

const notServed = "This resource is served by provider.Server, not by the framework alone"

func (face) Create(_ context.Context, _ resource.CreateRequest, resp *resource.CreateResponse) {
	resp.Diagnostics.AddError(notServed, "")
}

func (face) Read(_ context.Context, _ resource.ReadRequest, resp *resource.ReadResponse) {
	resp.Diagnostics.AddError(notServed, "")
}

func (face) Update(_ context.Context, _ resource.UpdateRequest, resp *resource.UpdateResponse) {
	resp.Diagnostics.AddError(notServed, "")
}

func (face) Delete(_ context.Context, _ resource.DeleteRequest, resp *resource.DeleteResponse) {
	resp.Diagnostics.AddError(notServed, "")
}
