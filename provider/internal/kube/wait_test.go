// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"errors"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// report is an object with a Ready condition; observed below zero leaves the
// generation out, as KEDA does.
func report(status, reason string, observed int64) *unstructured.Unstructured {
	state := map[string]any{"conditions": []any{
		map[string]any{"type": "Active", "status": "True"},
		map[string]any{"type": "Ready", "status": status, "reason": reason},
	}}
	if observed >= 0 {
		state["observedGeneration"] = observed
	}
	return &unstructured.Unstructured{Object: map[string]any{"status": state}}
}

func TestWatcher(t *testing.T) {
	type look struct {
		object *unstructured.Unstructured
		after  time.Duration
	}
	tests := map[string]struct {
		generation int64
		looks      []look
		ready      bool
		refused    bool
	}{
		"ready":                               {1, []look{{report("True", "", 1), 0}}, true, false},
		"ready for an older generation":       {2, []look{{report("True", "", 1), time.Hour}}, false, false},
		"ready for a newer generation":        {2, []look{{report("True", "", 3), 0}}, true, false},
		"nothing reported":                    {1, []look{{&unstructured.Unstructured{Object: map[string]any{}}, time.Hour}}, false, false},
		"KEDA on a new object":                {1, []look{{report("True", "", -1), 0}}, true, false},
		"KEDA on a changed object, at once":   {2, []look{{report("True", "", -1), time.Second}}, false, false},
		"KEDA on a changed object, later":     {2, []look{{report("True", "", -1), settling}}, true, false},
		"refused for a moment":                {1, []look{{report("False", "a", 1), 0}, {report("False", "a", 1), refusal - 1}}, false, false},
		"refused for long":                    {1, []look{{report("False", "a", 1), 0}, {report("False", "a", 1), refusal}}, false, true},
		"refused for one reason, then others": {1, []look{{report("False", "a", 1), 0}, {report("False", "b", 1), refusal - 1}, {report("False", "b", 1), refusal}}, false, false},
		"an old refusal":                      {2, []look{{report("False", "a", 1), 0}, {report("False", "a", 1), time.Hour}}, false, false},
		"unknown is waited for":               {1, []look{{report("Unknown", "a", 1), 0}, {report("Unknown", "a", 1), time.Hour}}, false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			w := watcher{generation: test.generation, since: start}
			var ready bool
			var err error
			for _, l := range test.looks {
				ready, err = w.see(l.object, l.after, start.Add(l.after))
			}
			if ready != test.ready || errors.Is(err, errRefused) != test.refused {
				t.Errorf("ready %t, error %v", ready, err)
			}
		})
	}
}
