// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// defaultTimeout bounds an operation whose timeout is not set.
const defaultTimeout = 2 * time.Minute

// Create applies an object that must not be there yet, and waits for it. The
// state is set before the wait, so that a failed wait does not lose the object.
func (r *customResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	plan := req.Plan.Raw
	ctx, cancel := context.WithTimeout(ctx, timeout(plan, "create"))
	defer cancel()
	client := r.client(&resp.Diagnostics)
	if client == nil {
		return
	}
	ref := r.ref(plan)
	existing, err := client.Absent(ctx, ref)
	if err != nil {
		r.explain(err, plan, &resp.Diagnostics)
		return
	}
	if existing != nil {
		r.exists(ref, &resp.Diagnostics)
		return
	}
	applied := r.apply(ctx, client, plan, &resp.Diagnostics)
	if applied == nil {
		return
	}
	resp.State.Raw = r.applied(plan, applied)
	resp.Diagnostics.Append(r.identify(ctx, resp.Identity, ref)...)
	r.await(ctx, client, applied, plan, &resp.Diagnostics)
}

// Read refreshes the arguments that are set, all of them after an import.
func (r *customResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	state := req.State.Raw
	client := r.client(&resp.Diagnostics)
	if client == nil {
		return
	}
	ref := r.ref(state)
	object, err := client.Get(ctx, ref)
	if object == nil && (err == nil || isNoKind(err)) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		r.explain(err, state, &resp.Diagnostics)
		return
	}
	if _, known := convert.Known(state, "uid"); known {
		resp.State.Raw = convert.Flatten(r.fields, state, object.Object)
	} else {
		resp.State.Raw = r.imported(state, object)
	}
	r.derive(&resp.State.Raw)
	resp.Diagnostics.Append(r.identify(ctx, resp.Identity, ref)...)
}

// Update applies the object anew and waits for it.
func (r *customResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	plan := req.Plan.Raw
	ctx, cancel := context.WithTimeout(ctx, timeout(plan, "update"))
	defer cancel()
	client := r.client(&resp.Diagnostics)
	if client == nil {
		return
	}
	applied := r.apply(ctx, client, plan, &resp.Diagnostics)
	if applied == nil {
		return
	}
	resp.State.Raw = r.applied(plan, applied)
	resp.Diagnostics.Append(r.identify(ctx, resp.Identity, r.ref(plan))...)
	r.await(ctx, client, applied, plan, &resp.Diagnostics)
}

// Delete deletes the object and waits until it is gone.
func (r *customResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	state := req.State.Raw
	ctx, cancel := context.WithTimeout(ctx, timeout(state, "delete"))
	defer cancel()
	client := r.client(&resp.Diagnostics)
	if client == nil {
		return
	}
	ref := r.ref(state)
	err := client.Delete(ctx, ref)
	if err == nil {
		err = client.WaitGone(ctx, ref)
	}
	if err != nil {
		r.explain(err, state, &resp.Diagnostics)
	}
}

func (r *customResource) client(diags *diag.Diagnostics) *kube.Client { return r.session.client(diags) }

// client is nil, and diags say why, when there is no cluster to talk to.
func (s *session) client(diags *diag.Diagnostics) *kube.Client {
	if s == nil {
		diags.AddError("Provider not configured", howToConfigure)
		return nil
	}
	client, err := s.cluster.Client()
	if err != nil {
		diags.AddError("No cluster to talk to", capital(strings.TrimSuffix(err.Error(), "."))+".")
		return nil
	}
	return client
}

// apply checks once more, now that everything is known, and applies.
func (r *customResource) apply(ctx context.Context, client *kube.Client, plan tftypes.Value, diags *diag.Diagnostics) *unstructured.Unstructured {
	expansion := convert.Expand(r.fields, plan)
	r.examine(expansion, plan, diags)
	if diags.HasError() {
		return nil
	}
	object := expansion.Object
	object["apiVersion"], object["kind"] = v1alpha1.GroupVersion.String(), r.kind
	applied, err := client.Apply(ctx, r.ref(plan), object, convert.Flag(plan, "force_conflicts", false))
	if err != nil {
		r.explain(err, plan, diags)
		return nil
	}
	return applied
}

// applied is the state after an apply: what was planned, and what the server
// decides.
func (r *customResource) applied(plan tftypes.Value, object *unstructured.Unstructured) tftypes.Value {
	state := convert.With(plan, map[string]tftypes.Value{"uid": tftypes.NewValue(tftypes.String, string(object.GetUID()))})
	r.derive(&state)
	return state
}

func (r *customResource) derive(state *tftypes.Value) {
	if r.derived != nil {
		*state = convert.With(*state, r.derived(convert.Expand(r.fields, *state)))
	}
}

// await waits for the Ready condition of kinds that have one.
func (r *customResource) await(ctx context.Context, client *kube.Client, applied *unstructured.Unstructured, plan tftypes.Value, diags *diag.Diagnostics) {
	if !r.ready || !convert.Flag(plan, "wait", true) {
		return
	}
	ref := r.ref(plan)
	if err := client.WaitReady(ctx, ref, applied); err != nil {
		diags.AddError(fmt.Sprintf("%s %s is not Ready", r.kind, ref.Name), capital(err.Error())+
			"\n\nThe object is there. See it with: kubectl describe "+ref.Resource.GroupResource().String()+" "+inNamespace(ref)+
			". Set wait = false to apply without waiting, or timeouts { create, update } to wait longer.")
	}
}

func inNamespace(ref kube.Ref) string {
	if ref.Namespace == "" {
		return ref.Name
	}
	return ref.Name + " -n " + ref.Namespace
}

// timeout reads one of the timeouts; examine has checked that it is a duration.
func timeout(values tftypes.Value, operation string) time.Duration {
	return timeoutOr(values, operation, defaultTimeout)
}

// timeoutOr is timeout with another default.
func timeoutOr(values tftypes.Value, operation string, unset time.Duration) time.Duration {
	text, ok := convert.Known(convert.Attribute(values, "timeouts"), operation)
	if limit, err := time.ParseDuration(text); ok && err == nil {
		return limit
	}
	return unset
}
