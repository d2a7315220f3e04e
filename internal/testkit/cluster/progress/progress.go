// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package progress tells a waiting person what a long operation is doing: which step of how many, and for how long.
// The cluster and the builder of its programs write through it; nothing reads it back.
package progress

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// every is how often a step that is still running says so.
const every = 10 * time.Second

// Steps numbers the steps of one operation. The zero total leaves the "of how many" out.
type Steps struct {
	mu    sync.Mutex
	w     io.Writer
	total int
	n     int
	start time.Time
}

// New writes to w (nil: nowhere) about an operation of total steps.
func New(w io.Writer, total int) *Steps {
	if w == nil {
		w = io.Discard
	}
	return &Steps{w: w, total: total, start: time.Now()}
}

// Step announces the next step and returns the function that ends it. Until then a line every ten seconds says that it
// is still running, with what detail (may be nil) adds.
func (s *Steps) Step(what string, detail func() string) (end func()) {
	s.mu.Lock()
	s.n++
	label := what
	if s.total > 0 {
		label = fmt.Sprintf("%d/%d %s", s.n, s.total, what)
	}
	s.mu.Unlock()
	s.print(label)
	begin, done := time.Now(), make(chan struct{})
	go s.tick(label, begin, detail, done)
	return sync.OnceFunc(func() { close(done) })
}

// Note writes one line between steps.
func (s *Steps) Note(format string, args ...any) { s.print(fmt.Sprintf(format, args...)) }

// Elapsed is the time since New.
func (s *Steps) Elapsed() time.Duration { return time.Since(s.start) }

func (s *Steps) tick(label string, begin time.Time, detail func() string, done <-chan struct{}) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-done:
			return
		case <-t.C:
			more := ""
			if detail != nil {
				more = ", " + detail()
			}
			s.print(fmt.Sprintf("%s: running for %s%s", label, time.Since(begin).Round(time.Second), more))
		}
	}
}

func (s *Steps) print(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.w, "[%5.1fs] %s\n", time.Since(s.start).Seconds(), line)
}
