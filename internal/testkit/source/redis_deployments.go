// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/port"
)

// redisSlots is the number of hash slots of a Redis Cluster.
const redisSlots = 16384

// RedisCluster starts a Redis Cluster of n masters that share the slots evenly.
// The settings hold for each of them.
func RedisCluster(tb testing.TB, n int, settings ...string) []*RedisServer {
	tb.Helper()
	nodes, bus := make([]*RedisServer, n), make([]int, n)
	for i := range nodes {
		bus[i] = port.Free(tb)
		nodes[i] = Redis(tb, append(settings, "cluster-enabled yes", fmt.Sprintf("cluster-port %d", bus[i]))...)
	}
	for i, node := range nodes {
		node.Do("CLUSTER", "ADDSLOTSRANGE", i*redisSlots/n, (i+1)*redisSlots/n-1)
		host, nodePort, _ := net.SplitHostPort(node.Address)
		nodes[0].Do("CLUSTER", "MEET", host, nodePort, bus[i])
	}
	for _, node := range nodes {
		err := waitFor(node.process.exited, func() error {
			info := fmt.Sprint(node.Do("CLUSTER", "INFO"))
			if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d\r", n)) {
				return fmt.Errorf("CLUSTER INFO: %s", info)
			}
			return nil
		})
		if err != nil {
			tb.Fatalf("the Redis Cluster did not form: %v", err)
		}
	}
	return nodes
}

// RedisSentinel starts one sentinel that watches a master under a name, and
// returns its address. One vote fails the master over.
func RedisSentinel(tb testing.TB, name string, master *RedisServer) string {
	tb.Helper()
	dir, own := tb.TempDir(), port.Free(tb)
	host, masterPort, _ := net.SplitHostPort(master.Address)
	config := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %q\nsentinel monitor %s %s %s 1\n"+
		"sentinel down-after-milliseconds %s 500\nsentinel failover-timeout %s 5000\n", own, dir, name, host, masterPort, name, name)
	if master.client.Options().Password != "" {
		text += fmt.Sprintf("sentinel auth-pass %s %s\n", name, master.client.Options().Password)
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		tb.Fatalf("writing the configuration of the sentinel: %v", err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(own))
	client := redis.NewSentinelClient(&redis.Options{Addr: address, DialTimeout: time.Second, DialerRetries: 1})
	tb.Cleanup(func() { _ = client.Close() })
	p := newProcess(tb, "redis-server", "redis-server", config, "--sentinel")
	p.start(func() error {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return err
		}
		_ = conn.Close()
		return client.GetMasterAddrByName(context.Background(), name).Err()
	})
	return address
}
