// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"fmt"
	"strings"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// Quoted lists names in quotes.
func Quoted(names []string) string {
	return `"` + strings.Join(names, `", "`) + `"`
}

// Suggest is a sentence that names what was probably meant, with a space before
// it, or nothing when no name is near.
func Suggest(name string, names []string) string {
	if near := param.Nearest(name, names); near != "" {
		return fmt.Sprintf(" Did you mean %q?", near)
	}
	return ""
}
