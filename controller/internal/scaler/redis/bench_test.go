// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package redis_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
)

// BenchmarkRead reads many lists of one server. It reports the commands and the
// socket reads that each call costs the server: round trips, in effect.
func BenchmarkRead(b *testing.B) {
	for _, lists := range []int{1, 100, 1000, 10000} {
		b.Run(fmt.Sprint(lists), func(b *testing.B) {
			server := source.Redis(b)
			bindings := make([]scaler.Binding, lists)
			for i := range bindings {
				name := fmt.Sprintf("queue:%06d", i)
				bindings[i] = bind(b, "redis", "address="+server.Address, "listName="+name)
				if i%2 == 0 {
					server.Push(name, 3)
				}
			}
			s, queries := open(b, bindings...)
			read := func() {
				for _, r := range s.Read(b.Context(), queries) {
					if r.Err != nil {
						b.Fatal(r.Err)
					}
				}
			}
			read()
			reads, commands := server.Stat("total_reads_processed"), server.Stat("cmdstat_evalsha")
			for b.Loop() {
				read()
			}
			b.ReportMetric(float64(server.Stat("total_reads_processed")-reads)/float64(b.N), "server-reads/op")
			b.ReportMetric(float64(server.Stat("cmdstat_evalsha")-commands)/float64(b.N), "scripts/op")
			b.ReportMetric(float64(server.Stat("connected_clients")-1), "connections")
		})
	}
}

// BenchmarkWatch measures the time from a push to the notice of it, with 1,000
// watched lists.
func BenchmarkWatch(b *testing.B) {
	server := source.Redis(b)
	bindings := make([]scaler.Binding, 1000)
	for i := range bindings {
		bindings[i] = bind(b, "redis", "address="+server.Address, fmt.Sprintf("listName=queue:%06d", i))
	}
	s, queries := open(b, bindings...)
	ctx, cancel := context.WithCancel(b.Context())
	told, ended := make(chan string, 10), make(chan error, 1)
	go func() { ended <- s.(scaler.Watcher).Watch(ctx, queries, func(key string) { told <- key }) }()
	for server.Stat("tracking_total_keys") < int64(len(queries)) {
		time.Sleep(time.Millisecond)
	}
	next := 0
	for b.Loop() {
		server.Push(fmt.Sprintf("queue:%06d", next), 1)
		select {
		case key := <-told:
			if key != queries[next].Key {
				b.Fatalf("told of another list than queue:%06d", next)
			}
		case err := <-ended:
			b.Fatal(err)
		}
		next = (next + 1) % len(queries)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		b.Error(err)
	}
}
