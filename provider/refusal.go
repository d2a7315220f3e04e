// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"k8s.io/apimachinery/pkg/util/validation"
)

// refusal reports a value with its problems, if it has any.
type refusal func(place path.Path, value any, problems []string)

// refuser is a refusal by diagnostics.
func refuser(diags *diag.Diagnostics) refusal {
	return func(place path.Path, value any, problems []string) {
		if len(problems) > 0 {
			diags.AddAttributeError(place, "Invalid value", at(place, fmt.Sprintf("%s is not allowed: %s.", quoted(value), strings.Join(problems, "; "))))
		}
	}
}

// quoted shows a value as it is written.
func quoted(value any) string {
	if text, ok := value.(string); ok {
		return strconv.Quote(text)
	}
	return fmt.Sprint(value)
}

// examineLabels checks the keys and values of labels.
func examineLabels(place path.Path, of any, invalid refusal) {
	members, _ := of.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(members)) {
		invalid(place.AtMapKey(key), key, validation.IsQualifiedName(key))
		invalid(place.AtMapKey(key), members[key], validation.IsValidLabelValue(fmt.Sprint(members[key])))
	}
}

// examineKeys checks the keys of annotations.
func examineKeys(place path.Path, of any, invalid refusal) {
	members, _ := of.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(members)) {
		invalid(place.AtMapKey(key), key, validation.IsQualifiedName(strings.ToLower(key)))
	}
}
