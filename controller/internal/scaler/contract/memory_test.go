// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"runtime"
	"testing"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler/catalog"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
)

// TestABindingHoldsNoConnectionSettings: each object keeps its bindings, and a pool
// of the system's certificate authorities for each of ten thousand is 350 MiB.
func TestABindingHoldsNoConnectionSettings(t *testing.T) {
	const bindings, most = 500, 10_000
	auth := map[string]string{"ca": source.HTTPS(t).CA(), "tls": "enable"}
	for kind, metadata := range map[string]map[string]string{
		"metrics-api": {"url": "https://a.example/", "valueLocation": "n", "targetValue": "1"},
		"prometheus":  {"serverAddress": "https://a.example", "query": "q", "threshold": "1"},
		"redis":       {"address": "a.example:1", "listName": "l"},
	} {
		decoded, problems := trigger.Decode(kind, param.Input{Metadata: metadata, Auth: auth})
		if err := param.Errors(problems); err != nil {
			t.Fatal(err)
		}
		bind, _ := catalog.For(kind)
		kept := make([]scaler.Binding, bindings)
		before := heap()
		for i := range kept {
			var err error
			if kept[i], err = bind(decoded, scaler.Env{}); err != nil {
				t.Fatal(err)
			}
		}
		if each := (heap() - before) / bindings; each > most {
			t.Errorf("a binding of %s holds %d bytes, want at most %d", kind, each, most)
		}
		runtime.KeepAlive(kept)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
