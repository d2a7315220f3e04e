// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package scaler

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// ReadEach answers queries one by one, at most parallel of them at a time: Read of
// protocols that cannot batch. The results are in the order of the queries.
func ReadEach(ctx context.Context, queries []Query, parallel int, ask func(context.Context, Query) Result) []Result {
	results := make([]Result, len(queries))
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, q := range queries {
		group.Go(func() error {
			results[i] = ask(WithAsker(ctx, q.Asker), q)
			return nil
		})
	}
	_ = group.Wait() // errors are in the results
	return results
}
