// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	rs "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"k8s.io/apimachinery/pkg/runtime"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"

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
	// prose describes the resource, fields are its arguments and schema is made
	// of both.
	prose  string
	fields []schema.Field
	schema rs.Schema
	// ready says that the controller reports a Ready condition.
	ready bool
	// check returns what is wrong with an object of which some is not known.
	check func(object map[string]any, unknown []v1alpha1.Path) (v1alpha1.Violations, error)
	// misfits returns what does not fit the types of Kubernetes in arguments of
	// any type; nil when the resource has none.
	misfits func(object map[string]any) []convert.Misfit
	// tidy removes from an object to import what Kubernetes wrote into arguments
	// of any type; nil when the resource has none.
	tidy func(object map[string]any)
	// derived returns the values of computed arguments that follow from the
	// others; nil when there are none.
	derived func(*convert.Expansion) map[string]tftypes.Value
}

// define completes a definition.
func define(d definition) *definition {
	d.schema = schema.Resource(d.prose, d.fields)
	return &d
}

// customResource is a Terraform resource for a custom resource of KEDA.
type customResource struct {
	*definition
	session *session
}

var (
	_ resource.ResourceWithConfigure      = &customResource{}
	_ resource.ResourceWithValidateConfig = &customResource{}
	_ resource.ResourceWithModifyPlan     = &customResource{}
	_ resource.ResourceWithImportState    = &customResource{}
	_ resource.ResourceWithIdentity       = &customResource{}
)

func (r *customResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + r.name
}

func (r *customResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = r.schema
}

// Configure takes the session; there is none while Terraform only validates.
func (r *customResource) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.session, _ = req.ProviderData.(*session)
}

// ValidateConfig checks what is known without a plan.
func (r *customResource) ValidateConfig(_ context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	r.examine(convert.Expand(r.fields, req.Config.Raw), req.Config.Raw, &resp.Diagnostics)
}

// ModifyPlan checks again, because a plan knows more than the configuration
// alone, and fills in computed arguments that follow from the others.
func (r *customResource) ModifyPlan(_ context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	plan := req.Plan.Raw
	if plan.IsNull() || plan.Equal(req.State.Raw) {
		return
	}
	expansion := convert.Expand(r.fields, plan)
	r.examine(expansion, plan, &resp.Diagnostics)
	if r.derived != nil {
		resp.Plan.Raw = convert.With(plan, r.derived(expansion))
	}
}

// ref names the object of a plan or state.
func (r *customResource) ref(values tftypes.Value) kube.Ref {
	name, _ := convert.Known(values, "name")
	ref := kube.Ref{Resource: r.resource(), Name: name}
	if r.namespaced {
		ref.Namespace, _ = convert.Known(values, "namespace")
	}
	return ref
}

func (r *customResource) resource() runtimeschema.GroupVersionResource {
	return v1alpha1.GroupVersion.WithResource(r.plural)
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
