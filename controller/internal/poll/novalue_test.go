// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"fmt"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// TestAServerWithoutAValueIsAskedAtItsPace: a server that says that there is no value
// has answered, so there is no reason to ask it less often.
func TestAServerWithoutAValueIsAskedAtItsPace(t *testing.T) {
	inBubble(t, Options{}, func(b *bench) {
		prometheus := b.server("prometheus")
		prometheus.answer = func(string) scaler.Result {
			return scaler.Result{Err: fmt.Errorf("query: %w: the result is empty", scaler.ErrNoValue)}
		}
		b.subscribe("shop", time.Second, prometheus.binding("q"))
		b.after(time.Minute)
		before := total(prometheus.seen())
		b.after(time.Minute)
		if n := total(prometheus.seen()) - before; n != 60 {
			t.Errorf("asked %d times in a minute, want 60", n)
		}
		if prometheus.opens != 1 {
			t.Errorf("opened %d connections to a server that answers", prometheus.opens)
		}
	})
}
