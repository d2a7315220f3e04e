// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package awssecretmanager

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// field returns one field of a secret that is a JSON object. Text is unquoted; a
// number, a boolean, a list or an object stays as it is written. The error of a
// missing field lists the fields that there are; names are no secret.
func field(secret, name string) (string, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(secret), &fields); err != nil || fields == nil {
		// The error of the parser may repeat a part of the secret.
		return "", errors.New("it is no JSON object, so it has no fields; leave secretKey out, or store an object")
	}
	raw, ok := fields[name]
	if !ok {
		names := slices.Sorted(maps.Keys(fields))
		return "", fmt.Errorf("it has no field %q: it has [%s]; correct secretKey, or add the field", name, strings.Join(names, " "))
	}
	value := string(bytes.TrimSpace(raw))
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &value); err != nil {
			return "", fmt.Errorf("field %q is no valid JSON text", name)
		}
	}
	if value == "" || value == "null" {
		return "", fmt.Errorf("field %q is empty; store a value", name)
	}
	return value, nil
}
