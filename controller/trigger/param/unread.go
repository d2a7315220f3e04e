// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package param

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// unread reports the metadata keys that no parameter reads, with the name that
// was probably meant. Their values are not shown: a misspelt password would be.
func (s *Set) unread(in Input) []Problem {
	keys := slices.Concat(slices.Collect(maps.Keys(in.Metadata)), in.Unknown)
	slices.Sort(keys)
	var problems []Problem
	for _, key := range slices.Compact(keys) {
		if message := s.whyUnread(key); message != "" {
			p := Problem{Kind: Unknown, Parameter: key, Message: message}
			if s.byName[strings.TrimSuffix(key, envSuffix)] == nil {
				p.Suggestion = Nearest(key, s.keys())
				if p.Suggestion == "" {
					p.Message += "; remove it"
				}
			}
			problems = append(problems, p)
		}
	}
	return problems
}

// whyUnread returns an empty string for a key that is read.
func (s *Set) whyUnread(key string) string {
	if p := s.byName[key]; p != nil {
		if p.d.ReadableFrom(Metadata) {
			return ""
		}
		return "is not read from metadata; set it " + p.d.wayIn()
	}
	if name, ok := strings.CutSuffix(key, envSuffix); ok && s.byName[name] != nil {
		p := s.byName[name]
		if p.d.ReadableFrom(Env) {
			return ""
		}
		return fmt.Sprintf("is ignored: %q cannot come from the environment; set it %s", name, p.d.wayIn())
	}
	return "is not a parameter of this trigger"
}

// keys lists every metadata key that the trigger reads.
func (s *Set) keys() []string {
	var keys []string
	for _, p := range s.params {
		if p.d.Removed == "" {
			keys = append(keys, p.d.MetadataKeys()...)
		}
	}
	return keys
}

// MetadataKeys lists the metadata keys that the parameter reads: its names if it
// may come from metadata, and the "…FromEnv" keys if it may come from the
// environment.
func (d Description) MetadataKeys() []string {
	var keys []string
	if d.ReadableFrom(Metadata) {
		keys = append(keys, d.Names()...)
	}
	if d.ReadableFrom(Env) {
		for _, name := range d.Names() {
			keys = append(keys, name+envSuffix)
		}
	}
	return keys
}

// Nearest returns the candidate that was probably meant by name, or an empty
// string if none is close. Another case and underscores are always forgiven;
// beyond that, one slip (a letter too many, missing, wrong, or two swapped) for
// every three letters. The first candidate wins a tie.
func Nearest(name string, candidates []string) string {
	best, bestDistance := "", len(name)/3+1
	for _, candidate := range candidates {
		if d := distance(fold(name), fold(candidate)); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// fold removes what people vary when they write a name.
func fold(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}

// distance counts the slips between two words: the optimal string alignment
// distance.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, above := make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range above {
		above[j] = j
	}
	for i := range x {
		row := make([]int, len(y)+1)
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(above[j]+cost, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above = above, row
	}
	return above[len(y)]
}
