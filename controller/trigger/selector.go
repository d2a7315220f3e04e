// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"errors"
	"regexp"
	"sync"
)

// selector matches a Kubernetes label selector with at least one requirement.
var selector = sync.OnceValue(func() *regexp.Regexp {
	const (
		name  = `[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?`
		key   = `(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?` + name
		value = `(?:` + name + `)?`
		set   = `\(\s*` + value + `(?:\s*,\s*` + value + `)*\s*\)`
		one   = `(?:!\s*` + key +
			`|` + key + `\s*(?:==?|!=)\s*` + value +
			`|` + key + `\s+(?:in|notin)\s*` + set +
			`|` + key + `\s*[<>]\s*[0-9]{1,18}` +
			`|` + key + `)`
	)
	return regexp.MustCompile(`^\s*` + one + `(?:\s*,\s*` + one + `)*\s*$`)
})

// labelSelector checks the syntax of a label selector.
func labelSelector(text string) error {
	if !selector().MatchString(text) {
		return errors.New("must be a label selector, for example app=web or tier in (web, api)")
	}
	return nil
}
