// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package param

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
	"unicode"
)

// Description is what a declaration says about one parameter.
type Description struct {
	// Name is the parameter's key in metadata or in a TriggerAuthentication,
	// Aliases its other names.
	Name    string
	Aliases []string
	// Prose describes the parameter in Markdown, one or a few sentences.
	Prose string
	// Kind is the type of the value.
	Kind Kind
	// Sources are the places it may come from, in the order of lookup.
	Sources []Source
	// Default stands for an absent value; empty means that there is none.
	Default string
	// Enum lists the allowed values; empty means any.
	Enum []string
	// Exclusive lists items of which a list may hold one.
	Exclusive []string
	// Separator stands between the items of a list or map.
	Separator string
	// Required says that it must be given; Secret that it is never shown; Target
	// and Activation that it is the value of that role.
	Required, Secret, Target, Activation bool
	// Positive demands a number above zero; Min and Max limit it.
	Positive bool
	Min, Max *float64
	// Deprecated and Removed say what to use instead of the parameter, which in
	// the first case still works.
	Deprecated, Removed string
}

// Declaration is what a Declare method says: parameters in its order, and the
// rules between them in words.
type Declaration struct {
	Params []Description
	Rules  []string
}

// Describe returns what declare declares.
func Describe(declare func(*Set)) Declaration {
	s := declared(declare)
	var d Declaration
	for _, p := range s.params {
		d.Params = append(d.Params, p.d)
	}
	for _, r := range s.rules {
		d.Rules = append(d.Rules, r.prose)
	}
	return d
}

// Encode returns the fields that declare binds as text that Decode reads back,
// by parameter name. What Decode would fill in by itself is left out. The result
// holds secrets.
func Encode(declare func(*Set)) map[string]string {
	values := map[string]string{}
	for _, p := range declared(declare).params {
		if text := p.value.format(p.d.Separator); text != p.d.absentText() {
			values[p.d.Name] = text
		}
	}
	return values
}

// absentText is the text of the value that an absent parameter leaves, or of no
// value if it must not be absent.
func (d Description) absentText() string {
	switch {
	case d.Default != "" || d.Required:
		return d.Default
	case d.Kind == KindInt || d.Kind == KindFloat:
		return "0"
	case d.Kind == KindBool:
		return "false"
	case d.Kind == KindDuration:
		return "0s"
	default:
		return ""
	}
}

// Fingerprint hashes a trigger type and the values of its parameters, but not the
// target and the activation value, which change what is done with an answer but
// not the answer. Secrets cannot be recovered from it.
func Fingerprint(kind string, declare func(*Set)) string {
	s := declared(declare)
	h := sha256.New()
	add(h, kind)
	if s.namespace != nil {
		add(h, *s.namespace)
	}
	slices.SortFunc(s.params, func(a, b *Param) int { return strings.Compare(a.d.Name, b.d.Name) })
	for _, p := range s.params {
		if p.d.Target || p.d.Activation {
			continue
		}
		add(h, p.d.Name)
		add(h, p.value.format(p.d.Separator))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// add hashes a text with its length before it, so that texts cannot run into
// each other.
func add(h hash.Hash, text string) {
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
	h.Write([]byte(text))
}

// Snake returns a parameter's name in Terraform's spelling: queueURL becomes
// queue_url, awsAccessKeyID aws_access_key_id.
func Snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 {
			afterLower := !unicode.IsUpper(runes[i-1])
			beforeLower := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if afterLower || beforeLower {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
