// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import "github.com/keda-tf/terraform-provider-keda/controller/trigger/param"

// RedisList measures the number of elements under one key of a Redis server: the
// length of a list, or the size of a set, sorted set or hash.
type RedisList struct {
	RedisConnection
	// ListName is the key.
	ListName string
	// ListLength is the target, elements per replica; ActivationListLength the
	// activation value.
	ListLength, ActivationListLength int64
}

// redisProse is what the pages of the three redis types have in common.
const redisProse = "The value is the number of elements under the key `listName`: the length of a list, or the size of a set, sorted " +
	"set or hash. A key that does not exist counts as empty."

func defineRedis() Definition {
	return Definition{
		Type: "redis", Title: "Redis list", Typed: true,
		Prose: "Scales with the length of a list on a Redis server.\n\n" + redisProse,
		Example: Example{
			Metadata: map[string]string{"address": "redis.default.svc:6379", "listName": "jobs", "listLength": "10"},
			Auth:     []string{"password"},
		},
		New: func() Trigger { return new(RedisList) },
	}
}

// Declare implements Trigger.
func (t *RedisList) Declare(p *param.Set) {
	t.declareList(p)
	t.declare(p)
	t.declareDatabase(p)
}

// Metrics implements External.
func (t *RedisList) Metrics() []Metric {
	return []Metric{{
		Name: "redis-" + t.ListName, Integer: true,
		Target: float64(t.ListLength), Activation: float64(t.ActivationListLength),
	}}
}

func (t *RedisList) declareList(p *param.Set) {
	p.String(&t.ListName, "listName", "Key whose elements are counted: a list, set, sorted set or hash.").Required()
	p.Int(&t.ListLength, "listLength", "Elements that one replica should have to work on.").
		Default("5").Positive().Target()
	p.Int(&t.ActivationListLength, "activationListLength", "More elements than this activate the workload.").
		Default("0").Activation()
}
