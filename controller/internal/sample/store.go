// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"strings"
	"sync"
)

// KindScaledObject is the Kind of the objects whose answers the metrics adapters
// serve; Jobs have no HPA that would ask.
const KindScaledObject = "ScaledObject"

// Answers is what one object answers at one moment. It is immutable.
type Answers struct {
	// Object is the owner.
	Object Object
	// Version is the store's version at which the answers were published.
	Version uint64
	// Metrics holds one answer per metric.
	Metrics []Answer
}

// Metric returns the answer to the named metric. HPAs ask in lower case, whatever
// their specs say, so the case of names does not count.
func (a *Answers) Metric(name string) (Answer, bool) {
	for _, answer := range a.Metrics {
		if strings.EqualFold(answer.Metric, name) {
			return answer, true
		}
	}
	return Answer{}, false
}

// Store holds the latest answers of every object. All methods may be called at
// the same time. Reads take no lock, and a publisher never waits for a reader or
// a subscriber. The zero value is not ready; use NewStore.
type Store struct {
	// answers maps Object to *Answers. Entries are replaced, never changed.
	answers sync.Map

	// mu serialises writers, so that versions and notices have one order.
	mu          sync.Mutex
	version     uint64
	objects     int
	complete    bool
	subscribers map[*Subscription]struct{}
}

// NewStore returns an empty store, which is not complete: see MarkComplete.
func NewStore() *Store {
	return &Store{subscribers: map[*Subscription]struct{}{}}
}

// Publish replaces everything that the object answers. The store keeps the
// slice: the caller must not change it afterwards.
func (s *Store) Publish(object Object, answers []Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	next := &Answers{Object: object, Version: s.version, Metrics: answers}
	if _, known := s.answers.Swap(object, next); !known {
		s.objects++
	}
	s.notify(object)
}

// Forget removes the object. Subscribers hear of it even if this store never
// knew the object, because they may hold its answers from an earlier leader.
func (s *Store) Forget(object Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	if _, known := s.answers.LoadAndDelete(object); known {
		s.objects--
	}
	s.notify(object)
}

// MarkComplete says that every object that exists has been published or
// forgotten at least once since this process began to lead. Until then
// followers keep what an earlier leader told them of objects that this store
// does not know. It is for good: a store is made anew with each leadership.
func (s *Store) MarkComplete() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.complete = true
	for sub := range s.subscribers {
		sub.wake()
	}
}

// Answers returns what the object answers; ok is false if it is unknown.
func (s *Store) Answers(object Object) (answers *Answers, ok bool) {
	value, ok := s.answers.Load(object)
	if !ok {
		return nil, false
	}
	answers, ok = value.(*Answers)
	return answers, ok
}

// Latest returns the latest answer to one metric of one object; ok is false if
// either is unknown.
func (s *Store) Latest(object Object, metric string) (answer Answer, ok bool) {
	answers, ok := s.Answers(object)
	if !ok {
		return Answer{}, false
	}
	return answers.Metric(metric)
}

// Subscribe returns a subscription whose first batch is a snapshot. The caller
// closes it.
func (s *Store) Subscribe() *Subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := &Subscription{store: s, reset: true, changed: make(chan struct{}, 1)}
	s.subscribers[sub] = struct{}{}
	sub.wake()
	return sub
}

// Len returns the number of known objects.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects
}

// notify tells every subscriber that the object changed. The caller holds mu.
func (s *Store) notify(object Object) {
	for sub := range s.subscribers {
		sub.mark(object, s.objects)
	}
}
