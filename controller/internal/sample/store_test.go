// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func object(i int) Object {
	return Object{Kind: KindScaledObject, Namespace: fmt.Sprintf("ns%d", i%3), Name: fmt.Sprintf("so%d", i)}
}

// view is what a follower of batches believes.
type view struct {
	answers  map[Object]float64
	complete bool
}

func (v *view) apply(b Batch) {
	if b.Reset {
		v.answers = map[Object]float64{}
	}
	for _, a := range b.Changed {
		v.answers[a.Object] = a.Metrics[0].Value
	}
	for _, gone := range b.Gone {
		delete(v.answers, gone)
	}
	v.complete = v.complete || b.Complete
}

// TestStoreAgainstModel runs random operations on the store and on a map; what
// the store says, and what a subscriber of any slowness believes once it has
// caught up, are the map.
func TestStoreAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := NewStore()
		model := map[Object]float64{}
		complete := false
		sub := store.Subscribe()
		defer sub.Close()
		seen := view{}
		version := uint64(0)
		some := rapid.Map(rapid.IntRange(0, 8), object)
		catchUp := func(t *rapid.T) {
			ended, cancel := context.WithCancel(context.Background())
			cancel()
			for {
				batch, err := sub.Next(ended)
				if err != nil {
					return
				}
				if batch.Version < version {
					t.Fatalf("version %d after %d", batch.Version, version)
				}
				if len(batch.Changed)+len(batch.Gone) > len(model)+1 && !batch.Reset {
					t.Fatalf("%d changes of %d objects were remembered", len(batch.Changed)+len(batch.Gone), len(model))
				}
				version = batch.Version
				seen.apply(batch)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"publish": func(t *rapid.T) {
				o, value := some.Draw(t, "object"), rapid.Float64Range(0, 100).Draw(t, "value")
				store.Publish(o, []Answer{{Metric: "m", Value: value}})
				model[o] = value
			},
			"forget": func(t *rapid.T) {
				o := some.Draw(t, "object")
				store.Forget(o)
				delete(model, o)
			},
			"complete": func(*rapid.T) {
				store.MarkComplete()
				complete = true
			},
			"read":     func(t *rapid.T) { checkReads(t, store, model) },
			"catch up": catchUp,
		})
		// select picks at random between a change and the ended context: ask until
		// both agree that there is nothing left.
		for range 64 {
			catchUp(t)
		}
		if diff := cmp.Diff(model, seen.answers); diff != "" {
			t.Fatalf("the subscriber believes otherwise (-store +subscriber):\n%s", diff)
		}
		if seen.complete != complete {
			t.Fatalf("complete: %v, subscriber: %v", complete, seen.complete)
		}
	})
}

func checkReads(t *rapid.T, store *Store, model map[Object]float64) {
	for i := range 9 {
		want, known := model[object(i)]
		got, ok := store.Latest(object(i), "m")
		if ok != known || got.Value != want {
			t.Fatalf("%v: %v %v, want %v %v", object(i), got.Value, ok, want, known)
		}
		if _, ok := store.Latest(object(i), "other"); ok {
			t.Fatal("an unknown metric has an answer")
		}
	}
	if store.Len() != len(model) {
		t.Fatalf("Len %d, want %d", store.Len(), len(model))
	}
}

// TestSlowSubscriberIsBounded publishes far more than there are objects while
// nobody listens.
func TestSlowSubscriberIsBounded(t *testing.T) {
	store := NewStore()
	sub := store.Subscribe()
	defer sub.Close()
	if _, err := sub.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 10_000 {
		store.Publish(object(i%100), []Answer{{Metric: "m", Value: float64(i)}})
		// Names that come and go must not pile up either.
		passing := Object{Kind: KindScaledObject, Name: fmt.Sprint(i)}
		store.Publish(passing, nil)
		store.Forget(passing)
	}
	if got := len(sub.dirty); got > 102 {
		t.Errorf("%d objects are remembered for 100 that exist", got)
	}
	batch, err := sub.Next(t.Context())
	if err != nil || len(batch.Changed) != 100 {
		t.Fatalf("%d objects, error %v", len(batch.Changed), err)
	}
	for _, a := range batch.Changed {
		if a.Metrics[0].Value < 9900 {
			t.Fatalf("%v is not the newest value of %v", a.Metrics[0].Value, a.Object)
		}
	}
}

// TestConcurrentStore lets publishers, readers and subscribers loose; the race
// detector watches, and every subscriber ends with the truth.
func TestConcurrentStore(t *testing.T) {
	const publishers, subscribers, rounds = 4, 3, 500
	store := NewStore()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var followers sync.WaitGroup
	views := make([]view, subscribers)
	for i := range subscribers {
		sub := store.Subscribe()
		followers.Go(func() {
			defer sub.Close()
			for {
				batch, err := sub.Next(ctx)
				if err != nil {
					t.Errorf("subscriber %d never saw the end: %v", i, err)
					return
				}
				if views[i].apply(batch); batch.Complete {
					return
				}
			}
		})
	}
	var writers sync.WaitGroup
	for p := range publishers {
		writers.Go(func() {
			for r := range rounds {
				o := object(p*10 + r%10)
				if r%7 == 0 {
					store.Forget(o)
				} else {
					store.Publish(o, []Answer{{Metric: "m", Value: float64(r)}})
				}
				store.Latest(object(r%40), "m")
			}
		})
	}
	writers.Wait()
	want := map[Object]float64{}
	store.answers.Range(func(k, v any) bool {
		want[k.(Object)] = v.(*Answers).Metrics[0].Value
		return true
	})
	store.MarkComplete()
	followers.Wait()
	for i := range views {
		if !maps.Equal(want, views[i].answers) {
			t.Errorf("subscriber %d: %s", i, cmp.Diff(want, views[i].answers))
		}
	}
	if len(store.subscribers) != 0 {
		t.Errorf("%d subscribers are left", len(store.subscribers))
	}
}

func TestNextEndsWithContext(t *testing.T) {
	store := NewStore()
	sub := store.Subscribe()
	defer sub.Close()
	if batch, err := sub.Next(t.Context()); err != nil || !batch.Reset || batch.Complete {
		t.Fatalf("first batch %+v, error %v", batch, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sub.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// BenchmarkPublish measures one Publish with subscribers that keep up.
func BenchmarkPublish(b *testing.B) {
	for _, subscribers := range []int{0, 1, 10} {
		b.Run(fmt.Sprintf("subscribers=%d", subscribers), func(b *testing.B) {
			store := NewStore()
			ctx, cancel := context.WithCancel(context.Background())
			var wg sync.WaitGroup
			for range subscribers {
				sub := store.Subscribe()
				wg.Go(func() {
					defer sub.Close()
					for {
						if _, err := sub.Next(ctx); err != nil {
							return
						}
						time.Sleep(linger) // as the feed server does
					}
				})
			}
			objects := make([]Object, 1000)
			for i := range objects {
				objects[i] = object(i)
			}
			answers := []Answer{{Metric: "s0-redis-orders", Value: 1}}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				store.Publish(objects[i%len(objects)], answers)
			}
			cancel()
			wg.Wait()
		})
	}
}

// BenchmarkLatest measures a read, alone and beside a publisher.
func BenchmarkLatest(b *testing.B) {
	store := NewStore()
	for i := range 1000 {
		store.Publish(object(i), []Answer{{Metric: "s0-redis-orders", Value: 1}})
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, ok := store.Latest(object0, "s0-redis-orders"); !ok {
			b.Fatal("lost")
		}
	}
}

var object0 = object(0)
