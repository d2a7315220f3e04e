// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"slices"
	"sync"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

// References remembers which objects were built from which Secrets, ConfigMaps
// and authentications, so that a change of one of those leads to its users.
type References struct {
	mu      sync.Mutex
	users   map[auth.Reference]map[sample.Object]struct{}
	uses    map[sample.Object][]auth.Reference
	enqueue map[string]func(sample.Object)                // by kind
	missed  map[sample.Object]map[auth.Reference]struct{} // what changed since Begin
}

// NewReferences returns an empty index.
func NewReferences() *References {
	return &References{
		users: map[auth.Reference]map[sample.Object]struct{}{}, uses: map[sample.Object][]auth.Reference{},
		enqueue: map[string]func(sample.Object){}, missed: map[sample.Object]map[auth.Reference]struct{}{},
	}
}

// Begin says that what an object refers to is being read, and Set will follow.
func (r *References) Begin(object sample.Object) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missed[object] = map[auth.Reference]struct{}{}
}

// change notes a change for those who are reading: the value that they have may be
// the one of before, and nobody knows yet that they refer to it.
func (r *References) change(ref auth.Reference) {
	for _, missed := range r.missed {
		missed[ref] = struct{}{}
	}
}

// Set replaces what an object refers to. No references forget the object. One that
// changed since Begin enqueues the object once more.
func (r *References) Set(object sample.Object, references []auth.Reference) {
	r.mu.Lock()
	defer r.mu.Unlock()
	missed := r.missed[object]
	delete(r.missed, object)
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
	changed := func(ref auth.Reference) bool { _, ok := missed[ref]; return ok }
	if enqueue := r.enqueue[object.Kind]; enqueue != nil && slices.ContainsFunc(references, changed) {
		enqueue(object)
	}
}

// Users lists the objects of one kind that refer to ref, which has changed.
func (r *References) Users(ref auth.Reference, kind string) []sample.Object {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.change(ref)
	var users []sample.Object
	for user := range r.users[ref] {
		if user.Kind == kind {
			users = append(users, user)
		}
	}
	return users
}

// Used says whether any object refers to ref.
func (r *References) Used(ref auth.Reference) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.users[ref]) > 0
}

// Stores lists what an object was built from that no watch covers.
func (r *References) Stores(object sample.Object) []auth.Reference {
	r.mu.Lock()
	defer r.mu.Unlock()
	var stores []auth.Reference
	for _, ref := range r.uses[object] {
		if ref.Kind == auth.KindStore {
			stores = append(stores, ref)
		}
	}
	return stores
}

// Listen makes Changed enqueue the users of one kind.
func (r *References) Listen(kind string, enqueue func(sample.Object)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enqueue[kind] = enqueue
}

// Changed enqueues everything that refers to what no watch covers.
func (r *References) Changed(ref auth.Reference) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.change(ref)
	for user := range r.users[ref] {
		if enqueue := r.enqueue[user.Kind]; enqueue != nil {
			enqueue(user)
		}
	}
}
