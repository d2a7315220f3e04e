// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package sqs

import (
	"crypto/rand"
	"sync"
	"time"
)

// defaultVisibility hides a received message from other receivers for so long.
const defaultVisibility = 30 * time.Second

// queue is one standard queue in memory.
type queue struct {
	mu         sync.Mutex
	messages   []*message
	visibility time.Duration
	delay      time.Duration
	deleted    int
}

// message is in one of three states at any time: delayed until availableAt,
// then visible, and not visible (in flight) from its receipt until hiddenUntil.
type message struct {
	id, body, receipt        string
	availableAt, hiddenUntil time.Time
}

// counts are the three approximate numbers of GetQueueAttributes.
type counts struct{ visible, inFlight, delayed int }

// Status is how many messages of a queue are in which state.
type Status struct {
	Visible  int `json:"visible"`
	InFlight int `json:"inFlight"`
	Delayed  int `json:"delayed"`
	// Deleted have been worked on: DeleteMessage removed them.
	Deleted int `json:"deleted"`
}

func (q *queue) status(now time.Time) Status {
	c := q.counts(now)
	q.mu.Lock()
	defer q.mu.Unlock()
	return Status{Visible: c.visible, InFlight: c.inFlight, Delayed: c.delayed, Deleted: q.deleted}
}

func (q *queue) counts(now time.Time) counts {
	q.mu.Lock()
	defer q.mu.Unlock()
	var c counts
	for _, m := range q.messages {
		switch {
		case m.availableAt.After(now):
			c.delayed++
		case m.hiddenUntil.After(now):
			c.inFlight++
		default:
			c.visible++
		}
	}
	return c
}

// send adds a message; a nil delay means the queue's own.
func (q *queue) send(now time.Time, body string, delay *time.Duration) *message {
	q.mu.Lock()
	defer q.mu.Unlock()
	if delay == nil {
		delay = &q.delay
	}
	m := &message{id: rand.Text(), body: body, availableAt: now.Add(*delay)}
	q.messages = append(q.messages, m)
	return m
}

// receive hides and returns up to n visible messages; a nil visibility means the
// queue's own.
func (q *queue) receive(now time.Time, n int, visibility *time.Duration) []message {
	q.mu.Lock()
	defer q.mu.Unlock()
	if visibility == nil {
		visibility = &q.visibility
	}
	var got []message
	for _, m := range q.messages {
		if len(got) == n {
			break
		}
		if m.availableAt.After(now) || m.hiddenUntil.After(now) {
			continue
		}
		m.receipt, m.hiddenUntil = rand.Text(), now.Add(*visibility)
		got = append(got, *m)
	}
	return got
}

// remove deletes the message of a receipt; an old receipt removes nothing.
func (q *queue) remove(receipt string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, m := range q.messages {
		if m.receipt == receipt && receipt != "" {
			q.messages = append(q.messages[:i], q.messages[i+1:]...)
			q.deleted++
			return
		}
	}
}

func (q *queue) purge() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.messages = nil
}
