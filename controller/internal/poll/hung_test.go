// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// scripted is a Separate source whose answers a test writes.
type scripted struct {
	parallel int
	ask      func(ctx context.Context, key string) scaler.Result
}

func (s *scripted) binding(key string) scaler.Binding {
	return scaler.Binding{
		Server: "web", Address: "web.example:80", Query: scaler.Query{Key: key},
		Open: func(context.Context) (scaler.Source, error) { return s, nil },
	}
}

func (s *scripted) Ask(ctx context.Context, q scaler.Query) scaler.Result { return s.ask(ctx, q.Key) }
func (s *scripted) Parallel() int                                         { return s.parallel }
func (s *scripted) Close() error                                          { return nil }
func (s *scripted) Read(context.Context, []scaler.Query) []scaler.Result {
	panic("Read of a source that answers queries one by one")
}

// TestDeadServerBlamesNoQuery: a server refuses one query and then dies. The queries
// that wait in line fail because it is dead, not with the refusal of another.
func TestDeadServerBlamesNoQuery(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		web := &scripted{parallel: 2, ask: func(ctx context.Context, key string) scaler.Result {
			if key == "refused" {
				return scaler.Result{Err: scaler.Misconfigured(errors.New("no queue of the name refused"))}
			}
			<-ctx.Done()
			return scaler.Result{Err: ctx.Err()}
		}}
		keys := []string{"refused", "a", "b", "c", "d", "e", "f"}
		for _, key := range keys {
			b.subscribe(key, time.Minute, web.binding(key))
		}
		b.after(20 * time.Second)
		for _, key := range keys[1:] {
			s := b.Samples(object1(key), nil)[0]
			if s.Err == nil || strings.Contains(s.Err.Error(), "refused") || scaler.Classify(s.Err) != scaler.ClassTransient {
				t.Errorf("%s: %+v", key, s)
			}
		}
	})
}

// TestAskThatNeverReturns: a request that heeds no deadline is known to fail, as
// often as it falls due, and not made a second time beside the first.
func TestAskThatNeverReturns(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		var mu sync.Mutex
		stuck, asked := make(chan struct{}), 0
		web := &scripted{parallel: 4, ask: func(_ context.Context, key string) scaler.Result {
			if key != "stuck" {
				return value(1)
			}
			mu.Lock()
			asked++
			mu.Unlock()
			<-stuck
			return value(2)
		}}
		b.subscribe("stuck", 10*time.Second, web.binding("stuck"))
		b.subscribe("fine", 10*time.Second, web.binding("fine"))
		b.after(time.Minute)
		s := b.Samples(object1("stuck"), nil)[0]
		if s.Err == nil || s.Seq < 4 || s.Seq > 6 {
			t.Errorf("after a minute: %+v, want a failure for each interval", s)
		}
		if fine := b.Samples(object1("fine"), nil)[0]; fine.Err != nil || fine.Seq < 6 {
			t.Errorf("beside it: %+v", fine)
		}
		mu.Lock()
		if asked != 1 {
			t.Errorf("asked %d times", asked)
		}
		mu.Unlock()
		close(stuck)
		synctest.Wait()
		if s := b.Samples(object1("stuck"), nil)[0]; s.Err != nil || s.Readings[0].Value != 2 {
			t.Errorf("when it returned at last: %+v", s)
		}
	})
}
