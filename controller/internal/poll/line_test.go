// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"testing"
	"time"
)

// TestDeadServersDelayNoOthers: far more servers are dead than there are workers. Those
// that answer are asked in time all the same, and so are the dead ones as far as half
// of the workers can: each fails about once an interval, and is noticed when it is back.
func TestDeadServersDelayNoOthers(t *testing.T) {
	const interval, nDead, nWell = 30 * time.Second, 200, 40
	inBubble(t, Options{Workers: 4}, func(b *bench) {
		dead, well := make([]*fakeServer, nDead), make([]*fakeServer, nWell)
		for i := range dead {
			dead[i] = b.server("dead-" + name(i))
			dead[i].latency = time.Hour
			b.subscribe(dead[i].name, interval, dead[i].binding("q"))
		}
		for i := range well {
			well[i] = b.server("well-" + name(i))
			well[i].latency = 100 * time.Millisecond
			b.subscribe(well[i].name, interval, well[i].binding("q"))
		}
		b.after(nDead * 3 * time.Second) // nobody knows who is dead before it was asked
		first := map[string]uint64{}
		for _, f := range dead {
			s, _ := b.Latest(f.name, "q")
			first[f.name] = s.Seq
		}
		for range 20 {
			b.after(interval)
			for _, f := range well {
				if s, _ := b.Latest(f.name, "q"); s.Err != nil || s.Late > 5*time.Second || time.Since(s.At) > interval+5*time.Second {
					t.Fatalf("%s was asked %s ago, %s late: %v", f.name, time.Since(s.At), s.Late, s.Err)
				}
			}
		}
		for _, f := range dead {
			if s, _ := b.Latest(f.name, "q"); s.Seq-first[f.name] < 17 || s.Seq-first[f.name] > 21 {
				t.Fatalf("%s has %d failures in 20 intervals", f.name, s.Seq-first[f.name])
			}
		}
		asked := len(dead[0].seen())
		for _, f := range dead {
			f.do(func() { f.latency = 100 * time.Millisecond })
		}
		b.after(maxRest + 10*time.Second + interval)
		for _, f := range dead {
			if s, _ := b.Latest(f.name, "q"); s.Err != nil {
				t.Fatalf("%s is back for %s: %v", f.name, maxRest+10*time.Second+interval, s.Err)
			}
		}
		if asked < 4 {
			t.Errorf("a dead server was asked %d times in 20 minutes", asked)
		}
	})
}

// TestHealthyServersDelayNoDeadOnes: while servers that are slow, but answer, need all
// workers, one that failed has its turn among them.
func TestHealthyServersDelayNoDeadOnes(t *testing.T) {
	inBubble(t, Options{Workers: 2}, func(b *bench) {
		dead := b.server("dead")
		dead.answer = refuse
		b.subscribe("dead", time.Second, dead.binding("q"))
		b.after(time.Minute)
		for i := range 10 {
			slow := b.server(name(i))
			slow.latency = 2 * time.Second
			b.subscribe(name(i), time.Second, slow.binding("q"))
		}
		b.after(time.Minute)
		asked := len(dead.seen())
		b.after(10 * time.Minute)
		if n := len(dead.seen()) - asked; n < 8 {
			t.Errorf("asked %d times in 10 minutes", n)
		}
		dead.do(func() { dead.answer = nil })
		b.after(2 * maxRest)
		if s, _ := b.Latest("dead", "q"); s.Err != nil {
			t.Errorf("it is back: %v", s.Err)
		}
	})
}
