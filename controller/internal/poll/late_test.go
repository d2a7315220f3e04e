// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"testing"
	"time"
)

// TestSamplesSayHowLateTheyAre: a source that is slower than its interval is asked
// late; one that failed, and is left alone for it, is not.
func TestSamplesSayHowLateTheyAre(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*fakeServer)
		want    time.Duration
	}{
		"quick": {func(*fakeServer) {}, 0},
		"slow":  {func(f *fakeServer) { f.latency = 2500 * time.Millisecond }, 1600 * time.Millisecond},
		"down":  {func(f *fakeServer) { f.answer = refuse }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bench) {
				server := b.server("redis")
				test.prepare(server)
				b.subscribe("a", time.Second, server.binding("a"))
				b.after(time.Minute)
				if got, ok := b.Latest("redis", "a"); !ok || got.Late != test.want {
					t.Errorf("it was asked %s late, want %s", got.Late, test.want)
				}
			})
		})
	}
}
