// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"context"
	"sync"
)

// Batch is what changed since the batch before it.
type Batch struct {
	// Reset says that the batch holds all objects that the store knows, rather
	// than the changed ones.
	Reset bool
	// Complete says that the store has been marked complete, and that every
	// change before the mark is in this batch or an earlier one.
	Complete bool
	// Changed holds the newest answers of each changed object, in no order.
	Changed []*Answers
	// Gone holds the objects that were forgotten.
	Gone []Object
	// Version is that of the store when the batch was made; the batch may
	// already hold answers of a later version.
	Version uint64
}

// Subscription follows a store. It remembers which objects changed, not what
// they said: a slow subscriber gets the newest state of each and never a queue.
// Once more objects changed than exist, a new snapshot takes less than the list,
// so its memory is bounded by the number of objects.
type Subscription struct {
	store   *Store
	changed chan struct{}

	mu    sync.Mutex
	reset bool
	dirty map[Object]struct{}
}

// Next waits until something changed and returns it. It returns ctx's error when
// ctx ends first. Only one goroutine may call it.
func (sub *Subscription) Next(ctx context.Context) (Batch, error) {
	select {
	case <-sub.changed:
		return sub.drain(), nil
	case <-ctx.Done():
		return Batch{}, ctx.Err()
	}
}

// Close ends the subscription. It may be called more than once.
func (sub *Subscription) Close() {
	sub.store.mu.Lock()
	defer sub.store.mu.Unlock()
	delete(sub.store.subscribers, sub)
}

// mark notes that the object changed; objects is how many the store holds.
func (sub *Subscription) mark(object Object, objects int) {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	switch {
	case sub.reset:
	case len(sub.dirty) > objects:
		sub.reset, sub.dirty = true, nil
	default:
		if sub.dirty == nil {
			sub.dirty = map[Object]struct{}{}
		}
		sub.dirty[object] = struct{}{}
	}
	sub.wake()
}

// wake makes the current or next call of Next return.
func (sub *Subscription) wake() {
	select {
	case sub.changed <- struct{}{}:
	default: // a wake-up is already waiting
	}
}

// drain takes what was marked and looks up its present state. The store is read
// before the marks are taken: whatever was published before the store became
// complete is then marked already, and so part of the batch that says so.
func (sub *Subscription) drain() Batch {
	sub.store.mu.Lock()
	batch := Batch{Complete: sub.store.complete, Version: sub.store.version}
	sub.store.mu.Unlock()

	sub.mu.Lock()
	dirty := sub.dirty
	batch.Reset = sub.reset
	sub.dirty, sub.reset = nil, false
	sub.mu.Unlock()

	if batch.Reset {
		sub.store.answers.Range(func(_, value any) bool {
			batch.add(value)
			return true
		})
		return batch
	}
	for object := range dirty {
		if value, ok := sub.store.answers.Load(object); ok {
			batch.add(value)
		} else {
			batch.Gone = append(batch.Gone, object)
		}
	}
	return batch
}

func (b *Batch) add(value any) {
	if answers, ok := value.(*Answers); ok {
		b.Changed = append(b.Changed, answers)
	}
}
