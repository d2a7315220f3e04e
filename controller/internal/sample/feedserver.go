// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"k8s.io/utils/clock"

	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed/feedpb"
)

// Limits of the feed.
const (
	// defaultHeartbeat is the longest silence of a stream. Followers give up on a
	// leader after a few of them, so it bounds how long a vanished node goes
	// unnoticed; at one a second it costs nothing.
	defaultHeartbeat = time.Second
	// linger is the pause after a batch in which the next one gathers. A single
	// change goes out at once; a tick of polls goes out as one message.
	linger = 5 * time.Millisecond
	// chunk bounds the objects of one message, and chunkBytes their size before the
	// last one: far below gRPC's limit of 4 MiB, and so that a thin line brings one
	// before the follower gives up.
	chunk      = 256
	chunkBytes = 64 << 10
	// refreshLimit bounds a refresh whose caller named no deadline.
	refreshLimit = time.Second
)

// RefreshFunc reads one metric of one object now and returns nil once the answer
// has been published. It returns an error when that cannot be done before ctx's
// deadline, and at once when the source is known to need longer.
type RefreshFunc func(ctx context.Context, object Object, metric string) error

// FeedOptions configure a FeedServer.
type FeedOptions struct {
	// TLS is the server's side of mutual TLS; it must verify client certificates.
	TLS *tls.Config
	// ClientName is the DNS name that a client's certificate must carry: that of
	// the metrics adapter's Service.
	ClientName string
	// Heartbeat is the longest silence on a stream; zero means one second.
	Heartbeat time.Duration
	// Registerer, if set, gets the server's gRPC metrics under KEDA's names.
	Registerer prometheus.Registerer
	// Clock stamps messages; nil means the real one.
	Clock clock.PassiveClock
}

// FeedServer lets metrics adapters mirror a store. Only the leader serves it.
type FeedServer struct {
	feedpb.UnimplementedFeedServer
	store      *Store
	refresh    RefreshFunc
	clientName string
	heartbeat  time.Duration
	clock      clock.PassiveClock
	options    []grpc.ServerOption
	metrics    *grpcprom.ServerMetrics
}

// NewFeedServer returns a server of the store. It fails if the options could let
// a client in without a certificate, or its metrics are registered already.
func NewFeedServer(store *Store, refresh RefreshFunc, opts FeedOptions) (*FeedServer, error) {
	if opts.TLS == nil || opts.ClientName == "" {
		return nil, errors.New("feed server: TLS and ClientName are required: the feed carries the metrics of all namespaces")
	}
	f := &FeedServer{
		store: store, refresh: refresh, clientName: opts.ClientName,
		heartbeat: opts.Heartbeat, clock: opts.Clock,
	}
	if f.heartbeat <= 0 {
		f.heartbeat = defaultHeartbeat
	}
	if f.clock == nil {
		f.clock = clock.RealClock{}
	}
	unary, stream := []grpc.UnaryServerInterceptor{f.authorizeUnary}, []grpc.StreamServerInterceptor{f.authorizeStream}
	if opts.Registerer != nil {
		f.metrics = newServerMetrics()
		if err := opts.Registerer.Register(f.metrics); err != nil {
			return nil, fmt.Errorf("feed server: register metrics: %w", err)
		}
		unary = append([]grpc.UnaryServerInterceptor{f.metrics.UnaryServerInterceptor()}, unary...)
		stream = append([]grpc.StreamServerInterceptor{f.metrics.StreamServerInterceptor()}, stream...)
	}
	f.options = []grpc.ServerOption{
		grpc.Creds(credentials.NewTLS(opts.TLS)),
		grpc.ChainUnaryInterceptor(unary...),
		grpc.ChainStreamInterceptor(stream...),
		// A follower whose node vanished must not keep its stream for long.
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 10 * time.Second, Timeout: 5 * time.Second}),
	}
	return f, nil
}

// newServerMetrics names the metrics as KEDA's dashboards expect them.
func newServerMetrics() *grpcprom.ServerMetrics {
	const namespace = "keda_internal_metricsservice"
	return grpcprom.NewServerMetrics(
		grpcprom.WithServerCounterOptions(grpcprom.WithNamespace(namespace)),
		grpcprom.WithServerHandlingTimeHistogram(grpcprom.WithHistogramNamespace(namespace)),
	)
}

// Serve answers on the listener until ctx ends, and closes it. It returns nil
// when ctx ended it. Streams are cut rather than drained: followers keep their
// answers and look for the next leader.
func (f *FeedServer) Serve(ctx context.Context, listener net.Listener) error {
	server := grpc.NewServer(f.options...)
	feedpb.RegisterFeedServer(server, f)
	if f.metrics != nil {
		f.metrics.InitializeMetrics(server)
	}
	stop := context.AfterFunc(ctx, server.Stop)
	defer stop()
	err := server.Serve(listener)
	if err == nil || ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("serve the feed on %s: %w", listener.Addr(), err)
}
