// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

const (
	// maxLocation bounds the length of a place in an answer: looking for it takes up
	// to its length times that of the answer.
	maxLocation = 500
	// maxParts bounds what may multiply an answer in a gjson path.
	maxParts = 8
)

// multiplying matches the gjson modifiers that can make gigabytes of a small answer.
var multiplying = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`@(group|pretty|tostr)\b`) })

// location checks a place in an answer, of any format.
func location(text string) error {
	if len(text) > maxLocation {
		return fmt.Errorf("must not be longer than %d characters", maxLocation)
	}
	return nil
}

// jsonPath checks what a gjson path costs: gjson works until it is done, whatever
// time and memory that takes. Commas count because they separate the parts of a
// multipath.
func jsonPath(path string) error {
	parts := 0
	for _, sign := range []string{"@", "{", "[", ","} {
		parts += strings.Count(path, sign)
	}
	switch {
	case parts > maxParts:
		return fmt.Errorf("must not have more than %d modifiers and parts of multipaths (the characters \"@\", \"{\", \"[\" and \",\")", maxParts)
	case strings.Count(path, "@dig") > 1:
		return errors.New("must not have the modifier \"@dig\" more than once")
	case multiplying().MatchString(path):
		return errors.New("must not have the modifiers \"@group\", \"@pretty\" and \"@tostr\"; none leads to a number")
	}
	return nil
}
