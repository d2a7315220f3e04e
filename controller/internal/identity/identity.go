// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package identity says as whom the controller asks a cloud: one sub-package for
// each of AWS, Azure, Google Cloud and OAuth 2. What comes in are keys or a pod
// identity, what goes out are credentials that any number of objects share and
// that are renewed shortly before they expire. Scalers and the secret stores of
// package auth call it. This package holds what they have in common.
package identity

import (
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// idle is how long an entry of a Cache is kept that nobody asks for. Tokens rarely
// live longer.
const idle = time.Hour

// Cache shares what is expensive to have, such as credentials, among all that ask
// for the same key. An entry that nobody asked for during an hour is dropped: its
// users, if any, keep theirs, and the next one makes a new one. The zero value is
// empty. Keys may hold secrets; they stay in memory only.
type Cache[K comparable, V any] struct {
	mu      sync.Mutex
	entries map[K]*entry[V]
}

type entry[V any] struct {
	value V
	used  time.Time
}

// Get returns the entry of key, made by build if there is none. build must not
// wait for anything: the Cache is locked meanwhile. Its errors are not kept.
func (c *Cache[K, V]) Get(key K, now time.Time, build func() (V, error)) (V, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[key]; e != nil {
		e.used = now
		return e.value, nil
	}
	for k, e := range c.entries {
		if now.Sub(e.used) > idle {
			delete(c.entries, k)
		}
	}
	value, err := build()
	if err != nil {
		return value, err
	}
	if c.entries == nil {
		c.entries = map[K]*entry[V]{}
	}
	c.entries[key] = &entry[V]{value: value, used: now}
	return value, nil
}

// Environment returns the process's environment variables whose names begin with
// prefix. Credentials that a client library finds by itself depend on them, so
// they are part of a Cache's key.
func Environment(prefix string) string {
	var found []string
	for _, variable := range os.Environ() {
		if strings.HasPrefix(variable, prefix) {
			found = append(found, variable)
		}
	}
	slices.Sort(found)
	return strings.Join(found, "\x00")
}
