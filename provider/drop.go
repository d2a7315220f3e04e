// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
)

// drop sees to arguments that an update leaves out although another field manager
// has set them too, such as kubectl in an object that was imported: an apply alone
// would leave them in the object, and the plan would have said otherwise. They are
// removed if conflicts are to be forced, and errors if not.
func (c change) drop(ctx context.Context, prior, plan tftypes.Value) error {
	places := convert.Dropped(convert.Expand(c.fields, prior).Object, convert.Expand(c.fields, plan).Object)
	if len(places) == 0 {
		return nil
	}
	ref := c.ref(plan)
	object, err := c.client.Get(ctx, ref)
	if err != nil || object == nil {
		return err
	}
	force, patch := convert.Flag(plan, "force_conflicts", false), map[string]any{}
	for _, location := range places {
		sharers := c.client.Sharers(object, location)
		switch {
		case len(sharers) == 0:
		case force:
			if err := unstructured.SetNestedField(patch, nil, location.Keys()...); err != nil {
				return err
			}
		default:
			place, by := convert.Locate(c.fields, plan, location), strings.Join(sharers, ", ")
			c.diags.AddAttributeError(place, "Field shared with "+by, at(place, fmt.Sprintf("%s is not in the configuration any more, but %s has set it too, so it would stay. "+
				"Set force_conflicts = true to remove it, or remove it there.", lastName(place, location), by)))
		}
	}
	if len(patch) == 0 {
		return nil
	}
	body, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	return c.client.Patch(ctx, ref, types.MergePatchType, body)
}
