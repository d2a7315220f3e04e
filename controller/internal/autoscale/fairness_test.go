// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestSlowRefusalsDelayNoOthers: an admission webhook that is down makes every write of
// some objects' counts take long before it fails. Once they failed, the others are
// scaled at once, however many such objects there are.
func TestSlowRefusalsDelayNoOthers(t *testing.T) {
	const refused = 20
	w := newWorld(t)
	w.Workers = 2
	var known sync.Map // names that failed
	var failed, hanging atomic.Int32
	release, scaled := make(chan struct{}), make(chan struct{}, 1)
	errRefused := errors.New("failed calling webhook: context deadline exceeded")
	w.api.scaling = func(name string) error {
		if !strings.HasPrefix(name, "refused") {
			scaled <- struct{}{}
			return nil
		}
		if _, again := known.LoadOrStore(name, true); again {
			hanging.Add(1)
			<-release
		} else {
			failed.Add(1)
		}
		return errRefused
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	defer func() {
		cancel()
		close(release)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	w.source.set(7, nil)
	for i := range refused {
		o := object(fmt.Sprint("refused-", i), nil)
		w.ScaleObject(w.plan(o))
		w.ask(t, scaledObjectID(o))
	}
	await(t, "every object to fail", func() bool { return failed.Load() == refused })
	await(t, "a second attempt", func() bool {
		w.clock.Step(time.Second)
		return hanging.Load() > 0
	})
	for range 60 {
		w.clock.Step(time.Second) // all are to be tried again
	}
	well := object("well", nil)
	w.ScaleObject(w.plan(well))
	w.ask(t, scaledObjectID(well))
	select {
	case <-scaled:
	case <-time.After(20 * time.Second):
		t.Error("not scaled while the writes of others hang")
	}
}

// await waits until a condition holds.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
