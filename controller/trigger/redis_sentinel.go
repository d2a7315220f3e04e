// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import "github.com/keda-tf/terraform-provider-keda/controller/trigger/param"

// RedisSentinelList is a RedisList on the master that sentinels announce.
type RedisSentinelList struct{ RedisList }

func defineRedisSentinel() Definition {
	return Definition{
		Type: "redis-sentinel", Title: "Redis Sentinel list", Typed: true,
		Prose: "Scales with the length of a list on the Redis master that sentinels announce.\n\n" + redisProse +
			" The addresses are those of the sentinels; they are asked for the master, again after a failover.",
		Example: Example{
			Metadata: map[string]string{
				"address":        "sentinel-0.sentinel.default.svc:26379,sentinel-1.sentinel.default.svc:26379",
				"sentinelMaster": "main", "listName": "jobs", "listLength": "10",
			},
			Auth: []string{"password", "sentinelPassword"},
		},
		New: func() Trigger { return new(RedisSentinelList) },
	}
}

// Declare implements Trigger.
func (t *RedisSentinelList) Declare(p *param.Set) {
	t.RedisList.Declare(p)
	p.String(&t.SentinelMaster, "sentinelMaster", "Name of the master that the sentinels watch.").Required().
		From(param.Metadata, param.Auth, param.Env)
	p.String(&t.SentinelUsername, "sentinelUsername", "User to log in to the sentinels as.").
		From(param.Metadata, param.Auth, param.Env)
	p.String(&t.SentinelPassword, "sentinelPassword", "Password to log in to the sentinels with.").Secret().
		From(param.Metadata, param.Auth, param.Env)
}
