// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// mark is the private state of a moved resource until it is first changed. The
// object's fields still belong to the field managers of the resource it was moved
// from, which is gone; without taking them over, the first change of each would
// be a conflict with nobody.
type mark struct {
	Managers []string `json:"moved_from"`
}

// markOf says under which field managers the resource that was moved may have
// written: those it names, and those that its provider uses by itself.
func markOf(typeName string, state []byte) []byte {
	managers := []string{"Terraform"}
	if typeName == "kubectl_manifest" {
		managers = []string{"kubectl", "kubectl-client-side-apply", "terraform-provider-kubectl*"}
	}
	var named struct {
		FieldManager json.RawMessage `json:"field_manager"`
	}
	if json.Unmarshal(state, &named) == nil {
		managers = append(managers, fieldManagers(named.FieldManager)...)
	}
	private, _ := json.Marshal(mark{managers}) // a list of strings can always be written
	return private
}

// fieldManagers reads an argument field_manager: a name, or a list of blocks.
func fieldManagers(argument json.RawMessage) []string {
	var name string
	if json.Unmarshal(argument, &name) == nil && name != "" {
		return []string{name}
	}
	var blocks []struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(argument, &blocks) == nil && len(blocks) > 0 && blocks[0].Name != "" {
		return []string{blocks[0].Name}
	}
	return nil
}

// includes says whether a field manager is one of those marked.
func (m mark) includes(manager string) bool {
	return slices.ContainsFunc(m.Managers, func(marked string) bool {
		prefix, any := strings.CutSuffix(marked, "*")
		return manager == marked || any && strings.HasPrefix(manager, prefix)
	})
}

// settle takes the fields of a moved object over. It does nothing for others.
func (c change) settle(ctx context.Context, plan tftypes.Value, private []byte) error {
	if len(private) == 0 {
		return nil
	}
	var moved mark
	if err := json.Unmarshal(private, &moved); err != nil {
		return fmt.Errorf("what is kept beside the state is not readable: %w", err)
	}
	return c.client.TakeOver(ctx, c.ref(plan), moved.includes)
}
