// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/jobs"
)

// world is a cluster with one ScaledJob and its queue. The controller sees Jobs
// through a cache that follows the world's log of events and may be behind.
type world struct {
	in      jobs.Input
	now     time.Time
	waiting int // messages in the queue
	worked  int // messages that running Jobs hold
	done    int
	sent    int
	// visible says that the queue still counts messages that are worked on.
	visible bool

	actual, cached []jobs.Job
	log            []event // what the cache has not seen yet
	unseen         jobs.Unseen
	created        int
	fail           func(format string, args ...any)
}

// event is one change of one Job as a watch reports it.
type event struct {
	job  jobs.Job
	gone bool
}

func (w *world) find(state jobs.State, pending bool) int {
	return slices.IndexFunc(w.actual, func(j jobs.Job) bool { return j.State == state && j.Pending == pending })
}

func (w *world) update(i int, change func(*jobs.Job)) {
	change(&w.actual[i])
	w.log = append(w.log, event{job: w.actual[i]})
}

// start lets a pending Job begin; it takes a message if there is one, and ends at
// once if there is none.
func (w *world) start() {
	i := w.find(jobs.Unfinished, true)
	switch {
	case i < 0:
	case w.waiting == 0:
		w.update(i, func(j *jobs.Job) { j.State, j.Finished, j.Pending = jobs.Complete, w.now, false })
	default:
		w.waiting, w.worked = w.waiting-1, w.worked+1
		w.update(i, func(j *jobs.Job) { j.Pending = false })
	}
}

func (w *world) finish() {
	if i := w.find(jobs.Unfinished, false); i >= 0 {
		w.worked, w.done = w.worked-1, w.done+1
		w.update(i, func(j *jobs.Job) { j.State, j.Finished = jobs.Complete, w.now })
	}
}

// crash fails a running Job; its message goes back to the queue.
func (w *world) crash() {
	if i := w.find(jobs.Unfinished, false); i >= 0 {
		w.worked, w.waiting = w.worked-1, w.waiting+1
		w.update(i, func(j *jobs.Job) { j.State, j.Finished = jobs.Failed, w.now })
	}
}

// remove deletes a finished Job, as its time to live does.
func (w *world) remove(i int) {
	w.log = append(w.log, event{job: w.actual[i], gone: true})
	w.actual = slices.Delete(w.actual, i, i+1)
}

// watch lets the cache see the next events.
func (w *world) watch(n int) {
	for _, e := range w.log[:min(n, len(w.log))] {
		w.unseen.Drop(e.job.Name)
		w.cached = slices.DeleteFunc(w.cached, func(j jobs.Job) bool { return j.Name == e.job.Name })
		if !e.gone {
			w.cached = append(w.cached, e.job)
		}
	}
	w.log = w.log[min(n, len(w.log)):]
}

// decide polls the queue, decides on what the cache shows and acts. The first
// creations are refused; for the next ones no answer arrives, and nothing was
// created either. (An answer that gets lost after a creation changes nothing,
// because the creation was noted before.)
func (w *world) decide(refused, vanished int) {
	length := w.waiting
	if w.visible {
		length += w.worked
	}
	in := w.in
	in.Now, in.Jobs, in.Expected = w.now, w.cached, w.unseen.Count(w.cached, w.now)
	in.Triggers = []jobs.Trigger{queue(float64(length))}
	informed := len(w.log) == 0 && in.Expected == 0 && refused+vanished == 0
	d := jobs.Decide(in)
	for n := range int(d.Create) {
		w.created++
		name := fmt.Sprintf("job-%d", w.created)
		w.unseen.Add(name, w.now)
		switch {
		case n < refused:
			w.unseen.Drop(name)
		case n >= refused+vanished:
			job := jobs.Job{Name: name, Pending: true, Generation: 1}
			w.actual = append(w.actual, job)
			w.log = append(w.log, event{job: job})
		}
	}
	for _, name := range d.Delete {
		if i := slices.IndexFunc(w.actual, func(j jobs.Job) bool { return j.Name == name }); i >= 0 {
			if w.actual[i].State == jobs.Unfinished {
				w.fail("deletes %s, which has not finished", name)
			}
			w.remove(i)
		}
	}
	w.check(d, informed)
}

func (w *world) unfinished() int {
	n := 0
	for _, j := range w.actual {
		if j.State == jobs.Unfinished {
			n++
		}
	}
	return n
}

// check looks at what must hold after every decision; informed says that nothing
// stood between the decision and the world.
func (w *world) check(d jobs.Decision, informed bool) {
	n := w.unfinished()
	if n > int(w.in.Max) {
		w.fail("%d Jobs run, at most %d may: %s", n, w.in.Max, d.Why)
	}
	if informed && n < int(min(w.in.Min, w.in.Max)) {
		w.fail("%d Jobs run, %d always should: %s", n, w.in.Min, d.Why)
	}
	if w.waiting+w.worked+w.done != w.sent {
		w.fail("the model lost a message")
	}
}

// drain lets the world calm down: every message must be worked on in the end.
func (w *world) drain() {
	for range 4 * (w.sent + 10) {
		w.now = w.now.Add(5 * time.Second)
		w.watch(len(w.log))
		w.decide(0, 0)
		for range w.actual {
			w.start()
		}
		for range w.actual {
			w.finish()
		}
		if w.done == w.sent {
			return
		}
	}
	w.fail("%d of %d messages were worked on", w.done, w.sent)
}

// play runs one history; draw(n) is a random number below n.
func play(draw func(n int) int, fail func(string, ...any)) {
	w := &world{in: object(nil), now: noon, fail: fail, visible: draw(2) == 0}
	w.in.Max = int32(1 + draw(6))
	w.in.Min = int32(max(0, draw(int(w.in.Max)+4)-3))
	w.in.SuccessfulHistory, w.in.FailedHistory = int32(draw(3)), int32(draw(3))
	w.in.Strategy = []jobs.Strategy{
		jobs.Default{}, jobs.Accurate{}, jobs.Eager{}, jobs.Custom{RunningShare: float64(draw(3)) / 2},
	}[draw(4)]
	for range 1 + draw(80) {
		w.now = w.now.Add(time.Duration(draw(3000)) * time.Millisecond)
		switch draw(8) {
		case 0:
			n := draw(9)
			w.waiting, w.sent = w.waiting+n, w.sent+n
		case 1, 2:
			w.start()
		case 3:
			w.finish()
		case 4:
			w.crash()
		case 5:
			w.watch(draw(6))
		case 6:
			if i := slices.IndexFunc(w.actual, func(j jobs.Job) bool { return j.State != jobs.Unfinished }); i >= 0 {
				w.remove(i)
			}
		case 7:
			w.decide(draw(2), draw(2))
		}
	}
	w.drain()
}

// TestHistories plays thousands of histories: messages, starts, ends, crashes,
// lost answers and a cache that is behind. Jobs never exceed the maximum, and
// every message is worked on in the end.
func TestHistories(t *testing.T) {
	for seed := range uint64(4000) {
		random := rand.New(rand.NewPCG(seed, 1))
		play(random.IntN, func(format string, args ...any) {
			t.Fatalf("history %d: "+format, append([]any{seed}, args...)...)
		})
	}
}

// TestShortHistories plays fewer histories, and shrinks one that fails.
func TestShortHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		play(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "choice") }, t.Fatalf)
	})
}
