// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package clock reads triggers whose only source is the time: cron. There is no
// connection; all of them share one Source, which also tells at the very second
// when a window opens or closes.
package clock

import (
	"context"
	"fmt"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// address names the source in messages.
const address = "clock"

// longestWait bounds a sleep of Watch, so that a clock that is set, or a machine
// that was suspended, is noticed.
const longestWait = time.Minute

// Bind binds the trigger cron.
func Bind(decoded trigger.Decoded, env scaler.Env) (scaler.Binding, error) {
	if _, ok := decoded.Trigger.(*trigger.Cron); !ok {
		return scaler.Binding{}, fmt.Errorf("trigger %q does not look at the clock", decoded.Type)
	}
	return scaler.Binding{
		Server: address, Address: address,
		Query: scaler.Query{Key: decoded.Fingerprint, Trigger: decoded.Trigger},
		Open:  func(context.Context) (scaler.Source, error) { return source{env.Now}, nil },
	}, nil
}

// source looks at a clock.
type source struct{ now func() time.Time }

// Read returns what each window demands now.
func (s source) Read(_ context.Context, queries []scaler.Query) []scaler.Result {
	now := s.now()
	results := make([]scaler.Result, len(queries))
	for i, q := range queries {
		value, active := window(q).Desired(now)
		results[i].Readings = []scaler.Reading{{Value: value, Active: &active}}
	}
	return results
}

// Watch tells of each query when its window opens or closes.
func (s source) Watch(ctx context.Context, queries []scaler.Query, changed func(key string)) error {
	changes := make([]time.Time, len(queries))
	now := s.now()
	for i, q := range queries {
		changes[i] = window(q).NextChange(now)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		now, wait := s.now(), longestWait
		for i, q := range queries {
			if !changes[i].After(now) {
				changes[i] = window(q).NextChange(now)
				changed(q.Key)
			}
			wait = min(wait, changes[i].Sub(now))
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// window returns the window of a query; Bind makes no other queries.
func window(q scaler.Query) *trigger.Cron {
	t, _ := q.Trigger.(*trigger.Cron)
	return t
}

// Close does nothing.
func (source) Close() error { return nil }
