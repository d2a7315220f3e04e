// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package httpquery

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// parallel bounds the requests to one server at a time. Prometheus itself runs 20
// queries at once by default.
const parallel = 16

// source asks one server.
type source struct {
	client  *http.Client
	plain   http.RoundTripper // the client's, before it is observed: sources that share it share tokens
	own     *http.Transport   // nil if the transport is the process's
	timeout time.Duration     // of requests whose trigger does not say
	cluster scaler.Cluster
	pod     *v1alpha1.AuthPodIdentity // as whom prometheus asks; nil for none
	shared  http.RoundTripper         // the process's transport, for tokens of clouds
}

// Read sends one request for each query, some at a time.
func (s *source) Read(ctx context.Context, queries []scaler.Query) []scaler.Result {
	return scaler.ReadEach(ctx, queries, parallel, s.Ask)
}

// Ask sends the request of one query.
func (s *source) Ask(ctx context.Context, q scaler.Query) scaler.Result {
	var reading scaler.Reading
	var err error
	switch t := q.Trigger.(type) {
	case *trigger.Prometheus:
		ctx, cancel := context.WithTimeout(ctx, cmp.Or(t.Timeout, s.timeout))
		defer cancel()
		reading, err = s.prometheus(ctx, t)
	case *trigger.MetricsAPI:
		reading.Value, err = s.metricsAPI(ctx, t)
	}
	if err == nil && (math.IsNaN(reading.Value) || math.IsInf(reading.Value, 0)) {
		err = fmt.Errorf("%w: there is %v, which is no number to scale by", scaler.ErrNoValue, reading.Value)
	}
	if err != nil {
		return scaler.Result{Err: shortened(err)}
	}
	return scaler.Result{Readings: []scaler.Reading{reading}}
}

// Parallel implements scaler.Separate.
func (s *source) Parallel() int { return parallel }

// Close frees the connections, except those of the process's own transport.
func (s *source) Close() error {
	if s.own != nil {
		s.own.CloseIdleConnections()
	}
	return nil
}
