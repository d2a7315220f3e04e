// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed"
)

// BenchmarkFeedFanOut measures from Publish of 1,000 objects until the last of
// the followers has them.
func BenchmarkFeedFanOut(b *testing.B) {
	for _, followers := range []int{1, 3} {
		b.Run(fmt.Sprintf("followers=%d", followers), func(b *testing.B) {
			a := newAuthority(b, operatorName, adapterName)
			l := lead(b, a, nil)
			l.store.MarkComplete()
			clients := make([]*feed.Client, followers)
			for i := range clients {
				clients[i] = follow(b, a, at(l.address), nil)
			}
			round := 0.0
			b.ReportAllocs()
			for b.Loop() {
				round++
				for i := range 1000 {
					publish(l.store, i, round)
				}
				for _, c := range clients {
					for !says(c, 999, round) {
						time.Sleep(100 * time.Microsecond)
					}
				}
			}
		})
	}
}

// BenchmarkFeedRefresh measures a refresh of a source that answers at once,
// through TLS on loopback.
func BenchmarkFeedRefresh(b *testing.B) {
	a := newAuthority(b, operatorName, adapterName)
	var l *leader
	l = lead(b, a, func(context.Context, Object, string) error {
		publish(l.store, 0, 1)
		return nil
	})
	publish(l.store, 0, 0)
	l.store.MarkComplete()
	client := follow(b, a, at(l.address), nil)
	eventually(b, "snapshot", func() bool { return client.Ready() == nil })
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := client.Refresh(context.Background(), "ns0", "so0", "m", 0); !ok {
			b.Fatal("no answer")
		}
	}
}
