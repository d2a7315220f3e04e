// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"fmt"
	"testing"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

// BenchmarkEvaluateIdle evaluates one of 10,000 registered objects with which
// nothing happens, after each of its samples.
func BenchmarkEvaluateIdle(b *testing.B) {
	const objects = 10_000
	w := newWorld(b)
	ids := make([]sample.Object, objects)
	for i := range ids {
		o := object(fmt.Sprint("web", i), nil)
		ids[i] = scaledObjectID(o)
		w.ScaleObject(w.plan(o))
	}
	ctx := context.Background()
	for _, id := range ids {
		w.ask(b, id)
		w.look(b, id)
	}
	written := len(w.api.written())
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		id := ids[i%objects]
		if _, err := w.evaluate(ctx, id, w.subject(id)); err != nil {
			b.Fatal(err)
		}
	}
	if n := len(w.api.written()); n != written {
		b.Fatalf("%d writes for idle objects", n-written)
	}
}
