// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// TestLatePleaForPatienceIsHeeded: a server answers one query every second, and asks
// for a minute of patience in answer to another, after that one's batch has ended and
// between, or during, the batches that follow.
func TestLatePleaForPatienceIsHeeded(t *testing.T) {
	for delay := 2 * time.Second; delay < 3*time.Second; delay += 200 * time.Millisecond {
		t.Run(delay.String(), func(t *testing.T) {
			inBubble(t, Options{}, func(b *bench) {
				var answered atomic.Int32
				web := &scripted{parallel: 4, ask: func(_ context.Context, key string) scaler.Result {
					if key == "quick" {
						time.Sleep(230 * time.Millisecond)
						answered.Add(1)
						return value(1)
					}
					time.Sleep(delay)
					return scaler.Result{Err: scaler.Throttled(errors.New("too many requests"), time.Minute)}
				}}
				b.subscribe("quick", time.Second, web.binding("quick"))
				b.subscribe("limited", time.Minute, web.binding("limited"))
				b.after(delay + 500*time.Millisecond)
				if s := b.Samples(object1("limited"), nil)[0]; s.Err == nil || s.Took != delay {
					t.Fatalf("not refused: %+v", s)
				}
				before := answered.Load()
				b.after(59 * time.Second)
				if n := answered.Load() - before; n != 0 {
					t.Errorf("asked %d times in the minute that it wanted", n)
				}
				b.after(2 * time.Second)
				if answered.Load() == before {
					t.Error("not asked again after it")
				}
			})
		})
	}
}

// TestAbandonedBatchIsNotAskedBesideItself: none of a batch's requests heeds its
// deadline, and one returns after the batch was given up. The others are asked again
// when they have returned, and what still waited for its turn is not asked in theirs.
func TestAbandonedBatchIsNotAskedBesideItself(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		var mu sync.Mutex
		busy, asks := map[string]bool{}, map[string]int{}
		stuck := map[string]chan struct{}{}
		for i := range 4 {
			stuck[name(i)] = make(chan struct{})
		}
		web := &scripted{parallel: 2, ask: func(_ context.Context, key string) scaler.Result {
			mu.Lock()
			if busy[key] {
				t.Errorf("%s is asked twice at once", key)
			}
			busy[key] = true
			asks[key]++
			mu.Unlock()
			<-stuck[key]
			mu.Lock()
			delete(busy, key)
			mu.Unlock()
			return value(7)
		}}
		for i := range 4 {
			b.subscribe(name(i), 10*time.Second, web.binding(name(i)))
		}
		b.after(time.Minute)
		first := ""
		mu.Lock()
		for key := range busy {
			first = key
		}
		mu.Unlock()
		close(stuck[first])
		b.after(time.Minute)
		for key, c := range stuck {
			if key != first {
				close(c)
			}
		}
		b.after(2 * maxRest)
		for i := range 4 {
			if s := b.Samples(object1(name(i)), nil)[0]; s.Err != nil || s.Seq < 5 || asks[name(i)] == 0 {
				t.Error(fmt.Sprint(name(i), ": ", asks[name(i)], " asks, "), s)
			}
		}
	})
}
