// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// read is one Read that a fakeServer saw.
type read struct {
	at   time.Duration // since the bench was made
	keys []string
}

// fakeServer is an event source in memory. Its fields are set before use or
// through do.
type fakeServer struct {
	t       *testing.T
	name    string
	started time.Time

	mu      sync.Mutex
	reads   []read
	opens   int
	closes  int
	live    int // connections
	latency time.Duration
	deaf    chan struct{} // a Read waits for it whatever its context says
	openErr error
	answer  func(key string) scaler.Result
	inRead  atomic.Int32

	pushes  bool // its connections are Watchers
	watched [][]string
	changed func(string)
	watch   func() error // nil watches until the context ends
}

func (f *fakeServer) do(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeServer) seen() []read {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.reads)
}

func (f *fakeServer) binding(key string) scaler.Binding {
	return scaler.Binding{Server: f.name, Address: f.name + ".example:1", Query: scaler.Query{Key: key}, Open: f.open}
}

func (f *fakeServer) open(context.Context) (scaler.Source, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opens++
	if f.openErr != nil {
		return nil, f.openErr
	}
	f.live++
	if f.pushes {
		return &fakeWatcher{fakeSource{f}}, nil
	}
	return &fakeSource{f}, nil
}

type fakeSource struct{ *fakeServer }

func (f *fakeSource) Close() error {
	f.do(func() { f.closes, f.live = f.closes+1, f.live-1 })
	return nil
}

func (f *fakeSource) Read(ctx context.Context, queries []scaler.Query) []scaler.Result {
	if f.inRead.Add(1) > 1 {
		f.t.Error("two Reads of one server at the same time")
	}
	defer f.inRead.Add(-1)
	r := read{at: time.Since(f.started)}
	for _, q := range queries {
		r.keys = append(r.keys, q.Key)
	}
	f.mu.Lock()
	f.reads = append(f.reads, r)
	latency, answer, deaf := f.latency, f.answer, f.deaf
	f.mu.Unlock()
	if deaf != nil {
		<-deaf
	}
	var failed error
	select {
	case <-ctx.Done():
		failed = ctx.Err()
	case <-time.After(latency):
	}
	results := make([]scaler.Result, len(queries))
	for i, q := range queries {
		switch {
		case failed != nil:
			results[i].Err = failed
		case answer != nil:
			results[i] = answer(q.Key)
		default:
			results[i] = value(float64(len(q.Key)))
		}
	}
	return results
}

type fakeWatcher struct{ fakeSource }

func (f *fakeWatcher) Watch(ctx context.Context, queries []scaler.Query, changed func(string)) error {
	keys := make([]string, 0, len(queries))
	for _, q := range queries {
		keys = append(keys, q.Key)
	}
	slices.Sort(keys)
	f.mu.Lock()
	f.watched = append(f.watched, keys)
	f.changed = changed
	watch := f.watch
	f.mu.Unlock()
	if watch != nil {
		return watch()
	}
	<-ctx.Done()
	return ctx.Err()
}

func value(v float64) scaler.Result {
	return scaler.Result{Readings: []scaler.Reading{{Value: v}}}
}

// bench is a running poller in a bubble of synthetic time.
type bench struct {
	*Poller
	t       *testing.T
	started time.Time
	mu      sync.Mutex
	changed []sample.Object
	batches []Batch
}

// inBubble runs test against a poller in synthetic time. The bubble fails the
// test where goroutines are left.
func inBubble(t *testing.T, o Options, test func(*bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t, started: time.Now()}
		o.Changed = func(id sample.Object) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.changed = append(b.changed, id)
		}
		o.Observe = func(batch Batch) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.batches = append(b.batches, batch)
		}
		b.Poller = New(o)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx) }()
		synctest.Wait()
		test(b)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

func (b *bench) server(name string) *fakeServer {
	return &fakeServer{t: b.t, name: name, started: b.started}
}

// after lets time pass and everything that it causes happen.
func (b *bench) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (b *bench) notified() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	counts := map[string]int{}
	for _, id := range b.changed {
		counts[id.Name]++
	}
	b.changed = nil
	return counts
}

func object1(name string) sample.Object {
	return sample.Object{Kind: "ScaledObject", Namespace: "default", Name: name}
}

func (b *bench) subscribe(name string, interval time.Duration, bindings ...scaler.Binding) {
	b.Subscribe(Subscription{Object: object1(name), Interval: interval, Bindings: bindings})
}

func total(reads []read) (n int) {
	for _, r := range reads {
		n += len(r.keys)
	}
	return n
}

var errDown = errors.New("down.example:1: connection refused")

func refuse(string) scaler.Result { return scaler.Result{Err: errDown} }

func name(i int) string { return fmt.Sprintf("object-%d", i) }
