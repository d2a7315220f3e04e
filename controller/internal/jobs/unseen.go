// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package jobs

import "time"

// unseenFor bounds how long a creation is waited for. A cache is behind by
// milliseconds; a Job that is not in it after a minute was never created, or was
// deleted without being noticed.
const unseenFor = time.Minute

// Unseen remembers the Jobs of one object that were created and that the cache
// does not show yet. The zero value is empty. It is not safe for concurrent use.
type Unseen struct {
	created map[string]time.Time
}

// Add notes that a Job is being created. Called before the request is sent, it
// also covers a request whose answer gets lost.
func (u *Unseen) Add(name string, now time.Time) {
	if u.created == nil {
		u.created = map[string]time.Time{}
	}
	u.created[name] = now
}

// Drop forgets a Job: the API server refused to create it, or the watch reported
// it, even if only to say that it is already gone again.
func (u *Unseen) Drop(name string) { delete(u.created, name) }

// Count forgets the Jobs that the cache shows and those that are overdue, and
// returns the number of the others, which is Input.Expected.
func (u *Unseen) Count(cached []Job, now time.Time) int {
	if len(u.created) == 0 {
		return 0
	}
	for i := range cached {
		delete(u.created, cached[i].Name)
	}
	for name, at := range u.created {
		if now.Sub(at) >= unseenFor {
			delete(u.created, name)
		}
	}
	return len(u.created)
}
