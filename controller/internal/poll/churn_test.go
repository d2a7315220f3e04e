// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// TestChurn changes objects at random while servers fail, hang and push, and
// checks that everybody is asked in the end and that nothing is left behind.
func TestChurn(t *testing.T) {
	inBubble(t, Options{Workers: 3}, func(b *bench) {
		random := rand.New(rand.NewPCG(1, 2))
		servers := make([]*fakeServer, 8)
		for i := range servers {
			servers[i] = b.server(name(i))
			servers[i].pushes = i%2 == 0
		}
		const objects = 200
		change := func() {
			b.change(random, name(random.IntN(objects)), func() scaler.Binding {
				return servers[random.IntN(len(servers))].binding(name(random.IntN(50)))
			})
		}
		trouble := func(s *fakeServer) {
			s.do(func() {
				s.answer, s.openErr, s.latency = nil, nil, time.Duration(random.IntN(500))*time.Millisecond
				switch random.IntN(5) {
				case 0:
					s.answer = refuse
				case 1:
					s.openErr = errDown
				case 2:
					s.answer = func(string) scaler.Result { panic("trouble") }
				case 3:
					s.latency = 10 * time.Second
				}
			})
		}
		for range 3000 {
			change()
			if random.IntN(50) == 0 {
				trouble(servers[random.IntN(len(servers))])
			}
			b.after(time.Duration(random.IntN(100)) * time.Millisecond)
			if late := b.Overdue(); late > 40*time.Second {
				t.Fatalf("overdue by %v", late)
			}
		}

		for _, s := range servers {
			s.do(func() { s.answer, s.openErr, s.latency = nil, nil, 0 })
		}
		b.after(2 * maxRest)
		healed := time.Now()
		b.after(31 * time.Second)
		for i := range objects {
			for j, s := range b.Samples(object1(name(i)), nil) {
				if s.Err != nil || s.At.Before(healed) {
					t.Errorf("%s, binding %d: not asked since the servers are well: %+v", name(i), j, s)
				}
			}
			b.Unsubscribe(object1(name(i)))
		}
		b.after(2 * grace)
		if s := b.Stats(); s != (Stats{}) || len(b.alarms) != 0 || b.doubtful != 0 {
			t.Errorf("left behind: %+v, %d alarms, %d doubtful workers", s, len(b.alarms), b.doubtful)
		}
		for _, s := range servers {
			if s.live != 0 {
				t.Errorf("server %s: %d connections left", s.name, s.live)
			}
		}
	})
}

// change does something to an object that reconcilers do: most often it subscribes to
// up to three queries.
func (b *bench) change(random *rand.Rand, object string, query func() scaler.Binding) {
	switch random.IntN(6) {
	case 0:
		b.Unsubscribe(object1(object))
	case 1:
		b.SetInterval(object1(object), time.Duration(1+random.IntN(30))*time.Second)
	case 2:
		b.Wake(object1(object))
	default:
		bindings := make([]scaler.Binding, random.IntN(4))
		for i := range bindings {
			bindings[i] = query()
		}
		b.subscribe(object, time.Duration(1+random.IntN(30))*time.Second, bindings...)
	}
}
