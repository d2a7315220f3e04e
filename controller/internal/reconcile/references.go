// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"sync"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

// References remembers which objects were built from which Secrets, ConfigMaps
// and authentications, so that a change of one of those leads to its users.
type References struct {
	mu    sync.Mutex
	users map[auth.Reference]map[sample.Object]struct{}
	uses  map[sample.Object][]auth.Reference
}

// NewReferences returns an empty index.
func NewReferences() *References {
	return &References{users: map[auth.Reference]map[sample.Object]struct{}{}, uses: map[sample.Object][]auth.Reference{}}
}

// Set replaces what an object refers to. No references forget the object.
func (r *References) Set(object sample.Object, references []auth.Reference) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, old := range r.uses[object] {
		delete(r.users[old], object)
		if len(r.users[old]) == 0 {
			delete(r.users, old)
		}
	}
	delete(r.uses, object)
	if len(references) == 0 {
		return
	}
	r.uses[object] = references
	for _, ref := range references {
		if r.users[ref] == nil {
			r.users[ref] = map[sample.Object]struct{}{}
		}
		r.users[ref][object] = struct{}{}
	}
}

// Users lists the objects of one kind that refer to ref.
func (r *References) Users(ref auth.Reference, kind string) []sample.Object {
	r.mu.Lock()
	defer r.mu.Unlock()
	var users []sample.Object
	for user := range r.users[ref] {
		if user.Kind == kind {
			users = append(users, user)
		}
	}
	return users
}
