// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"regexp"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/schema"
)

// identifier matches a field of a manifest in a sentence, alone or with the
// fields above it, and quoted words, which stay as they are.
var identifier = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`"[^"]*"|\b[a-z]+(?:[A-Z][A-Za-z]*)?(?:\.[a-z]+(?:[A-Z][A-Za-z]*)?)+\b|\b[a-z]+[A-Z][A-Za-z]*\b`)
})

// inHCL replaces the names of manifest fields in a message by those of the
// arguments that stand for them. Messages come from a library that speaks of
// manifests to everybody else.
func (d *definition) inHCL(message string, config tftypes.Value, about convert.Location) string {
	return identifier().ReplaceAllStringFunc(message, func(word string) string {
		if quoted := strings.Trim(word, `"`); quoted != word {
			if f := sibling(d.fields, config, about, quoted); f != "" {
				return `"` + f + `"`
			}
			return word
		}
		if f := argument(d.fields, strings.Split(word, ".")); f != "" {
			return f
		}
		return word
	})
}

// sibling names the argument of the same typed trigger block for a parameter.
func sibling(fields []schema.Field, config tftypes.Value, about convert.Location, parameter string) string {
	if len(about) < 2 || about[len(about)-2] != "metadata" {
		return ""
	}
	other := append(append(convert.Location{}, about[:len(about)-1]...), parameter)
	place := convert.Locate(fields, config, other)
	if name := lastName(place, other); name != parameter && strings.Count(place.String(), ".") == 2 {
		return name
	}
	return ""
}

// argument finds the argument of the keys below spec, as a.b in HCL.
func argument(fields []schema.Field, keys []string) string {
	for i := range fields {
		f := &fields[i]
		at := f.At
		if len(at) > 0 && at[0] == "spec" {
			at = at[1:]
		}
		switch {
		case len(at) == 0 || f.Implies != nil:
		case strings.Join(at, ".") == strings.Join(keys, "."), len(keys) == 1 && at[len(at)-1] == keys[0]:
			return f.Name
		case f.IsBlock() && f.Kind == schema.Block:
			if rest, ok := below(at, keys); ok {
				if name := argument(f.Fields, rest); name != "" {
					return f.Name + "." + name
				}
			}
		case f.Name == "trigger" && len(keys) == 1:
			if name := argument(f.Fields, keys); name != "" {
				return name
			}
		}
	}
	return ""
}

// below cuts the keys of a block off.
func below(at, keys []string) ([]string, bool) {
	if len(keys) <= len(at) {
		return nil, false
	}
	for i := range at {
		if at[i] != keys[i] {
			return nil, false
		}
	}
	return keys[len(at):], true
}
