// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// separateServer answers each query by itself, after a time that the beginning of
// its key says.
type separateServer struct {
	t        *testing.T
	parallel int

	mu     sync.Mutex
	busy   map[string]bool
	most   int // at the same time
	asked  map[string]int
	delays map[string]time.Duration
}

func newSeparateServer(t *testing.T, delays map[string]time.Duration) *separateServer {
	return &separateServer{t: t, parallel: 16, busy: map[string]bool{}, asked: map[string]int{}, delays: delays}
}

func (s *separateServer) binding(key string, timeout time.Duration) scaler.Binding {
	return scaler.Binding{
		Server: "web", Address: "web.example:80", Query: scaler.Query{Key: key}, Timeout: timeout,
		Open: func(context.Context) (scaler.Source, error) { return s, nil },
	}
}

func (s *separateServer) Read(context.Context, []scaler.Query) []scaler.Result {
	s.t.Error("Read of a source that answers queries one by one")
	return nil
}

func (s *separateServer) Close() error { return nil }

func (s *separateServer) Parallel() int { return s.parallel }

func (s *separateServer) Ask(ctx context.Context, q scaler.Query) scaler.Result {
	s.mu.Lock()
	if s.busy[q.Key] {
		s.t.Errorf("%s is asked twice at the same time", q.Key)
	}
	s.busy[q.Key] = true
	s.asked[q.Key]++
	s.most = max(s.most, len(s.busy))
	kind, _, _ := strings.Cut(q.Key, "-")
	delay := s.delays[kind]
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.busy, q.Key)
	}()
	select {
	case <-ctx.Done():
		return scaler.Result{Err: fmt.Errorf("asking %s: %w", q.Key, ctx.Err())}
	case <-time.After(delay):
		return value(float64(s.asks(q.Key)))
	}
}

func (s *separateServer) asks(key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[key]
}

// TestSlowQueryDelaysNobody: a query that takes long, or never ends, costs the
// others of its server nothing.
func TestSlowQueryDelaysNobody(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		web := newSeparateServer(t, map[string]time.Duration{"fast": 10 * time.Millisecond, "slow": 5 * time.Second, "never": time.Hour})
		for i := range 20 {
			key := fmt.Sprint("fast-", i)
			b.subscribe(key, time.Second, web.binding(key, 3*time.Second))
		}
		b.subscribe("slow", time.Second, web.binding("slow", 20*time.Second))
		b.subscribe("never", time.Second, web.binding("never", 20*time.Second))
		b.after(10 * time.Second)
		b.notified()
		b.after(time.Minute)
		got := b.notified()
		for i := range 20 {
			if n := got[fmt.Sprint("fast-", i)]; n < 55 || n > 60 {
				t.Errorf("fast-%d has %d samples in a minute, want 60", i, n)
			}
		}
		if got["slow"] < 9 || got["slow"] > 12 || got["never"] < 2 || got["never"] > 3 {
			t.Errorf("the slow query has %d samples in a minute and the other %d, want one per 5 s and one per 20 s", got["slow"], got["never"])
		}
		fast, slow, never := b.Samples(object1("fast-3"), nil)[0], b.Samples(object1("slow"), nil)[0], b.Samples(object1("never"), nil)[0]
		if fast.Err != nil || fast.Took != 10*time.Millisecond || time.Since(fast.At) > 2*time.Second {
			t.Errorf("a fast sample: %+v", fast)
		}
		if slow.Err != nil || slow.Took != 5*time.Second {
			t.Errorf("a slow sample: %+v", slow)
		}
		if never.Err == nil || !strings.Contains(never.Err.Error(), "never") {
			t.Errorf("a sample of what never ends: %+v", never)
		}
	})
}

// TestAskJoinsWhatIsInFlight: who wants a sample of a slow query waits for the one
// that is on its way.
func TestAskJoinsWhatIsInFlight(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		web := newSeparateServer(t, map[string]time.Duration{"slow": 2 * time.Second})
		b.subscribe("fast", time.Second, web.binding("fast", 3*time.Second))
		b.subscribe("slow", time.Second, web.binding("slow", 3*time.Second))
		b.after(10 * time.Second)
		before, asks := b.Samples(object1("slow"), nil)[0], web.asks("slow")
		if err := b.Ask(b.t.Context(), object1("slow")); err != nil {
			t.Fatal(err)
		}
		after := b.Samples(object1("slow"), nil)[0]
		if after.Seq != before.Seq+1 || web.asks("slow") > asks+1 {
			t.Errorf("asked %d times more for sample %d after %d", web.asks("slow")-asks, after.Seq, before.Seq)
		}
		b.Unsubscribe(object1("slow")) // in flight: nobody waits for it any more
		b.subscribe("slow", time.Hour, web.binding("slow-again", 3*time.Second))
		b.after(5 * time.Second)
		if s := b.Samples(object1("slow"), nil)[0]; s.Seq != 1 || s.Err != nil {
			t.Errorf("after subscribing again: %+v", s)
		}
	})
}

// TestDueWhileItsBatchWaits: a slow query that falls due again before its batch gave
// up on it is not asked a second time beside the first.
func TestDueWhileItsBatchWaits(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		web := newSeparateServer(t, map[string]time.Duration{"slow": time.Second})
		b.subscribe("fast", 100*time.Millisecond, web.binding("fast", 3*time.Second))
		b.subscribe("slow", 100*time.Millisecond, web.binding("slow", 3*time.Second))
		b.after(10 * time.Second)
		if n := web.asks("slow"); n < 8 || n > 10 {
			t.Errorf("asked %d times in 10 s, want one after the other", n)
		}
	})
}

// TestServerOfManySlowQueries: queries that wait in line do not fail for it.
func TestServerOfManySlowQueries(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		web := newSeparateServer(t, map[string]time.Duration{"slow": 500 * time.Millisecond})
		for i := range 200 {
			key := fmt.Sprint("slow-", i)
			b.subscribe(key, 30*time.Second, web.binding(key, time.Second))
		}
		b.after(time.Minute)
		for i := range 200 {
			if s := b.Samples(object1(fmt.Sprint("slow-", i)), nil)[0]; s.Err != nil || s.Seq < 2 {
				t.Fatalf("query %d: %+v", i, s)
			}
		}
		if web.most > 16 {
			t.Errorf("%d queries at the same time, at most 16 are allowed", web.most)
		}
	})
}

// TestServerThatIsDead: its queries fail together, as soon as one of them could
// know, and it rests.
func TestServerThatIsDead(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		web := newSeparateServer(t, map[string]time.Duration{"q": time.Hour})
		for i := range 100 {
			key := fmt.Sprint("q-", i)
			b.subscribe(key, 10*time.Second, web.binding(key, 3*time.Second))
		}
		b.after(40 * time.Second)
		for i := range 100 {
			if s := b.Samples(object1(fmt.Sprint("q-", i)), nil)[0]; s.Err == nil || s.Seq < 2 {
				t.Fatalf("query %d after four intervals: %+v", i, s)
			}
		}
		asked := 0
		for i := range 100 {
			asked += web.asks(fmt.Sprint("q-", i))
		}
		b.after(10 * time.Minute)
		for i := range 100 {
			asked -= web.asks(fmt.Sprint("q-", i))
		}
		if per := -asked / 10; per > 100 {
			t.Errorf("a dead server got %d requests a minute", per)
		}
	})
}
