// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package httpquery

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/resource"
)

// maxExponent bounds the digits of a quantity's exponent: working out a longer one
// takes seconds to hours.
const maxExponent = 3

// maxReworked bounds a page that a gjson path does more with than look something up:
// the time for that grows with the page's length and its depth.
const maxReworked = 256 << 10

// find returns the number at a location of a page. Its errors name the location.
func find(body []byte, format, location string) (float64, error) {
	var value float64
	var err error
	switch format {
	case "json":
		value, err = inJSON(body, location)
	case "yaml":
		var document any
		if err = yaml.Unmarshal(body, &document); err == nil {
			value, err = walk(document, location)
		}
	case "xml":
		var document any
		if document, err = parseXML(body); err == nil {
			value, err = walk(document, location)
		}
	case "prometheus":
		value, err = inExposition(body, location)
	default:
		err = fmt.Errorf("format %q is not known", format)
	}
	if err != nil {
		return 0, fmt.Errorf("valueLocation %q: %w", location, err)
	}
	return value, nil
}

func inJSON(body []byte, location string) (float64, error) {
	if len(body) > maxReworked && strings.ContainsAny(location, "@{[") {
		return 0, fmt.Errorf("the page is larger than %d KiB, too large for a path with modifiers or multipaths", maxReworked>>10)
	}
	// Some modifiers, such as @pretty, recurse into a page as deep as it is nested, and
	// a stack that overflows ends the process. Valid bounds the nesting.
	if strings.Contains(location, "@") && !json.Valid(body) {
		return 0, errors.New("the page is not JSON")
	}
	found := gjson.GetBytes(body, location)
	switch {
	case found.Type == gjson.Number:
		return found.Num, nil
	case found.Type == gjson.String:
		return number(found.Str)
	case !found.Exists() && !json.Valid(body):
		return 0, errors.New("the page is not JSON")
	case !found.Exists():
		return 0, errors.New("there is nothing")
	}
	return 0, fmt.Errorf("there is a %s; it must be a number, or a string with a Kubernetes quantity", found.Type)
}

// number reads a string as a Kubernetes quantity, such as "250m" or "5Gi".
func number(text string) (float64, error) {
	text = strings.TrimSpace(text)
	_, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	q, err := resource.Quantity{}, error(resource.ErrFormatWrong)
	if len(strings.TrimLeft(exponent, "+-")) <= maxExponent {
		q, err = resource.ParseQuantity(text)
	}
	if err != nil {
		return 0, errors.New("there is a string that is no Kubernetes quantity, such as 12, 250m or 5Gi")
	}
	return q.AsApproximateFloat64(), nil
}

// walk follows a dotted path through maps and lists. A list is entered by an
// index, as a segment of its own or in brackets after a name; without one its
// first item counts.
func walk(node any, path string) (float64, error) {
	for segment := range strings.SplitSeq(path, ".") {
		name, index := splitIndex(segment)
		if name != "" {
			next, err := enter(node, name)
			if err != nil {
				return 0, err
			}
			node = next
		}
		if index != "" {
			next, err := enter(node, index)
			if err != nil {
				return 0, err
			}
			node = next
		}
	}
	return leaf(node)
}

// splitIndex splits "name[3]" into "name" and "3".
func splitIndex(segment string) (name, index string) {
	if before, after, ok := strings.Cut(segment, "["); ok && strings.HasSuffix(after, "]") {
		return before, strings.TrimSuffix(after, "]")
	}
	return segment, ""
}

func enter(node any, name string) (any, error) {
	switch n := node.(type) {
	case map[string]any:
		if child, ok := n[name]; ok {
			return child, nil
		}
	case []any:
		if i, err := strconv.Atoi(name); err == nil {
			if i >= 0 && i < len(n) {
				return n[i], nil
			}
		} else if len(n) > 0 {
			return enter(n[0], name)
		}
	case map[any]any: // of YAML, where not every key is a string
		for key, child := range n {
			if fmt.Sprint(key) == name {
				return child, nil
			}
		}
	}
	return nil, fmt.Errorf("there is no %q", name)
}

func leaf(node any) (float64, error) {
	switch n := node.(type) {
	case float64:
		return n, nil
	case int:
		return float64(n), nil
	case int64:
		return float64(n), nil
	case uint64:
		return float64(n), nil
	case string:
		return number(n)
	case []any:
		if len(n) > 0 {
			return leaf(n[0])
		}
	case map[string]any:
		if text, ok := n[textKey]; ok {
			return leaf(text)
		}
	}
	return 0, errors.New("there is no number, and no string with a Kubernetes quantity")
}
