// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
)

// settleBy is when the store is complete whatever happens. One object whose target's
// API or secret store is away must not keep every metrics adapter that starts
// meanwhile from becoming ready, and nothing is lost: by then the adapters that
// followed an earlier leader count what it said as stale.
const settleBy = 5 * time.Minute

// Lead expects the objects that exist when this process becomes the leader, and gives
// those up in the end that are neither published nor stopped. It returns nil then, or
// when ctx ends.
func (e *Engine) Lead(ctx context.Context, objects []sample.Object) error {
	e.Expect(objects)
	timer := e.Clock.NewTimer(settleBy)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C():
		e.Store.MarkComplete()
	}
	return nil
}
