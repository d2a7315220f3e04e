// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// defaultTimeout bounds an operation whose timeout is not set.
const defaultTimeout = 2 * time.Minute

// change carries one operation on one object out. Each method returns the state
// after it, and leaves errors in diags.
type change struct {
	*definition
	client *kube.Client
	diags  *diag.Diagnostics
}

// create applies an object that must not be there yet, and waits for it. There
// is a state once it is applied, so that a failed wait does not lose the object.
func (c change) create(ctx context.Context, plan tftypes.Value) tftypes.Value {
	ctx, cancel := context.WithTimeout(ctx, timeout(plan, "create"))
	defer cancel()
	none := tftypes.NewValue(c.wire, nil)
	ref := c.ref(plan)
	existing, err := c.client.Absent(ctx, ref)
	if err != nil {
		c.explain(err, plan, c.diags)
		return none
	}
	if existing != nil {
		c.exists(ref, c.diags)
		return none
	}
	return c.applyAndWait(ctx, none, plan)
}

// update applies the object anew and waits for it. private is what Terraform keeps
// beside the state.
func (c change) update(ctx context.Context, prior, plan tftypes.Value, private []byte) tftypes.Value {
	ctx, cancel := context.WithTimeout(ctx, timeout(plan, "update"))
	defer cancel()
	if err := c.settle(ctx, plan, private); err != nil {
		c.explain(err, plan, c.diags)
		return prior
	}
	if err := c.drop(ctx, prior, plan); err != nil {
		c.explain(err, plan, c.diags)
	}
	if c.diags.HasError() {
		return prior
	}
	return c.applyAndWait(ctx, prior, plan)
}

// delete deletes the object and waits until it is gone.
func (c change) delete(ctx context.Context, state tftypes.Value) tftypes.Value {
	ctx, cancel := context.WithTimeout(ctx, timeout(state, "delete"))
	defer cancel()
	ref := c.ref(state)
	uid, _ := convert.Known(state, "uid")
	err := c.client.Delete(ctx, ref)
	if err == nil {
		err = c.client.WaitGone(ctx, ref, types.UID(uid))
	}
	if err != nil {
		c.explain(err, state, c.diags)
		return state
	}
	return tftypes.NewValue(c.wire, nil)
}

// read refreshes the arguments that are set, all of them after an import.
func (c change) read(ctx context.Context, state tftypes.Value, s *session) tftypes.Value {
	object, err := c.client.Get(ctx, c.ref(state))
	if object == nil && (err == nil || isNoKind(err)) {
		return tftypes.NewValue(c.wire, nil)
	}
	if err != nil {
		c.explain(err, state, c.diags)
		return state
	}
	if c.modernize != nil {
		c.modernize(object.Object)
	}
	if _, known := convert.Known(state, "uid"); known {
		return c.derive(convert.Flatten(c.fields, state, object.Object))
	}
	s.hide(object)
	return c.derive(c.imported(state, object))
}

// applyAndWait checks once more, now that everything is known, applies and waits.
func (c change) applyAndWait(ctx context.Context, prior, plan tftypes.Value) tftypes.Value {
	expansion := convert.Expand(c.fields, plan)
	c.examine(expansion, plan, c.diags)
	if c.diags.HasError() {
		return prior
	}
	object := expansion.Object
	object["apiVersion"], object["kind"] = v1alpha1.GroupVersion.String(), c.kind
	// Terraform expects the object that it knows, not a new one in the place of one
	// that was deleted after the plan, and none that another client made just now.
	if uid, _ := convert.Known(prior, "uid"); uid != "" {
		(&unstructured.Unstructured{Object: object}).SetUID(types.UID(uid))
	} else if prior.IsNull() {
		(&unstructured.Unstructured{Object: object}).SetResourceVersion(kube.NotThere)
	}
	applied, err := c.client.Apply(ctx, c.ref(plan), object, convert.Flag(plan, "force_conflicts", false))
	if err != nil {
		c.explain(err, plan, c.diags)
		return prior
	}
	c.await(ctx, applied, plan)
	return c.applied(plan, applied)
}

// applied is the state after an apply: what was planned, and what the server
// decides.
func (d *definition) applied(plan tftypes.Value, object *unstructured.Unstructured) tftypes.Value {
	return d.derive(convert.With(plan, map[string]tftypes.Value{"uid": tftypes.NewValue(tftypes.String, string(object.GetUID()))}))
}

func (d *definition) derive(state tftypes.Value) tftypes.Value {
	if d.derived == nil {
		return state
	}
	return convert.With(state, d.derived(convert.Expand(d.fields, state)))
}

// await waits for the Ready condition of kinds that have one.
func (c change) await(ctx context.Context, applied *unstructured.Unstructured, plan tftypes.Value) {
	if !c.ready || !convert.Flag(plan, "wait", true) {
		return
	}
	ref := c.ref(plan)
	if err := c.client.WaitReady(ctx, ref, applied); err != nil {
		c.diags.AddError(fmt.Sprintf("%s %s is not Ready", c.kind, ref.Name), capital(err.Error())+
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
