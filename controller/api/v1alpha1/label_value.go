// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import "strings"

// LabelValue makes the value of a label of a text: at most 63 characters, of those that are allowed, and beginning and ending with
// a letter or digit.
func LabelValue(text string) string {
	value := strings.Map(func(r rune) rune {
		if isAlphanumeric(r) || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, text)
	value = value[:min(len(value), maxLabelLength)]
	return strings.TrimFunc(value, func(r rune) bool { return !isAlphanumeric(r) })
}

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
