// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package redis reads the length of lists, sets, hashes and sorted sets from
// Redis: standalone, cluster and sentinel. All keys of one call are read by one
// script in one round trip (per node, in a cluster), over one connection per
// server and database. Watch tells of changes through key tracking, the server's
// support for client-side caches, over a second connection, and needs no
// configuration of the server.
package redis

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// lengths answers for each key its number of elements, or the name of its type
// if that has no length. A missing key has none.
//
//nolint:dupword // Lua ends two blocks
var lengths = redis.NewScript(`
local command = {list = 'LLEN', set = 'SCARD', zset = 'ZCARD', hash = 'HLEN'}
local answer = {}
for i, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then
    answer[i] = 0
  elseif command[kind] then
    answer[i] = redis.call(command[kind], key)
  else
    answer[i] = kind
  end
end
return answer`)

// keysPerScript bounds how long one script keeps the server from other work:
// about a millisecond.
const keysPerScript = 1000

// source is an open connection to one database of one server.
type source struct {
	server  server
	address string
	client  redis.UniversalClient
	sharded bool // a cluster, be it one that the trigger does not know about

	mu        sync.Mutex
	stopWatch context.CancelFunc // ends the running Watch, nil without one
}

// Read returns the length of each query's key.
func (s *source) Read(ctx context.Context, queries []scaler.Query) []scaler.Result {
	indexes := make([]int, len(queries))
	for i := range indexes {
		indexes[i] = i
	}
	size := keysPerScript
	if s.sharded {
		size = 1 // the keys of one script must live on one node
	}
	results := make([]scaler.Result, len(queries))
	s.read(ctx, queries, slices.Collect(slices.Chunk(indexes, size)), results)
	return results
}

// read runs one script per batch of queries, all in one pipeline, and fills the
// results of the batches.
func (s *source) read(ctx context.Context, queries []scaler.Query, batches [][]int, results []scaler.Result) {
	answers := s.run(ctx, queries, batches, lengths.EvalSha)
	var unknown [][]int // batches for which a server does not have the script yet, or may be asked with EVAL only
	for i, batch := range batches {
		if err := answers[i].Err(); redis.HasErrorPrefix(err, "NOSCRIPT") || redis.HasErrorPrefix(err, "NOPERM") {
			unknown = append(unknown, batch)
		} else {
			s.settle(ctx, queries, batch, answers[i], results)
		}
	}
	if unknown == nil {
		return
	}
	answers = s.run(ctx, queries, unknown, lengths.Eval)
	for i, batch := range unknown {
		s.settle(ctx, queries, batch, answers[i], results)
	}
}

// eval sends the script or its digest.
type eval func(ctx context.Context, c redis.Scripter, keys []string, args ...any) *redis.Cmd

func (s *source) run(ctx context.Context, queries []scaler.Query, batches [][]int, eval eval) []*redis.Cmd {
	pipe := s.client.Pipeline()
	answers := make([]*redis.Cmd, len(batches))
	for i, batch := range batches {
		keys := make([]string, len(batch))
		for j, query := range batch {
			keys[j] = listOf(queries[query])
		}
		answers[i] = eval(ctx, pipe, keys)
	}
	_, err := pipe.Exec(ctx)
	for _, answer := range answers {
		// Each answer holds its own error, except when there was no connection.
		if err != nil && answer.Err() == nil && answer.Val() == nil {
			answer.SetErr(err)
		}
	}
	return answers
}

// settle turns the answer of one batch into results. When the server refuses the
// batch for one of its keys (an ACL, say), or for not being on one shard, each is
// asked alone.
func (s *source) settle(ctx context.Context, queries []scaler.Query, batch []int, answer *redis.Cmd, results []scaler.Result) {
	values, err := answer.Slice()
	switch {
	case err == nil && len(values) == len(batch):
		for j, query := range batch {
			results[query] = s.result(listOf(queries[query]), values[j])
		}
	case len(batch) > 1 && (redis.HasErrorPrefix(err, "NOPERM") || redis.HasErrorPrefix(err, "CROSSSLOT")):
		s.sharded = s.sharded || redis.HasErrorPrefix(err, "CROSSSLOT")
		s.read(ctx, queries, slices.Collect(slices.Chunk(batch, 1)), results)
	default:
		if err == nil {
			err = fmt.Errorf("%d lengths for %d keys", len(values), len(batch))
		}
		for _, query := range batch {
			results[query] = scaler.Result{Err: s.explain("reading from", err)}
		}
	}
}

func (s *source) result(list string, value any) scaler.Result {
	switch v := value.(type) {
	case int64:
		return scaler.Result{Readings: []scaler.Reading{{Value: float64(v)}}}
	default:
		return scaler.Result{Err: scaler.Misconfigured(fmt.Errorf(
			"key %q in Redis at %s is a %v, which has no length; name a list, set, sorted set or hash", list, s.address, v))}
	}
}

// misconfigured lists how the answers of a server begin that a change of the
// trigger's parameters or of the server's users must cure.
var misconfigured = []string{
	"NOAUTH", "WRONGPASS", "NOPERM", "AUTH", "invalid password", "Client sent AUTH", "DB index", "invalid DB index",
}

// explain adds the address to an error of the client and classifies it.
func (s *source) explain(doing string, err error) error {
	full := fmt.Errorf("%s Redis at %s: %w", doing, s.address, err)
	if slices.ContainsFunc(misconfigured, func(prefix string) bool { return redis.HasErrorPrefix(err, prefix) }) {
		return scaler.Misconfigured(full)
	}
	return full
}

// Close frees the connections and ends a running Watch.
func (s *source) Close() error {
	s.mu.Lock()
	if s.stopWatch != nil {
		s.stopWatch()
	}
	s.mu.Unlock()
	return s.client.Close()
}
