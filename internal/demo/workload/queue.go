// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/keda-tf/terraform-provider-keda/internal/demo/evidence"
)

// queue is a Redis list of names, what each worker has in hand, and a ledger of what is done. A name is always in
// exactly one of them: every move is one atomic command.
type queue struct {
	waiting, hands, ledger string
}

var (
	csvs    = queue{waiting: "csvs-to-process", hands: "csvs-in-work:", ledger: "csvs-processed"}
	reports = queue{waiting: "reports-to-publish", hands: "reports-in-work:", ledger: "reports-published"}
)

// take moves the next name into the worker's hands; "" means that there is none. A worker that crashed finds what it
// held when its container or its Job's next pod starts, and does that again first. That needs names that outlive the
// process: a Job's for processors, a pod's for consumers.
func (q queue) take(ctx context.Context, c *redis.Client, worker string) (string, error) {
	name, err := c.LIndex(ctx, q.hands+worker, 0).Result()
	if errors.Is(err, redis.Nil) {
		name, err = c.LMove(ctx, q.waiting, q.hands+worker, "LEFT", "RIGHT").Result()
	}
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("take from %s: %w", q.waiting, err)
	}
	return name, nil
}

// finished moves a name from a worker's hands (KEYS[1]) to the ledger (KEYS[2]) and, if there is one, to the next queue
// (KEYS[3]). A name that is not in hand any more is left alone, so that it cannot be finished twice.
var finished = redis.NewScript(`
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then return 0 end
redis.call('RPUSH', KEYS[2], ARGV[2])
if KEYS[3] then redis.call('RPUSH', KEYS[3], ARGV[1]) end
return 1`)

// finish records a name as done and passes it on to the waiting list of next, if any.
func (q queue) finish(ctx context.Context, c *redis.Client, e evidence.Entry, next ...queue) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	keys := []string{q.hands + e.By, q.ledger}
	for _, n := range next {
		keys = append(keys, n.waiting)
	}
	moved, err := finished.Run(ctx, c, keys, e.Name, line).Int()
	if err != nil {
		return fmt.Errorf("record %s in %s: %w", e.Name, q.ledger, err)
	}
	if moved == 0 {
		return fmt.Errorf("%s is not in the hands of %s", e.Name, e.By)
	}
	return nil
}

// each takes names and does the work until stop says so or none is left. Work that has begun is finished even when ctx
// ends meanwhile; grace bounds that.
func (q queue) each(ctx context.Context, c *redis.Client, worker string, stop func(done int) bool, do func(context.Context, string) error, next ...queue) (int, error) {
	const grace = 20 * time.Second
	for done := 0; ; done++ {
		if stop(done) || ctx.Err() != nil {
			return done, nil //nolint:nilerr // being told to stop is no failure
		}
		begun, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		ok, err := q.one(begun, c, worker, do, next...)
		cancel()
		if err != nil || !ok {
			return done, err
		}
	}
}

func (q queue) one(ctx context.Context, c *redis.Client, worker string, do func(context.Context, string) error, next ...queue) (bool, error) {
	name, err := q.take(ctx, c, worker)
	if err != nil || name == "" {
		return false, err
	}
	began := time.Now()
	if err := do(ctx, name); err != nil {
		return false, fmt.Errorf("work on %s: %w", name, err)
	}
	return true, q.finish(ctx, c, evidence.Entry{Name: name, By: worker, Began: began, Ended: time.Now()}, next...)
}

// counts are the lengths of the waiting list, of all hands and of the ledger.
func (q queue) counts(ctx context.Context, c *redis.Client) (waiting, hands, done int, err error) {
	var keys []string
	scan := c.Scan(ctx, 0, q.hands+"*", 100).Iterator()
	for scan.Next(ctx) {
		keys = append(keys, scan.Val())
	}
	if err := scan.Err(); err != nil {
		return 0, 0, 0, err
	}
	lengths := make([]*redis.IntCmd, 0, len(keys)+2)
	// One transaction: a name that moves meanwhile is counted once.
	_, err = c.TxPipelined(ctx, func(p redis.Pipeliner) error {
		for _, key := range append([]string{q.waiting, q.ledger}, keys...) {
			lengths = append(lengths, p.LLen(ctx, key))
		}
		return nil
	})
	if err != nil {
		return 0, 0, 0, err
	}
	for _, l := range lengths[2:] {
		hands += int(l.Val())
	}
	return int(lengths[0].Val()), hands, int(lengths[1].Val()), nil
}

// entries reads the ledger.
func (q queue) entries(ctx context.Context, c *redis.Client) ([]evidence.Entry, error) {
	lines, err := c.LRange(ctx, q.ledger, 0, -1).Result()
	if err != nil {
		return nil, err
	}
	entries := make([]evidence.Entry, len(lines))
	for i, line := range lines {
		if err := json.Unmarshal([]byte(line), &entries[i]); err != nil {
			return nil, fmt.Errorf("ledger %s, line %d: %w", q.ledger, i, err)
		}
	}
	return entries, nil
}
