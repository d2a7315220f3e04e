// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"k8s.io/apimachinery/pkg/types"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
)

// drop sees to arguments that an update leaves out although another field manager
// has set them too, such as kubectl in an object that was imported: an apply alone
// would leave them in the object, and the plan would have said otherwise. They are
// removed if conflicts are to be forced, and errors if not.
func (c change) drop(ctx context.Context, prior, plan tftypes.Value) error {
	before, after := convert.Expand(c.fields, prior).Object, convert.Expand(c.fields, plan).Object
	if convert.Holds(after, before) {
		return nil
	}
	ref := c.ref(plan)
	object, err := c.client.Get(ctx, ref)
	if err != nil || object == nil {
		return err
	}
	var places []convert.Location
	for _, other := range c.client.Others(object) {
		for _, d := range convert.Dropped(other.Fields, before, after, object.Object) {
			places = append(places, d.Live)
			if !convert.Flag(plan, "force_conflicts", false) {
				c.shared(d, other.Manager, prior)
			}
		}
	}
	if len(places) == 0 || c.diags.HasError() {
		return nil
	}
	body, err := json.Marshal(convert.Without(object.Object, places))
	if err != nil {
		return err
	}
	return c.client.Patch(ctx, ref, types.MergePatchType, body)
}

// shared reports a value that another field manager keeps in the object.
func (c change) shared(d convert.Drop, manager string, prior tftypes.Value) {
	place := convert.Locate(c.fields, prior, d.At)
	name := lastName(place, d.At)
	if d.Item != "" {
		name = fmt.Sprintf("The item %s of a list", d.Item)
	}
	c.diags.AddAttributeError(place, "Field shared with "+manager, at(place, fmt.Sprintf("%s is not in the configuration any more, but %s has set it too, so it would stay. "+
		"Set force_conflicts = true to remove it, or remove it there.", name, manager)))
}
