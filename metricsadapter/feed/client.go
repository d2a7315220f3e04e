// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed/feedpb"
)

// Defaults of Options.
const (
	// DefaultStaleAfter bounds how long an HPA may act on the words of a leader
	// that is gone. A new leader takes over within seconds; a cluster in which
	// none does for five minutes is better told so. An HPA that gets an error
	// keeps its replicas.
	DefaultStaleAfter = 5 * time.Minute
	// DefaultRefreshTimeout is what a read may wait for a newer value.
	DefaultRefreshTimeout = 50 * time.Millisecond
)

const (
	// reconnectMin and reconnectMax bound the delay between attempts.
	reconnectMin = 100 * time.Millisecond
	reconnectMax = 2 * time.Second
	// connectPatience is the time from dialling to the first message.
	connectPatience = 5 * time.Second
	// missedHeartbeats is how many a leader may miss before it counts as gone.
	missedHeartbeats = 3
	// locateTimeout bounds one search for the leader.
	locateTimeout = 5 * time.Second
)

// Options configure a Client.
type Options struct {
	// Locate finds the leader's feed and returns its host:port. It is asked again
	// before each attempt to connect.
	Locate func(ctx context.Context) (address string, err error)
	// TLS returns the client's side of mutual TLS. It is asked before each attempt
	// to connect, so that rotated certificates are taken up.
	TLS func() (*tls.Config, error)
	// Follower names this adapter in the leader's log.
	Follower string
	// StaleAfter is how long answers outlive the last message that vouched for
	// them; zero means DefaultStaleAfter.
	StaleAfter time.Duration
	// RefreshTimeout bounds a Refresh; zero means DefaultRefreshTimeout, negative
	// disables refreshing.
	RefreshTimeout time.Duration
	// Registerer, if set, gets the client's metrics.
	Registerer prometheus.Registerer
	// Clock tells how old answers are; nil means the real one.
	Clock clock.PassiveClock
	// Dial replaces the TCP dialler.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// Client mirrors the leader. Its methods may be called at the same time.
type Client struct {
	opts    Options
	mirror  *mirror
	metrics *clientMetrics

	link    atomic.Pointer[link] // nil while there is no stream
	flights singleflight.Group
}

// link is the connection to one leader, from its first message on.
type link struct {
	feed feedpb.FeedClient
	term atomic.Pointer[term]
}

// New returns a client that holds nothing until Run is called.
func New(opts Options) (*Client, error) {
	if opts.Locate == nil || opts.TLS == nil {
		return nil, errors.New("feed client: Locate and TLS are required")
	}
	if opts.StaleAfter <= 0 {
		opts.StaleAfter = DefaultStaleAfter
	}
	if opts.RefreshTimeout == 0 {
		opts.RefreshTimeout = DefaultRefreshTimeout
	}
	if opts.Clock == nil {
		opts.Clock = clock.RealClock{}
	}
	c := &Client{opts: opts, mirror: newMirror(opts.Clock, opts.StaleAfter)}
	c.metrics = newClientMetrics(c)
	if opts.Registerer != nil {
		if err := c.metrics.register(opts.Registerer); err != nil {
			return nil, fmt.Errorf("feed client: register metrics: %w", err)
		}
	}
	return c, nil
}

// Latest returns the answer that is held, without I/O. Errors are *UnknownError
// and *UnavailableError.
func (c *Client) Latest(namespace, object, metric string) (Answer, error) {
	return c.mirror.latest(namespace, object, metric)
}

// Ready returns nil when a complete snapshot is held that is not stale, else an
// *UnavailableError.
func (c *Client) Ready() error { return c.mirror.ready() }

// Run follows the leader, whoever it is, until ctx ends; it always returns nil
// then.
func (c *Client) Run(ctx context.Context) error {
	log := klog.FromContext(ctx).WithName("feed")
	delay, attempts := reconnectMin, 0
	for {
		connected, err := c.follow(ctx)
		if connected {
			delay, attempts = reconnectMin, 0
		}
		// The first failure is news; after that one line in a while is enough.
		if attempts%30 == 0 && ctx.Err() == nil {
			log.Info("Not following the controller; held metrics stay in use", "error", err, "objects", c.mirror.objects.Load())
		}
		attempts++
		if !sleep(ctx, jitter(delay)) {
			return nil
		}
		delay = min(2*delay, reconnectMax)
	}
}

// follow connects once and applies messages until the stream breaks. It returns
// whether anything was heard, and why it ended.
func (c *Client) follow(ctx context.Context) (connected bool, err error) {
	address, err := c.locate(ctx)
	if err != nil {
		return false, err
	}
	conn, err := c.dial(address)
	if err != nil {
		return false, err
	}
	defer conn.Close()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(connectPatience, func() {
		cancel(fmt.Errorf("the controller at %s has stopped sending", address))
	})
	defer watchdog.Stop()

	l := &link{feed: feedpb.NewFeedClient(conn)}
	defer c.link.CompareAndSwap(l, nil)
	stream, err := l.feed.Follow(ctx, &feedpb.FollowRequest{Follower: c.opts.Follower})
	for err == nil {
		var update *feedpb.Update
		if update, err = stream.Recv(); err != nil {
			break
		}
		watchdog.Reset(patience(update))
		l.term.Store(c.mirror.receive(l.term.Load(), update))
		if !connected {
			connected = true
			c.link.Store(l)
			c.metrics.connects.Inc()
			klog.FromContext(ctx).WithName("feed").Info("Following the controller", "address", address)
		}
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return connected, fmt.Errorf("follow %s: %w", address, err)
}

func (c *Client) locate(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, locateTimeout)
	defer cancel()
	address, err := c.opts.Locate(ctx)
	if err != nil {
		return "", fmt.Errorf("find the leading controller: %w", err)
	}
	return address, nil
}

// dial prepares a connection; gRPC connects when the stream is opened.
func (c *Client) dial(address string) (*grpc.ClientConn, error) {
	config, err := c.opts.TLS()
	if err != nil {
		return nil, fmt.Errorf("load the feed's certificates: %w", err)
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(credentials.NewTLS(config)),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: connectPatience}),
		grpc.WithUnaryInterceptor(c.metrics.rpcs.UnaryClientInterceptor()),
		grpc.WithStreamInterceptor(c.metrics.rpcs.StreamClientInterceptor()),
	}
	if c.opts.Dial != nil {
		options = append(options, grpc.WithContextDialer(c.opts.Dial))
	}
	// The locator resolved the address; a proxy has no place between pods.
	conn, err := grpc.NewClient("passthrough:///"+address, append(options, grpc.WithNoProxy())...)
	if err != nil {
		return nil, fmt.Errorf("connect to the controller at %s: %w", address, err)
	}
	return conn, nil
}

// patience is how long to wait for the message after this one.
func patience(update *feedpb.Update) time.Duration {
	heartbeat := time.Duration(update.GetHeartbeatMillis()) * time.Millisecond
	return max(missedHeartbeats*heartbeat, reconnectMin)
}

// jitter spreads the followers: between half and one and a half of d.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d) //nolint:gosec // not a secret
}

// sleep waits; it returns false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
