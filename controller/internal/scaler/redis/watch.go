// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// Watch calls changed whenever a watched key may have changed, and once at the
// start for every key that exists. It uses CLIENT TRACKING in its default mode:
// the server remembers the keys that this connection has read, and pushes a
// message at the first change of each. Broadcasting mode (BCAST) would need no
// reading, but there each write to the server is compared with every watched
// prefix: with 1,000 of them an LPUSH to any list was measured to take 30 µs
// instead of 2, and a busy list pushes without end.
//
// A server without RESP3 or an ACL that forbids tracking is a Terminal error:
// there is nothing but polling for it.
func (s *source) Watch(ctx context.Context, queries []scaler.Query, changed func(key string)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	if s.stopWatch != nil {
		s.stopWatch() // this call replaces the one before it
	}
	s.stopWatch = cancel
	s.mu.Unlock()

	nodes, err := s.nodes(ctx, queries)
	if err != nil {
		return s.explain("watching", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	for options, keys := range nodes {
		group.Go(func() error { return s.watchNode(ctx, options, keys, changed) })
	}
	return group.Wait()
}

// watched maps the keys in Redis to the keys of the queries that ask about them.
type watched map[string][]string

// nodes says on which node each key is to be watched. Only a cluster has more
// than one.
func (s *source) nodes(ctx context.Context, queries []scaler.Query) (map[*redis.Options]watched, error) {
	nodes := map[*redis.Options]watched{}
	for _, q := range queries {
		list := listOf(q)
		var node *redis.Client
		switch client := s.client.(type) {
		case *redis.ClusterClient:
			var err error
			if node, err = client.MasterForKey(ctx, list); err != nil {
				return nil, err
			}
		case *redis.Client:
			node = client
		}
		if nodes[node.Options()] == nil {
			nodes[node.Options()] = watched{}
		}
		nodes[node.Options()][list] = append(nodes[node.Options()][list], q.Key)
	}
	return nodes, nil
}

func (s *source) watchNode(ctx context.Context, node *redis.Options, keys watched, changed func(string)) error {
	conn, err := node.Dialer(ctx, "tcp", node.Addr)
	if err != nil {
		return s.explain("watching", err)
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	err = newTracker(conn, keys, changed).run(s.server)
	if ctx.Err() != nil {
		return ctx.Err() // the error is but that of the closed connection
	}
	err = s.explain("watching", err)
	if slices.ContainsFunc(unsupported, func(prefix string) bool { return redis.HasErrorPrefix(err, prefix) }) {
		return scaler.Terminal(err)
	}
	return err
}

// unsupported lists how the answers of a server begin that does not know RESP3 or
// tracking, or forbids them.
var unsupported = []string{"NOPERM", "NOPROTO", "unknown", "Unknown", "syntax error"}
