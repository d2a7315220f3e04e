// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
)

const (
	// cacheLag is how long a cache may take to show a creation before it is no
	// longer believed: usually it is behind by milliseconds.
	cacheLag = 2 * time.Second
	// requestLife is how long a request without an answer may still be carried
	// out: the API server gives up on requests after a minute.
	requestLife = time.Minute
)

// Unseen remembers the Jobs of one object that were created and that the cache
// does not show yet. The zero value is empty. It is not safe for concurrent use.
type Unseen struct {
	created map[string]creation
}

// creation is a request to create a Job. The uid is empty until the answer comes.
type creation struct {
	at  time.Time
	uid types.UID
}

// Add notes that a Job is being created, with an empty uid, or that it was. Noted
// before the request is sent, it also covers a request whose answer gets lost.
func (u *Unseen) Add(name string, uid types.UID, now time.Time) {
	if u.created == nil {
		u.created = map[string]creation{}
	}
	u.created[name] = creation{now, uid}
}

// Has says whether a Job is waited for.
func (u *Unseen) Has(name string) bool {
	_, has := u.created[name]
	return has
}

// Drop forgets a Job that the API server refused to create, which has no uid, or
// that was deleted.
func (u *Unseen) Drop(name string, uid types.UID) {
	if u.created[name].uid == uid {
		delete(u.created, name)
	}
}

// Overdue says that only a live list can tell: the cache should have shown a Job by
// now, and is behind, or the Job is gone already; or an answer is missing, and what
// the cache shows under that name may be an earlier Job.
func (u *Unseen) Overdue(now time.Time) bool {
	for _, c := range u.created {
		if c.uid == "" || now.Sub(c.at) >= cacheLag {
			return true
		}
	}
	return false
}

// Expected forgets what a list shows and returns the number of the others, which
// is Input.Expected. A live list also ends the wait for Jobs that it does not show,
// but for those whose creation may still be under way; what it shows is waited for
// from then on, because the next list may come from a cache that is behind it.
func (u *Unseen) Expected(listed []Job, live bool, now time.Time) int {
	for i := range listed {
		if c, has := u.created[listed[i].Name]; has && (live || c.uid == listed[i].UID) {
			delete(u.created, listed[i].Name)
		}
	}
	if !live {
		return len(u.created)
	}
	for name, c := range u.created {
		if c.uid != "" || now.Sub(c.at) >= requestLife {
			delete(u.created, name)
		}
	}
	expected := len(u.created)
	for i := range listed {
		if listed[i].State == Unfinished {
			u.Add(listed[i].Name, listed[i].UID, now)
		}
	}
	return expected
}
