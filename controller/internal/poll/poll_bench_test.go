// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// memory is a source that costs next to nothing, to measure the poller alone.
type memory struct {
	results []scaler.Result
	reading []scaler.Reading
	reads   int
	asks    int
}

func (m *memory) Close() error { return nil }

func (m *memory) Read(_ context.Context, queries []scaler.Query) []scaler.Result {
	m.reads++
	m.asks += len(queries)
	m.results = m.results[:0]
	for range queries {
		m.results = append(m.results, scaler.Result{Readings: m.reading})
	}
	return m.results
}

// BenchmarkPoll measures one poll of one object, from due to told, with an
// interval of 1 s and the objects spread over a number of servers.
func BenchmarkPoll(b *testing.B) {
	for _, c := range []struct{ objects, servers int }{{1000, 1}, {10000, 1}, {10000, 100}, {10000, 10000}} {
		b.Run(fmt.Sprintf("%d objects at %d servers", c.objects, c.servers), func(b *testing.B) {
			benchmarkPoll(b, c.objects, c.servers)
		})
	}
}

func benchmarkPoll(b *testing.B, objects, servers int) {
	clock := clocktesting.NewFakeClock(time.Unix(1_700_000_000, 0))
	p := New(Options{Clock: clock, Changed: func(sample.Object) {}})
	sources := make([]*memory, servers)
	for i := range sources {
		sources[i] = &memory{reading: []scaler.Reading{{Value: 1}}}
	}
	before := heapInUse()
	for i := range objects {
		source := sources[i%servers]
		key := fmt.Sprintf("redis list orders-%d", i)
		p.Subscribe(Subscription{
			Object: sample.Object{Kind: "ScaledObject", Namespace: "default", Name: key}, Interval: time.Second,
			Bindings: []scaler.Binding{{
				Server: fmt.Sprintf("redis %d", i%servers), Address: "redis:6379", Query: scaler.Query{Key: key},
				Open: func(context.Context) (scaler.Source, error) { return source, nil },
			}},
		})
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	p.begin(ctx)
	tick := func() {
		clock.Step(p.Tick)
		p.pass()
		p.group.Wait()
	}
	for range 200 {
		tick()
	}
	perObject := float64(heapInUse()-before) / float64(objects)
	reads, asks := count(sources)
	var start, end runtime.MemStats
	runtime.ReadMemStats(&start)
	b.ResetTimer()
	for b.Loop() {
		tick()
	}
	b.StopTimer()
	runtime.ReadMemStats(&end)
	endReads, endAsks := count(sources)
	polls := float64(endAsks - asks)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/polls, "ns/poll")
	b.ReportMetric(float64(end.Mallocs-start.Mallocs)/polls, "allocs/poll")
	b.ReportMetric(float64(endReads-reads)/polls*1000, "trips/1000polls")
	b.ReportMetric(perObject, "B/object")
}

func count(sources []*memory) (reads, asks int) {
	for _, s := range sources {
		reads += s.reads
		asks += s.asks
	}
	return reads, asks
}

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
