// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"

	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed/feedpb"
)

// key names a ScaledObject.
type key struct{ namespace, name string }

// term is one snapshot and the changes after it. Entries point to the term that
// brought them, so that noting the time once vouches for all of them.
type term struct {
	// heard is when the latest message came, in nanoseconds of mirror.now.
	heard    atomic.Int64
	complete bool // touched only by the goroutine that receives
}

// entry is one object's answers. It is immutable once it is held.
type entry struct {
	term    *term
	version uint64
	metrics []metric
	errors  uint64 // answers with an error so far
}

type metric struct {
	name  string
	value float64
	err   string
	at    time.Time     // by the leader's clock
	asked time.Duration // the same moment by mirror.now
	took  time.Duration

	scaler string // name or type of the trigger
	errors uint64 // answers with an error so far

	pause *atomic.Pointer[pauseState] // of refreshes; lives until the metric is gone
}

// mirror holds what was heard. Reads take no lock.
type mirror struct {
	clock      clock.PassiveClock
	epoch      time.Time
	staleAfter time.Duration

	entries  sync.Map // key to *entry
	objects  atomic.Int64
	errors   atomic.Uint64        // answers with an error so far, of all objects
	current  atomic.Pointer[term] // latest term; nil before the first message
	complete atomic.Bool          // a complete snapshot has been held
}

func newMirror(c clock.PassiveClock, staleAfter time.Duration) *mirror {
	return &mirror{clock: c, epoch: c.Now(), staleAfter: staleAfter}
}

// now is the local, monotonic time.
func (m *mirror) now() time.Duration { return m.clock.Since(m.epoch) }

// receive applies one message of a stream and returns the term that the stream
// is in. The caller passes the term of the message before, nil for the first.
// Only one goroutine may call it.
func (m *mirror) receive(t *term, update *feedpb.Update) *term {
	now := m.now()
	if t == nil || update.GetReset_() {
		t = &term{}
	}
	t.heard.Store(int64(now))
	m.current.Store(t)
	for _, object := range update.GetObjects() {
		k := key{object.GetNamespace(), object.GetName()}
		if object.GetGone() {
			m.drop(k)
			continue
		}
		m.put(k, decode(t, object, now, update.GetSentUnixNano()))
	}
	if update.GetComplete() && !t.complete {
		t.complete = true
		m.sweep(t)
		m.complete.Store(true)
	}
	return t
}

// put stores an entry of the stream, unless a refresh has brought a newer one of
// the same term already.
func (m *mirror) put(k key, next *entry) {
	for {
		value, held := m.entries.Load(k)
		old, _ := value.(*entry)
		failed := next.after(old)
		switch {
		case !held:
			if _, held = m.entries.LoadOrStore(k, next); held {
				continue
			}
			m.objects.Add(1)
		case old.term == next.term && old.version >= next.version:
			return
		case !m.entries.CompareAndSwap(k, value, next):
			continue
		}
		m.errors.Add(failed)
		return
	}
}

// refreshed stores the outcome of a refresh if it is news about an object that
// the same term has named. Anything else would outlive the stream's word on the
// object: its removal, or the versions of another leader.
func (m *mirror) refreshed(k key, next *entry) {
	value, held := m.entries.Load(k)
	if !held {
		return
	}
	old, ok := value.(*entry)
	if !ok || old.term != next.term || old.version >= next.version {
		return
	}
	failed := next.after(old)
	if m.entries.CompareAndSwap(k, value, next) { // else the stream was quicker
		m.errors.Add(failed)
	}
}

func (m *mirror) drop(k key) {
	if _, held := m.entries.LoadAndDelete(k); held {
		m.objects.Add(-1)
	}
}

// sweep drops what the term has not named.
func (m *mirror) sweep(t *term) {
	m.entries.Range(func(k, value any) bool {
		if e, ok := value.(*entry); ok && e.term != t && m.entries.CompareAndDelete(k, value) {
			m.objects.Add(-1)
		}
		return true
	})
}

// latest returns the answer that is held. Errors are *UnknownError and
// *UnavailableError.
func (m *mirror) latest(namespace, object, name string) (Answer, error) {
	now := m.now()
	value, held := m.entries.Load(key{namespace, object})
	e, ok := value.(*entry)
	if !held || !ok {
		if err := m.ready(); err != nil {
			return Answer{}, err
		}
		return Answer{}, &UnknownError{Namespace: namespace, Object: object, Metric: name}
	}
	if silent := now - time.Duration(e.term.heard.Load()); silent > m.staleAfter {
		return Answer{}, &UnavailableError{Silent: silent}
	}
	if found := e.metric(name); found != nil {
		return found.answer(now), nil
	}
	unknown := &UnknownError{Namespace: namespace, Object: object, Metric: name}
	for _, known := range e.metrics {
		unknown.Known = append(unknown.Known, known.name)
	}
	return Answer{}, unknown
}

// held is the metric that a refresh asks for; nil where there is none.
func (m *mirror) held(asked refreshKey) *metric {
	value, _ := m.entries.Load(asked.key)
	e, _ := value.(*entry)
	return e.metric(asked.metric)
}

// metric is nil where there is none of that name. HPAs ask for metric names in lower
// case, whatever their specs say.
func (e *entry) metric(name string) *metric {
	if e == nil {
		return nil
	}
	for i := range e.metrics {
		if strings.EqualFold(e.metrics[i].name, name) {
			return &e.metrics[i]
		}
	}
	return nil
}

func (m *metric) answer(now time.Duration) Answer {
	return Answer{Value: m.value, At: m.at, Age: max(0, now-m.asked), Took: m.took, Error: m.err}
}

// ready says whether the mirror can answer at all. The error is an
// *UnavailableError.
func (m *mirror) ready() error {
	silent, heard := m.silence()
	if !heard || !m.complete.Load() {
		return &UnavailableError{}
	}
	if silent > m.staleAfter {
		return &UnavailableError{Silent: silent}
	}
	return nil
}

// silence is how long nothing was heard; ok is false if nothing ever was.
func (m *mirror) silence() (silent time.Duration, ok bool) {
	t := m.current.Load()
	if t == nil {
		return 0, false
	}
	return m.now() - time.Duration(t.heard.Load()), true
}

// decode makes an entry of an object that was received at now and sent at the
// leader's time sent.
func decode(t *term, object *feedpb.Object, now time.Duration, sent int64) *entry {
	e := &entry{term: t, version: object.GetVersion(), metrics: make([]metric, len(object.GetMetrics()))}
	for i, received := range object.GetMetrics() {
		age := time.Duration(sent - received.GetAtUnixNano())
		e.metrics[i] = metric{
			name: received.GetName(), value: received.GetValue(), err: received.GetError(),
			at: time.Unix(0, received.GetAtUnixNano()), asked: now - age, took: time.Duration(received.GetTookNanos()),
			scaler: received.GetScaler(),
		}
	}
	return e
}
