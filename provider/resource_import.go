// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// IdentitySchema says what identifies an object: its namespace and name.
func (r *customResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	attributes := map[string]identityschema.Attribute{
		"name": identityschema.StringAttribute{RequiredForImport: true, Description: "Name of the object."},
	}
	if r.namespaced {
		attributes["namespace"] = identityschema.StringAttribute{OptionalForImport: true, Description: "Namespace of the object, default \"default\"."}
	}
	resp.IdentitySchema = identityschema.Schema{Attributes: attributes}
}

func (r *customResource) identify(ctx context.Context, identity *tfsdk.ResourceIdentity, ref kube.Ref) diag.Diagnostics {
	if identity == nil {
		return nil
	}
	diags := identity.SetAttribute(ctx, path.Root("name"), ref.Name)
	if r.namespaced {
		diags.Append(identity.SetAttribute(ctx, path.Root("namespace"), ref.Namespace)...)
	}
	return diags
}

// ImportState takes namespace/name (name alone for cluster-scoped kinds), the ID
// that kubernetes_manifest uses, or an identity.
func (r *customResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	namespace, name, err := r.parseID(req.ID)
	if req.ID == "" && req.Identity != nil {
		namespace, name, err = r.fromIdentity(ctx, req.Identity, &resp.Diagnostics)
	}
	if err != nil {
		resp.Diagnostics.AddError("Cannot import by this ID", err.Error())
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("name"), name)...)
	if r.namespaced {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("namespace"), namespace)...)
	}
	resp.Diagnostics.Append(r.identify(ctx, resp.Identity, kube.Ref{Namespace: namespace, Name: name})...)
}

func (r *customResource) fromIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, diags *diag.Diagnostics) (namespace, name string, err error) {
	var n, ns types.String
	diags.Append(identity.GetAttribute(ctx, path.Root("name"), &n)...)
	if !r.namespaced {
		return "", n.ValueString(), nil
	}
	diags.Append(identity.GetAttribute(ctx, path.Root("namespace"), &ns)...)
	if ns.ValueString() == "" {
		return "default", n.ValueString(), nil
	}
	return ns.ValueString(), n.ValueString(), nil
}

func (r *customResource) parseID(id string) (namespace, name string, err error) {
	if strings.Contains(id, "=") {
		pairs := map[string]string{}
		for pair := range strings.SplitSeq(id, ",") {
			key, value, _ := strings.Cut(pair, "=")
			pairs[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
		namespace, name = pairs["namespace"], pairs["name"]
		if kind := pairs["kind"]; kind != "" && kind != r.kind {
			return "", "", fmt.Errorf("%q names a %s, but keda_%s holds a %s", id, kind, r.name, r.kind)
		}
	} else if r.namespaced {
		namespace, name, _ = strings.Cut(id, "/")
	} else {
		name = id
	}
	if name == "" || strings.Contains(name, "/") || (namespace == "") == r.namespaced {
		return "", "", fmt.Errorf("%q does not name one object. Write it as %s", id, r.idForm())
	}
	return namespace, name, nil
}

func (r *customResource) idForm() string {
	if r.namespaced {
		return "namespace/name"
	}
	return "name"
}

// exists reports that an object to be created is there already.
func (r *customResource) exists(ref kube.Ref, diags *diag.Diagnostics) {
	id := ref.Name
	if r.namespaced {
		id = ref.Namespace + "/" + ref.Name
	}
	diags.AddAttributeError(path.Root("name"), fmt.Sprintf("%s %s already exists", r.kind, id), fmt.Sprintf(
		"Terraform does not take objects over by itself. To manage this one, import it:\n\n"+
			"  import {\n    to = keda_%s.<name>\n    id = %q\n  }\n\nor: terraform import keda_%s.<name> %s\n\n"+
			"Otherwise choose another name, or delete it.", r.name, id, r.name, id))
}

// imported is the state of an object that Terraform sees for the first time.
// Annotations that have an argument of their own are shown there only.
func (r *customResource) imported(state tftypes.Value, object *unstructured.Unstructured) tftypes.Value {
	r.session.hide(object)
	if r.tidy != nil {
		r.tidy(object.Object)
	}
	state = convert.Import(r.fields, state, object.Object)
	annotations := object.GetAnnotations()
	before := len(annotations)
	for i := range r.fields {
		f := &r.fields[i]
		if key, ok := annotationKey(f); ok && !convert.Attribute(state, f.Name).IsNull() {
			delete(annotations, key)
		}
	}
	if len(annotations) == before {
		return state
	}
	object.SetAnnotations(annotations)
	rest := convert.Import(r.fields, tftypes.NewValue(state.Type(), nil), object.Object)
	return convert.With(state, map[string]tftypes.Value{"annotations": convert.Attribute(rest, "annotations")})
}

// hide removes labels and annotations that nobody wrote into a configuration.
func (s *session) hide(object *unstructured.Unstructured) {
	labels, annotations := object.GetLabels(), object.GetAnnotations()
	delete(labels, v1alpha1.LabelScaledObjectName)
	delete(annotations, "kubectl.kubernetes.io/last-applied-configuration")
	drop(labels, s.ignoredLabels)
	drop(annotations, s.ignoredAnnotations)
	object.SetLabels(labels)
	object.SetAnnotations(annotations)
}

func drop(members map[string]string, patterns []*regexp.Regexp) {
	for key := range members {
		if slices.ContainsFunc(patterns, func(p *regexp.Regexp) bool { return p.MatchString(key) }) {
			delete(members, key)
		}
	}
}
