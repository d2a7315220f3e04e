// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// moody is a Separate source that answers as its mood is.
type moody struct {
	name string

	mu     sync.Mutex
	random *rand.Rand
	mood   int
	stuck  chan struct{} // requests that heed no deadline wait for it
	live   int
}

func (m *moody) set(mood int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mood = mood
	close(m.stuck)
	m.stuck = make(chan struct{})
}

func (m *moody) binding(key string) scaler.Binding {
	return scaler.Binding{
		Server: m.name, Address: m.name, Query: scaler.Query{Key: key},
		Open: func(context.Context) (scaler.Source, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.live++
			return m, nil
		},
	}
}

func (m *moody) Ask(ctx context.Context, _ scaler.Query) scaler.Result {
	m.mu.Lock()
	mood, stuck, delay := m.mood, m.stuck, time.Duration(m.random.IntN(1000))*time.Millisecond
	if m.random.IntN(2) == 0 {
		delay = 0
	}
	m.mu.Unlock()
	switch mood {
	case 1:
		return scaler.Result{Err: errDown}
	case 2:
		panic("trouble")
	case 3:
		<-ctx.Done()
		return scaler.Result{Err: ctx.Err()}
	case 4:
		if delay == 0 {
			<-stuck
		}
	case 5:
		<-stuck
	case 6:
		return scaler.Result{Err: scaler.Throttled(errDown, 3*time.Second)}
	}
	time.Sleep(delay)
	return value(1)
}

func (m *moody) Parallel() int { return 3 }

func (m *moody) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.live--
	return nil
}

func (m *moody) Read(context.Context, []scaler.Query) []scaler.Result {
	panic("Read of a source that answers queries one by one")
}

// TestChurnOfSeparateQueries changes objects at random at servers whose requests fail,
// panic, are late and never return, and checks that everybody is asked in the end and
// that nothing is left behind.
func TestChurnOfSeparateQueries(t *testing.T) {
	for seed := range uint64(4) {
		inBubble(t, Options{Workers: 3}, func(b *bench) { churnSeparate(b, seed) })
	}
}

func churnSeparate(b *bench, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 2))
	servers := make([]*moody, 4)
	for i := range servers {
		servers[i] = &moody{name: name(i), random: rand.New(rand.NewPCG(seed, uint64(i))), stuck: make(chan struct{})}
	}
	const objects = 60
	for range 1500 {
		b.change(random, name(random.IntN(objects)), func() scaler.Binding {
			return servers[random.IntN(len(servers))].binding(name(random.IntN(20)))
		})
		if random.IntN(50) == 0 {
			servers[random.IntN(len(servers))].set(random.IntN(7))
		}
		b.after(time.Duration(random.IntN(200)) * time.Millisecond)
	}
	for _, s := range servers {
		s.set(0)
	}
	b.after(2 * maxRest)
	healed := time.Now()
	b.after(40 * time.Second)
	for i := range objects {
		for j, s := range b.Samples(object1(name(i)), nil) {
			if s.Err != nil || s.At.Before(healed) {
				b.t.Errorf("seed %d, %s, binding %d: not asked since the servers are well: %+v", seed, name(i), j, s)
			}
		}
		b.Unsubscribe(object1(name(i)))
	}
	b.after(2 * grace)
	if s := b.Stats(); s != (Stats{}) || len(b.alarms) != 0 || b.doubtful != 0 {
		b.t.Errorf("seed %d, left behind: %+v, %d alarms, %d doubtful workers", seed, s, len(b.alarms), b.doubtful)
	}
	for _, s := range servers {
		if s.live != 0 {
			b.t.Errorf("seed %d, server %s: %d connections left", seed, s.name, s.live)
		}
	}
}
