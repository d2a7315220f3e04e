// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

// TestOneObjectInTroubleHoldsUpNoAdapter: an object that can neither be evaluated nor
// refused, because what it needs is away, does not keep the store incomplete for ever.
func TestOneObjectInTroubleHoldsUpNoAdapter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := New(Options{Store: sample.NewStore()})
		defer e.queue.ShutDown()
		sub := e.Store.Subscribe()
		defer sub.Close()
		began := time.Now()
		ended := make(chan error, 1)
		go func() {
			ended <- e.Lead(t.Context(), []sample.Object{{Kind: "ScaledObject", Namespace: "default", Name: "in-trouble"}})
		}()
		for {
			batch, err := sub.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if batch.Complete {
				break
			}
			if time.Since(began) > 0 {
				t.Fatal("news that are none")
			}
		}
		if took := time.Since(began); took != settleBy {
			t.Errorf("complete after %s", took)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
