// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// panickingReader is a bug in whatever lists Jobs.
type panickingReader struct {
	client.Reader
	met *atomic.Int32
}

func (p panickingReader) List(context.Context, client.ObjectList, ...client.ListOption) error {
	p.met.Add(1)
	panic("hunter2")
}

// TestPanicOverOneObjectLeavesTheOthersScaled: a bug that one object meets costs its
// evaluations.
//
// Differs: Jobs
// KEDA: A panic in the loop of one object ends the whole process, for every object, and again after each restart.
// Here: It ends that evaluation, is logged with its stack, and the object is tried again ever more slowly.
// Why: One odd object must not stop all others.
// Old: not available
func TestPanicOverOneObjectLeavesTheOthersScaled(t *testing.T) {
	w := newWorld(t)
	var met atomic.Int32
	w.Engine.Live = panickingReader{met: &met}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	w.source.set(7, nil)
	_, bad := w.job(t, "a")
	good := object("web", nil)
	w.ScaleObject(w.plan(good))
	go func() { ended <- w.Engine.Run(ctx) }()
	w.askLater(t, bad)
	w.ask(t, scaledObjectID(good))
	deadline := time.After(30 * time.Second)
	for !w.scaled() || met.Load() == 0 {
		select {
		case err := <-ended:
			t.Fatalf("the engine ended: %v", err)
		case <-deadline:
			t.Fatalf("%d panics, and the other object is scaled: %v", met.Load(), w.scaled())
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	w.createdJobs(t, 0)
}

// scaled says that a replica count was written.
func (w *world) scaled() bool {
	for _, patch := range w.api.written() {
		if len(patch) > 6 && patch[:6] == "scale " {
			return true
		}
	}
	return false
}
