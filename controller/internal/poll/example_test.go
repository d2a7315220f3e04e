// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package poll_test

import (
	"context"
	"fmt"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/poll"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// queue is an event source that always has seven items.
type queue struct{}

func (queue) Read(_ context.Context, queries []scaler.Query) []scaler.Result {
	results := make([]scaler.Result, len(queries))
	for i := range results {
		results[i].Readings = []scaler.Reading{{Value: 7}}
	}
	return results
}

func (queue) Close() error { return nil }

func Example() {
	p := poll.New(poll.Options{})
	orders := sample.Object{Kind: "ScaledObject", Namespace: "shop", Name: "orders"}
	p.Subscribe(poll.Subscription{Object: orders, Interval: 30 * time.Second, Bindings: []scaler.Binding{{
		Server: "queue", Address: "queue.shop:6379", Query: scaler.Query{Key: "length of orders"},
		Open: func(context.Context) (scaler.Source, error) { return queue{}, nil },
	}}})

	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- p.Run(ctx) }()
	if err := p.Ask(ctx, orders); err != nil {
		fmt.Println(err)
	}
	for _, s := range p.Samples(orders, nil) {
		fmt.Println(s.Readings[0].Value, s.Err)
	}
	stop()
	fmt.Println(<-ended)
	// Output:
	// 7 <nil>
	// <nil>
}
