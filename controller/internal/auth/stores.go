// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"
)

const (
	// DefaultInterval is how often a source that cannot be watched is read again.
	DefaultInterval = 5 * time.Minute
	// doubtGap is the least time between two looks at a source whose values do not
	// seem to work.
	doubtGap = 30 * time.Second
	// firstRetry is how soon a source is read again that gave no values yet; the
	// time doubles up to doubtGap.
	firstRetry = 2 * time.Second
	// readTimeout bounds one look at a source.
	readTimeout = 10 * time.Second
	// parallelReads bounds how many sources are read at the same time.
	parallelReads = 16
	// look is how often the sources that are due are gathered.
	look = time.Second
	// keepUnused is how long at least a source is kept that nobody uses.
	keepUnused = time.Minute
)

// KindStore is the Reference.Kind of what cannot be watched: secret managers,
// files, tokens.
const KindStore = "store"

// StoreOptions configure Stores.
type StoreOptions struct {
	// Interval is how often a source is read again; default DefaultInterval. Values
	// serve for twice as long when it cannot be read.
	Interval time.Duration
	// InUse says whether an object refers to a source. Sources that nobody refers
	// to are forgotten after a while.
	InUse func(Reference) bool
	// Changed is told when a source has other values than before, has values again,
	// or has none any more.
	Changed func(Reference)
	// Troubled is told when a source cannot be read again and its older values
	// still serve, once for each reason, and with nil when that is over.
	Troubled func(authentication Reference, problem error)
	// Clock drives the schedule; default the system's.
	Clock clock.WithTicker
	// Log is told of sources that cannot be read. It gets no values.
	Log logr.Logger
}

// Stores keeps the values of sources that no watch covers, in memory only, and
// reads them again in time. However many objects use one authentication, its source
// is read once per interval.
type Stores struct {
	StoreOptions
	slots chan struct{}

	mu      sync.Mutex
	entries map[Reference]*entry
}

// NewStores returns an empty Stores. It reads again while Run runs.
func NewStores(o StoreOptions) *Stores {
	if o.Interval <= 0 {
		o.Interval = DefaultInterval
	}
	if o.InUse == nil {
		o.InUse = func(Reference) bool { return false }
	}
	if o.Changed == nil {
		o.Changed = func(Reference) {}
	}
	if o.Troubled == nil {
		o.Troubled = func(Reference, error) {}
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	return &Stores{StoreOptions: o, slots: make(chan struct{}, parallelReads), entries: map[Reference]*entry{}}
}

// Run reads again what is due until ctx ends.
func (s *Stores) Run(ctx context.Context) error {
	ticker := s.Clock.NewTicker(look)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C():
			s.refreshDue(ctx)
		}
	}
}

// refreshDue begins to read what is due, and forgets what nobody uses. What nobody
// uses stays due until then: a reader who comes after all reads it. It does not wait.
func (s *Stores) refreshDue(ctx context.Context) {
	s.mu.Lock()
	var due []*entry
	now := s.Clock.Now()
	for _, e := range s.entries {
		if e.flight == nil && !now.Before(e.due) {
			due = append(due, e)
		}
	}
	s.mu.Unlock()
	for _, e := range due {
		used := s.InUse(e.id)
		s.mu.Lock()
		switch {
		case e.flight != nil || now.Before(e.due): // a reader came first
		case used:
			s.begin(ctx, e)
		case now.Sub(e.touched) > max(2*s.Interval, keepUnused):
			delete(s.entries, e.id)
		}
		s.mu.Unlock()
	}
}

// Doubt says that the values of a source do not seem to work: it is read again at
// once, or doubtGap after it was read last.
func (s *Stores) Doubt(id Reference) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[id]
	if e == nil || e.flight != nil {
		return
	}
	e.doubted = true
	if at := e.tried.Add(min(doubtGap, s.Interval)); at.Before(e.due) {
		e.due = at
	}
}

// read returns the values of a source: those that are kept, or what it says now.
// An older version of the same source is forgotten.
func (s *Stores) read(ctx context.Context, from source) (map[string]string, error) {
	if s == nil { // nothing is kept
		got, err := from.fetch(ctx, false)
		return got.parameters, err
	}
	s.mu.Lock()
	e := s.entries[from.id]
	if e == nil {
		for id, other := range s.entries {
			if other.owner == from.owner && other.name == from.name && other.version != from.version {
				delete(s.entries, id)
			}
		}
		e = &entry{source: from}
		s.entries[from.id] = e
	}
	now := s.Clock.Now()
	e.touched = now
	if e.flight == nil && !now.Before(e.due) {
		s.begin(ctx, e)
	}
	flight := e.flight
	usable := e.usable(now)
	s.mu.Unlock()
	if flight != nil && !usable {
		select {
		case <-flight:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case e.usable(s.Clock.Now()):
	case e.problem != nil:
		return nil, e.problem
	default:
		return nil, errors.New("what it gave has already ended")
	}
	return maps.Clone(e.values.parameters), nil
}

// begin reads an entry in the background. Readers who need the result wait for its
// flight. It outlives the reader who began it, because others may wait too.
func (s *Stores) begin(ctx context.Context, e *entry) {
	e.flight = make(chan struct{})
	first := e.tried.IsZero()
	e.tried = s.Clock.Now()
	doubted := e.doubted
	e.doubted = false
	ctx = context.WithoutCancel(ctx)
	go func() {
		s.slots <- struct{}{}
		defer func() { <-s.slots }()
		ctx, cancel := context.WithTimeout(ctx, readTimeout)
		defer cancel()
		got, err := e.attempt(ctx, doubted)
		s.finish(e, first, got, err)
	}()
}

// finish takes the outcome of a look at a source, and tells whom it concerns.
func (s *Stores) finish(e *entry, first bool, got values, err error) {
	s.mu.Lock()
	now := s.Clock.Now()
	before := e.problem
	changed := e.take(now, s.Interval, got, err)
	told := e.told
	if e.problem != nil && e.usable(now) {
		e.told = e.problem.Error()
	} else {
		e.told = ""
	}
	word := e.told != told
	problem, cause := e.stale(now), e.problem
	close(e.flight)
	e.flight = nil
	_, current := s.entries[e.id]
	s.mu.Unlock()
	if cause != nil && (before == nil || before.Error() != cause.Error()) {
		s.Log.Info("cannot read a source of parameters", "authentication", e.owner.String(), "source", e.name, "problem", cause.Error())
	}
	if current && word {
		s.Troubled(e.owner, problem)
	}
	if current && changed && !first {
		s.Changed(e.id)
	}
}
