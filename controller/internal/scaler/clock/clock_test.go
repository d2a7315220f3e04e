// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package clock_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler/clock"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func office() trigger.Decoded {
	return trigger.Decoded{Type: "cron", Fingerprint: "office", Trigger: &trigger.Cron{
		Start: "0 8 * * 1-5", End: "0 18 * * 1-5", Timezone: "Europe/Paris", DesiredReplicas: 4,
	}}
}

func open(t *testing.T, now func() time.Time) (scaler.Source, []scaler.Query) {
	t.Helper()
	b, err := clock.Bind(office(), scaler.Env{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s, []scaler.Query{b.Query}
}

func TestRead(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		now    time.Time
		value  float64
		active bool
	}{
		"before":              {time.Date(2026, 8, 20, 7, 59, 59, 0, paris), 0, false},
		"start":               {time.Date(2026, 8, 20, 8, 0, 0, 0, paris), 4, true},
		"inside, told in UTC": {time.Date(2026, 8, 20, 15, 59, 0, 0, time.UTC), 4, true},
		"end":                 {time.Date(2026, 8, 20, 18, 0, 0, 0, paris), 0, false},
		"weekend":             {time.Date(2026, 8, 22, 12, 0, 0, 0, paris), 0, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, queries := open(t, func() time.Time { return test.now })
			r := s.Read(t.Context(), queries)[0]
			if r.Err != nil || r.Readings[0].Value != test.value || *r.Readings[0].Active != test.active {
				t.Errorf("got %+v, want %v, active %v", r, test.value, test.active)
			}
		})
	}
}

// TestWatch runs on the bubble's own clock, which begins at midnight UTC of
// Saturday, 1 January 2000.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, queries := open(t, time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		var at []string
		done := make(chan error)
		go func() {
			done <- s.(scaler.Watcher).Watch(ctx, queries, func(key string) {
				at = append(at, key+time.Now().UTC().Format(" Mon 15:04:05"))
			})
		}()
		time.Sleep(4 * 24 * time.Hour)
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Watch ends with %v", err)
		}
		want := []string{"office Mon 07:00:00", "office Mon 17:00:00", "office Tue 07:00:00", "office Tue 17:00:00"}
		if !slices.Equal(at, want) {
			t.Errorf("told at %v, want %v", at, want)
		}
	})
}
