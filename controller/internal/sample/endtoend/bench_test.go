// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package endtoend

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

// BenchmarkReadThroughAPIServer measures what an HPA waits for one metric, of
// many, through the API server: from memory, and with a refresh of a source that
// answers at once.
func BenchmarkReadThroughAPIServer(b *testing.B) {
	const objects = 200
	w := newWorld(b)
	var store *sample.Store
	store, _ = w.lead(b, func(_ context.Context, object sample.Object, _ string) error {
		store.Publish(object, answer(2))
		return nil
	})
	for i := range objects {
		store.Publish(w.object(fmt.Sprint("so", i)), answer(1))
	}
	store.MarkComplete()
	eventually(b, "snapshot", func() error {
		_, err := w.read(b.Context(), fmt.Sprint("so", objects-1), "s0-redis-orders")
		return err
	})
	for name, age := range map[string]time.Duration{"memory": 0, "refresh": time.Hour} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				object := w.object(fmt.Sprint("so", i%objects))
				store.Publish(object, []sample.Answer{{Metric: "s0-redis-orders", Value: 1, At: time.Now().Add(-age)}})
				begin := time.Now()
				if _, err := w.read(b.Context(), object.Name, "s0-redis-orders"); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(begin))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
