// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"cmp"
	"slices"
)

// surplus names the finished Jobs that exceed the history, oldest first.
func (in *Input) surplus() []string {
	return slices.Concat(
		in.surplusOf(Complete, int(in.SuccessfulHistory)),
		in.surplusOf(Failed, int(in.FailedHistory)),
	)
}

// surplusOf keeps the newest finished Jobs of one state. Jobs that ended in the
// same second are ordered by name, so that a repeated decision is the same.
func (in *Input) surplusOf(state State, keep int) []string {
	count := 0
	for i := range in.Jobs {
		if in.finished(&in.Jobs[i], state) {
			count++
		}
	}
	surplus := count - max(0, keep)
	if surplus <= 0 {
		return nil
	}
	ended := make([]*Job, 0, count)
	for i := range in.Jobs {
		if in.finished(&in.Jobs[i], state) {
			ended = append(ended, &in.Jobs[i])
		}
	}
	slices.SortFunc(ended, func(a, b *Job) int {
		return cmp.Or(a.Finished.Compare(b.Finished), cmp.Compare(a.Name, b.Name))
	})
	return names(ended[:surplus])
}

func (in *Input) finished(j *Job, state State) bool {
	return j.State == state && !j.Deleting && !in.outdated(j)
}

// outdated says that a rollout removes the Job. A Job of a later generation tells
// that the spec at hand is an old one, as that of a leader whose cache is behind.
func (in *Input) outdated(j *Job) bool { return !in.Gradual && j.Generation < in.Generation }

// rollout names the Jobs of earlier generations.
func (in *Input) rollout() []string {
	var out []string
	for i := range in.Jobs {
		if j := &in.Jobs[i]; in.outdated(j) && !j.Deleting {
			out = append(out, j.Name)
		}
	}
	return out
}

func names(jobs []*Job) []string {
	out := make([]string, len(jobs))
	for i, j := range jobs {
		out[i] = j.Name
	}
	return out
}
