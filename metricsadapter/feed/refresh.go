// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed/feedpb"
)

// A metric whose refresh ran into the timeout all the same is left alone for a
// while, doubling from pauseMin to pauseMax: readers must not pay for what they
// never get.
const (
	pauseMin = 15 * time.Second
	pauseMax = 10 * time.Minute
)

type refreshKey struct {
	key
	metric string
}

// pauseState is immutable.
type pauseState struct {
	until, length time.Duration
}

// Refresh asks the leader to read the metric now unless it has done so within
// maxAge, waits for it at most RefreshTimeout, and returns the answer. ok is
// false when there is none: the leader is away or too slow, or refused. Readers
// of the same metric share one request.
func (c *Client) Refresh(ctx context.Context, namespace, object, metric string, maxAge time.Duration) (answer Answer, ok bool) {
	l := c.link.Load()
	if l == nil || c.opts.RefreshTimeout < 0 {
		return Answer{}, false
	}
	asked := refreshKey{key{namespace, object}, metric}
	held := c.mirror.held(asked)
	if c.slow(held) || c.paused(held) {
		c.metrics.refreshes.WithLabelValues("skipped").Inc()
		return Answer{}, false
	}
	// The flight must not end with the reader that happened to begin it.
	flying := context.WithoutCancel(ctx)
	value, err, _ := c.flights.Do(namespace+"/"+object+"/"+metric, func() (any, error) {
		return c.refresh(flying, l, asked, held, maxAge)
	})
	if err != nil {
		return Answer{}, false
	}
	answer, ok = value.(Answer)
	return answer, ok
}

var errNoAnswer = errors.New("the leader has no such metric")

// refresh makes the request, keeps what it brings and learns from its failure.
func (c *Client) refresh(ctx context.Context, l *link, asked refreshKey, held *metric, maxAge time.Duration) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.RefreshTimeout)
	defer cancel()
	t := l.term.Load()
	response, err := l.feed.Refresh(ctx, &feedpb.RefreshRequest{
		Namespace: asked.namespace, Name: asked.name, Metric: asked.metric,
		MaxAgeMillis: maxAge.Milliseconds(),
	})
	switch {
	case err == nil:
		if held != nil {
			held.pause.Store(nil)
		}
		c.metrics.refreshes.WithLabelValues("answered").Inc()
	case ctx.Err() != nil || status.Code(err) == codes.DeadlineExceeded:
		c.pause(held)
		c.metrics.refreshes.WithLabelValues("timeout").Inc()
		return Answer{}, err
	default:
		c.metrics.refreshes.WithLabelValues("refused").Inc()
		return Answer{}, err
	}
	now := c.mirror.now()
	fresh := decode(t, response.GetObject(), now, response.GetSentUnixNano())
	c.mirror.refreshed(asked.key, fresh)
	if m := fresh.metric(asked.metric); m != nil {
		return m.answer(now), nil
	}
	return Answer{}, errNoAnswer
}

// slow says that the source needed longer than a refresh may take, the last time
// that it was asked.
func (c *Client) slow(held *metric) bool { return held != nil && held.took > c.opts.RefreshTimeout }

func (c *Client) paused(held *metric) bool {
	if held == nil {
		return false
	}
	state := held.pause.Load()
	return state != nil && c.mirror.now() < state.until
}

// pause leaves the metric alone. Only metrics that the mirror holds are
// remembered, so that requests for invented names cost no memory.
func (c *Client) pause(held *metric) {
	if held == nil {
		return
	}
	length := pauseMin
	if before := held.pause.Load(); before != nil {
		length = min(2*before.length, pauseMax)
	}
	held.pause.Store(&pauseState{until: c.mirror.now() + length, length: length})
}
