// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import "github.com/keda-tf/terraform-provider-keda/controller/trigger/param"

// RedisClusterList is a RedisList in a Redis Cluster.
type RedisClusterList struct{ RedisList }

func defineRedisCluster() Definition {
	return Definition{
		Type: "redis-cluster", Title: "Redis Cluster list", Typed: true,
		Prose: "Scales with the length of a list in a Redis Cluster.\n\n" + redisProse +
			" Give a few nodes of the cluster; the others are found from them.",
		Example: Example{
			Metadata: map[string]string{
				"address": "redis-0.redis.default.svc:6379,redis-1.redis.default.svc:6379", "listName": "jobs", "listLength": "10",
			},
			Auth: []string{"password"},
		},
		New: func() Trigger { return new(RedisClusterList) },
	}
}

// Declare implements Trigger.
func (t *RedisClusterList) Declare(p *param.Set) {
	t.declareList(p)
	t.declare(p)
}
