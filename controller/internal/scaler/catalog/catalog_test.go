// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// foreign is a trigger that no scaler knows.
type foreign struct{ trigger.Trigger }

func TestEveryExternalTriggerHasOneScaler(t *testing.T) {
	var declared, bound []string
	for _, d := range trigger.All() {
		if _, external := d.New().(trigger.External); external {
			declared = append(declared, d.Type)
		}
	}
	for kind := range binds {
		bound = append(bound, kind)
	}
	slices.Sort(declared)
	slices.Sort(bound)
	if diff := cmp.Diff(declared, bound); diff != "" {
		t.Errorf("declared external triggers (-) and catalogue (+) differ:\n%s", diff)
	}
}

func TestScalersRefuseForeignTriggers(t *testing.T) {
	for kind := range binds {
		bind, _ := For(kind)
		_, err := bind(trigger.Decoded{Type: "foreign", Trigger: foreign{}}, scaler.Env{})
		if err == nil || !strings.Contains(err.Error(), "foreign") {
			t.Errorf("the scaler of %q binds any trigger: %v", kind, err)
		}
	}
	if _, ok := For("no-such-type"); ok {
		t.Error("the catalogue has a type that does not exist")
	}
}
