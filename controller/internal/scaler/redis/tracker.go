// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	// holdOff spaces the notices of one busy key: the first is at once, those
	// after it come that much later.
	holdOff = 100 * time.Millisecond
	// pingInterval and answerTimeout find connections that died silently.
	pingInterval  = 15 * time.Second
	answerTimeout = 10 * time.Second
)

// tracker follows a set of keys of one node over a connection of its own. A key
// is armed when the server knows that the connection has read it. The first
// change disarms it; the tracker arms it again and only then tells of the change,
// so that no change after the reader's next look is lost.
type tracker struct {
	conn    net.Conn
	in      *bufio.Reader
	keys    watched
	changed func(key string)

	pending []question           // sent and not answered yet, oldest first
	told    map[string]time.Time // when a key last fired
	held    []string             // keys that fired again within holdOff
	release time.Time            // when held keys are armed again
	pingAt  time.Time
}

// question is a command that the server has yet to answer.
type question struct {
	key   string // the key that is being armed, "" for a PING
	first bool   // armed for the first time
	sent  time.Time
}

func newTracker(conn net.Conn, keys watched, changed func(string)) *tracker {
	return &tracker{conn: conn, in: bufio.NewReader(conn), keys: keys, changed: changed, told: map[string]time.Time{}}
}

// run follows the keys until the connection fails or the server refuses.
func (t *tracker) run(s server) error {
	if err := t.greet(s); err != nil {
		return err
	}
	all := make([]string, 0, len(t.keys))
	for key := range t.keys {
		all = append(all, key)
	}
	if err := t.arm(all, true); err != nil {
		return err
	}
	for {
		if err := t.sendDue(); err != nil {
			return err
		}
		if err := t.receive(); err != nil {
			return err
		}
	}
}

// greet switches the connection to RESP3, logs in, selects the database and turns
// tracking on.
func (t *tracker) greet(s server) error {
	hello := []string{"HELLO", "3"}
	if s.password != "" {
		hello = append(hello, "AUTH", cmp.Or(s.username, "default"), s.password)
	}
	commands := [][]string{hello, {"CLIENT", "TRACKING", "ON"}}
	if s.database != 0 {
		commands = append(commands, []string{"SELECT", strconv.Itoa(s.database)})
	}
	for _, command := range commands {
		if err := t.conn.SetReadDeadline(time.Now().Add(answerTimeout)); err != nil {
			return err
		}
		if err := t.write(appendCommand(nil, command...)); err != nil {
			return err
		}
		answer, err := readValue(t.in)
		if err != nil {
			return err
		}
		if no, ok := answer.(refusal); ok {
			return fmt.Errorf("%s: %w", command[0], no)
		}
	}
	t.pingAt = time.Now().Add(pingInterval)
	return nil
}

// arm reads each key, in one write, so that the server tracks it. EXISTS is the
// cheapest read that works for all types and for keys that are not there.
func (t *tracker) arm(keys []string, first bool) error {
	var b []byte
	for _, key := range keys {
		b = appendCommand(b, "EXISTS", key)
		t.pending = append(t.pending, question{key: key, first: first, sent: time.Now()})
	}
	return t.write(b)
}

func (t *tracker) write(b []byte) error {
	if err := t.conn.SetWriteDeadline(time.Now().Add(answerTimeout)); err != nil {
		return err
	}
	_, err := t.conn.Write(b)
	return err
}

// sendDue arms the held keys and sends a PING when it is time.
func (t *tracker) sendDue() error {
	now := time.Now()
	if len(t.held) > 0 && !now.Before(t.release) {
		held := t.held
		t.held = nil
		if err := t.arm(held, false); err != nil {
			return err
		}
	}
	if now.Before(t.pingAt) {
		return nil
	}
	t.pingAt = now.Add(pingInterval)
	t.pending = append(t.pending, question{sent: now})
	return t.write(appendCommand(nil, "PING"))
}

// receive waits for one message, or until something is due to be sent.
func (t *tracker) receive() error {
	until := t.pingAt
	if len(t.held) > 0 && t.release.Before(until) {
		until = t.release
	}
	if len(t.pending) > 0 {
		overdue := t.pending[0].sent.Add(answerTimeout)
		if !time.Now().Before(overdue) {
			return fmt.Errorf("no answer within %v: %w", answerTimeout, os.ErrDeadlineExceeded)
		}
		if overdue.Before(until) {
			until = overdue
		}
	}
	message, err := t.read(until)
	switch m := message.(type) {
	case nil:
		return err
	case push:
		return t.pushed(m)
	default:
		return t.answered(m)
	}
}

// read returns the next message, or nil if none begins in time.
func (t *tracker) read(until time.Time) (any, error) {
	if err := t.conn.SetReadDeadline(until); err != nil {
		return nil, err
	}
	// Peek consumes nothing when it times out, so a message is never torn.
	if _, err := t.in.Peek(1); errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if err := t.conn.SetReadDeadline(time.Now().Add(answerTimeout)); err != nil {
		return nil, err
	}
	return readValue(t.in)
}

// answered takes the answer to the oldest pending command.
func (t *tracker) answered(answer any) error {
	if len(t.pending) == 0 {
		return fmt.Errorf("unexpected message %v", answer)
	}
	q := t.pending[0]
	t.pending = t.pending[1:]
	if no, ok := answer.(refusal); ok {
		return t.refused(q, no)
	}
	absent := answer == int64(0)
	if q.key == "" || (q.first && absent) {
		return nil
	}
	for _, key := range t.keys[q.key] {
		t.changed(key)
	}
	return nil
}

// refused drops a key that the server's ACL forbids, as long as others remain:
// reading it reports the error. Any other refusal ends the watch.
func (t *tracker) refused(q question, no refusal) error {
	if delete(t.keys, q.key); strings.HasPrefix(string(no), "NOPERM") && len(t.keys) > 0 {
		return nil
	}
	return fmt.Errorf("key %q: %w", q.key, no)
}

// pushed takes an invalidation: ["invalidate", [key, ...]], or null for all keys
// after FLUSHALL or FLUSHDB.
func (t *tracker) pushed(p push) error {
	if len(p) != 2 || p[0] != "invalidate" {
		return nil
	}
	var names []string
	if p[1] == nil {
		for name := range t.keys {
			names = append(names, name)
		}
	}
	items, _ := p[1].([]any)
	for _, item := range items {
		if name, ok := item.(string); ok {
			names = append(names, name)
		}
	}
	now := time.Now()
	var quiet []string
	for _, name := range names {
		if _, ok := t.keys[name]; !ok {
			continue
		}
		if now.Sub(t.told[name]) >= holdOff {
			quiet = append(quiet, name)
		} else {
			if len(t.held) == 0 {
				t.release = now.Add(holdOff)
			}
			t.held = append(t.held, name)
		}
		t.told[name] = now
	}
	return t.arm(quiet, false)
}
