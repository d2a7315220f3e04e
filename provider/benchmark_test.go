// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/acctest"
)

// typedConfig is a scaled object with two typed triggers, mapConfig the same
// with maps: what the typed blocks cost shows beside it.
func typedConfig() map[string]any {
	return map[string]any{
		"name": "consumer", "wait": false, "max_replica_count": 20,
		"scale_target_ref": map[string]any{"name": "consumer"},
		"trigger": []any{
			map[string]any{"redis": map[string]any{"address": []any{"redis:6379"}, "list_name": "jobs", "list_length": 5}},
			map[string]any{"cron": map[string]any{"timezone": "Europe/Paris", "start": "0 8 * * *", "end": "0 18 * * *", "desired_replicas": 3}},
		},
	}
}

func mapConfig() map[string]any {
	config := typedConfig()
	config["trigger"] = []any{
		map[string]any{"type": "redis", "metadata": map[string]any{"address": "redis:6379", "listName": "jobs", "listLength": "5"}},
		map[string]any{"type": "cron", "metadata": map[string]any{"timezone": "Europe/Paris", "start": "0 8 * * *", "end": "0 18 * * *", "desiredReplicas": "3"}},
	}
	return config
}

// BenchmarkRPC measures what each call of Terraform costs per resource. The four
// together are to stay below 15 ms with two typed triggers.
func BenchmarkRPC(b *testing.B) {
	for name, config := range map[string]map[string]any{"typed": typedConfig(), "map": mapConfig()} {
		b.Run(name, func(b *testing.B) { benchmarkRPC(b, config) })
	}
}

func benchmarkRPC(b *testing.B, config map[string]any) {
	const kind = "keda_scaled_object"
	api := acctest.NewAPI(b)
	s := acctest.NewSession(b, New("test")).Configure(map[string]any{"host": api.URL})
	wanted, null := s.Config(kind, config), tftypes.NewValue(s.Type(kind), nil)
	state := s.Create(kind, config)
	changed := s.Config(kind, config)
	plan, _ := s.Plan(kind, null, changed)
	b.Run("validate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Validate(kind, wanted)
		}
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Read(kind, state)
		}
	})
	b.Run("plan", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Plan(kind, null, wanted)
		}
	})
	b.Run("apply", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Apply(kind, state, plan, wanted)
		}
	})
}
