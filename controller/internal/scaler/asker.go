// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package scaler

import (
	"context"
	"net/http"
)

// Asker says on whose behalf a query is asked, for the metrics of requests. A query
// that several objects share is asked once, for the one that asked first.
type Asker struct {
	// Namespace and Object name the ScaledObject or ScaledJob.
	Namespace, Object string
	// Type and Trigger are the trigger's type and its name, if it has one.
	Type, Trigger string
	// Metric is the full name of the trigger's first metric.
	Metric string
}

type askerKey struct{}

// WithAsker marks the requests that are made with ctx. ReadEach does it for every
// query; a Source that asks for many queries in one request makes none of its own.
func WithAsker(ctx context.Context, a Asker) context.Context {
	return context.WithValue(ctx, askerKey{}, a)
}

// AskerOf returns the mark of WithAsker.
func AskerOf(ctx context.Context) (a Asker, ok bool) {
	a, ok = ctx.Value(askerKey{}).(Asker)
	return a, ok
}

// Observed wraps the transport that a scaler asks its server with, Transport or one
// of its own, so that its requests are counted.
func (e Env) Observed(t http.RoundTripper) http.RoundTripper {
	if e.Observe == nil {
		return t
	}
	return e.Observe(t)
}
