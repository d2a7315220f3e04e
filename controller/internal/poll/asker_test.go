// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// noting is a source that notes for whom it is asked.
type noting struct {
	*fakeSource
	askers []string
}

func (n *noting) Read(ctx context.Context, queries []scaler.Query) []scaler.Result {
	n.do(func() {
		for _, q := range queries {
			n.askers = append(n.askers, q.Asker.Object+" "+q.Asker.Trigger)
		}
	})
	return n.fakeSource.Read(ctx, queries)
}

// TestSharedQueryIsAskedForOneOfThoseWhoWantIt: requests are counted for the object
// that asked first, until it is gone or its trigger has another name.
func TestSharedQueryIsAskedForOneOfThoseWhoWantIt(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		source := &noting{fakeSource: &fakeSource{b.server("web")}}
		binding := func(asker, trigger string) scaler.Binding {
			load := source.binding("load")
			load.Query.Asker = scaler.Asker{Object: asker, Trigger: trigger}
			load.Open = func(context.Context) (scaler.Source, error) { return source, nil }
			return load
		}
		expect := func(want string) {
			t.Helper()
			source.do(func() { source.askers = nil })
			b.after(3 * time.Second)
			source.do(func() {
				if got := slices.Compact(source.askers); !slices.Equal(got, []string{want}) {
					t.Errorf("it was asked for %q, want %q", got, want)
				}
			})
		}
		b.subscribe("one", time.Second, binding("one", "load"))
		b.subscribe("two", time.Second, binding("two", "load"))
		expect("one load")
		b.Unsubscribe(object1("one"))
		expect("two load")
		b.subscribe("two", time.Second, binding("two", "renamed"))
		expect("two renamed")
	})
}
