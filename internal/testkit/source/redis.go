// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/port"
)

// RedisServer is a real redis-server.
type RedisServer struct {
	// Address is host:port.
	Address string

	tb      testing.TB
	process *process
	client  *redis.Client
}

// Redis starts a redis-server without persistence. Each setting is one line of
// redis.conf, such as "requirepass secret" or "cluster-enabled yes". Where
// requirepass is among them, the password goes with the test's own client.
func Redis(tb testing.TB, settings ...string) *RedisServer {
	tb.Helper()
	address := port.Address(tb)
	_, own, _ := net.SplitHostPort(address)
	args := []string{
		"--port", own, "--bind", "127.0.0.1", "--dir", tb.TempDir(),
		"--save", "", "--appendonly", "no", "--daemonize", "no",
	}
	options := &redis.Options{
		Addr: address, PoolSize: 1, MaxRetries: -1,
		DialTimeout: time.Second, DialerRetries: 1, DisableIdentity: true,
	}
	for _, setting := range settings {
		words := strings.Fields(setting)
		args = append(args, "--"+words[0])
		args = append(args, words[1:]...)
		if words[0] == "requirepass" {
			options.Password = words[1]
		}
	}
	s := &RedisServer{
		Address: options.Addr, tb: tb,
		process: newProcess(tb, "redis-server", "redis-server", args...),
		client:  redis.NewClient(options),
	}
	tb.Cleanup(func() { _ = s.client.Close() })
	s.Start()
	return s
}

// Start starts the server again after Stop, empty and on the same port.
func (s *RedisServer) Start() {
	s.tb.Helper()
	s.process.start(func() error {
		// The client waits a second after each refused connection, so look first.
		conn, err := net.DialTimeout("tcp", s.Address, time.Second)
		if err != nil {
			return err
		}
		_ = conn.Close()
		return s.client.Ping(context.Background()).Err()
	})
}

// Stop ends the server. Its data is lost.
func (s *RedisServer) Stop() { s.process.stop() }

// Do runs one command, such as "LPUSH", "list", "item", and returns its answer.
func (s *RedisServer) Do(args ...any) any {
	s.tb.Helper()
	answer, err := s.client.Do(context.Background(), args...).Result()
	if err != nil {
		s.tb.Fatalf("redis %v: %v", args[0], err)
	}
	return answer
}

// Push appends n items to a list.
func (s *RedisServer) Push(list string, n int) {
	s.tb.Helper()
	args := []any{"RPUSH", list}
	for i := range n {
		args = append(args, i)
	}
	s.Do(args...)
}

// Stat returns one number of INFO, such as "total_reads_processed" or
// "connected_clients", and the number of calls for "cmdstat_<command>".
func (s *RedisServer) Stat(name string) int64 {
	s.tb.Helper()
	text, err := s.client.Info(context.Background(), "everything").Result()
	if err != nil {
		s.tb.Fatalf("redis INFO: %v", err)
	}
	for line := range strings.Lines(text) {
		value, found := strings.CutPrefix(strings.TrimSpace(line), name+":")
		if !found {
			continue
		}
		value, _, _ = strings.Cut(strings.TrimPrefix(value, "calls="), ",")
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			s.tb.Fatalf("redis INFO %s: %v", name, err)
		}
		return n
	}
	if strings.HasPrefix(name, "cmdstat_") {
		return 0 // never called
	}
	s.tb.Fatalf("redis INFO has no %s", name)
	return 0
}
