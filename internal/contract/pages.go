// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Pages returns the text of the two pages by file name. root is the project's
// folder. The error names everything that is promised and not proved, or proved
// and not promised; the pages are complete all the same.
func Pages(root string) (map[string]string, error) {
	items, err := promises(root)
	if err != nil {
		return nil, err
	}
	proofs, err := tests(root)
	if err != nil {
		return nil, err
	}
	proved, err := match(items, proofs)
	return map[string]string{
		"contract.md":              contractPage(items, proved),
		"differences-from-keda.md": differencesPage(proofs),
	}, err
}

// match finds the tests of each item. "field X.*" stands for all fields below X, and
// a field inside one that is listed as a whole for that one. A field that has others
// below it is known, but says nothing about them.
func match(items []Item, proofs []*Test) (map[Item][]*Test, error) {
	proved := map[Item][]*Test{}
	var errs []error
	for _, test := range proofs {
		for _, covered := range test.Covers {
			known := false
			for _, item := range items {
				known = known || item.below(covered)
				if covered.includes(item) || covered.below(item) {
					known = true
					if !slices.Contains(proved[item], test) {
						proved[item] = append(proved[item], test)
					}
				}
			}
			if !known {
				errs = append(errs, fmt.Errorf("%s: %s covers %q, which nobody promised", test.Package, test.Name, covered))
			}
		}
	}
	for _, item := range items {
		if len(proved[item]) == 0 {
			errs = append(errs, fmt.Errorf("no test covers %q", item))
		}
	}
	return proved, errors.Join(errs...)
}

// includes says whether a test that covers i covers the other item.
func (i Item) includes(other Item) bool {
	above, all := strings.CutSuffix(i.Name, ".*")
	return i == other || all && i.Sort == other.Sort && (other.Name == above || strings.HasPrefix(other.Name, above+"."))
}

// below says whether i is a field inside the field other.
func (i Item) below(other Item) bool {
	return i.Sort == "field" && other.Sort == "field" && strings.HasPrefix(i.Name, other.Name+".")
}

const contractHead = `---
page_title: "The contract and its tests"
subcategory: "KEDA"
description: |-
  Every field, annotation, condition, event and metric of KEDA's API, and the test that proves it here.
---

# The contract and its tests

The custom resources are KEDA's, and so is what people build on around them: annotations, conditions, events, metrics. This page
lists all of it with the tests that prove it. It is generated from the custom resource definitions and the tests, and the build fails
when something is not tested. Tests in ` + "`integration`" + ` run the whole controller against a real API server; where we do better on
purpose is on the page [Differences from KEDA](differences-from-keda).
`

func contractPage(items []Item, proved map[Item][]*Test) string {
	var page strings.Builder
	page.WriteString(contractHead)
	for _, sort := range sorts {
		fmt.Fprintf(&page, "\n## %s\n", sort.heading)
		if sort.prose != "" {
			fmt.Fprintf(&page, "\n%s\n", sort.prose)
		}
		page.WriteString("\n| Item | Tests |\n|---|---|\n")
		for _, item := range items {
			if item.Sort == sort.name {
				fmt.Fprintf(&page, "| `%s` | %s |\n", item.Name, names(proved[item]))
			}
		}
	}
	return page.String()
}

// shown is how many tests stand behind an item; more would hide the item.
const shown = 3

func names(tests []*Test) string {
	texts := make([]string, 0, len(tests))
	for _, t := range tests[:min(shown, len(tests))] {
		texts = append(texts, t.reference())
	}
	return strings.Join(texts, ", ")
}

// reference names a test by the last part of its package and its function.
func (t *Test) reference() string {
	return "`" + t.Package[strings.LastIndexByte(t.Package, '/')+1:] + "." + t.Name + "`"
}

const differencesHead = `---
page_title: "Differences from KEDA"
subcategory: "KEDA"
description: |-
  What deliberately behaves differently from KEDA, why, and how to get the old behaviour; and what is odd but kept.
---

# Differences from KEDA

A ScaledObject or ScaledJob written for KEDA works here unchanged. This page lists every deliberate difference with its reason and
the test that shows it. It is generated from those tests.
`

func differencesPage(proofs []*Test) string {
	var page strings.Builder
	page.WriteString(differencesHead)
	for _, area := range Areas {
		rows := behaviours(proofs, area, func(t *Test) []Behaviour { return t.Differences })
		if len(rows) == 0 {
			continue
		}
		fmt.Fprintf(&page, "\n## %s\n\n| KEDA | Here | Why | The old behaviour | Test |\n|---|---|---|---|---|\n", area)
		for _, b := range rows {
			fmt.Fprintf(&page, "| %s | %s | %s | %s | %s |\n", cell(b.KEDA), cell(b.Here), cell(b.Why), cell(b.Old), b.Test.reference())
		}
	}
	page.WriteString("\n## Odd, and kept\n\nPeople rely on these, so they are as they are in KEDA.\n\n| Area | Behaviour | Why it is kept | Test |\n|---|---|---|---|\n")
	for _, area := range Areas {
		for _, b := range behaviours(proofs, area, func(t *Test) []Behaviour { return t.Kept }) {
			fmt.Fprintf(&page, "| %s | %s | %s | %s |\n", b.Area, cell(b.KEDA), cell(b.Why), b.Test.reference())
		}
	}
	return page.String()
}

func behaviours(proofs []*Test, area string, of func(*Test) []Behaviour) []Behaviour {
	var rows []Behaviour
	for _, test := range proofs {
		for _, b := range of(test) {
			if b.Area == area {
				rows = append(rows, b)
			}
		}
	}
	return rows
}

func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }
