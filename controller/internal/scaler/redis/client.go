// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// server is what a connection depends on.
type server struct {
	kind      kind
	addresses []string
	database  int

	username, password                                 string
	sentinelMaster, sentinelUsername, sentinelPassword string

	security *scaler.TLS // nil for plain TCP
	tls      *tls.Config // made of it when the source is opened
}

// kind is the way in which Redis is deployed.
type kind string

const (
	standalone kind = "redis"
	cluster    kind = "redis-cluster"
	sentinel   kind = "redis-sentinel"
)

const (
	// dialTimeout bounds a dial where the caller's deadline does not come first.
	dialTimeout = 5 * time.Second
	// connections is the size of the pool. A Source reads one batch at a time, so
	// one connection is all that there ever is (one per node of a cluster). But
	// after as many failed dials as the pool is large, the client library stops
	// dialling when it is asked to and tries by itself once a second, also beside
	// the poller's backoff and for a while after Close; hence the room.
	connections = 256
)

// silence keeps the client library from writing to standard error: every error
// that it logs comes back from the call as well.
var silence = sync.OnceFunc(func() { redis.SetLogger(discard{}) })

type discard struct{}

func (discard) Printf(context.Context, string, ...any) {}

// connect returns a client, which dials when it is first used. It tries a
// command once more when the connection turns out to be stale, and leaves all
// other repetition to the poller.
func (s server) connect() redis.UniversalClient {
	silence()
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	switch s.kind {
	case cluster:
		return redis.NewClusterClient(&redis.ClusterOptions{
			Addrs: s.addresses, Username: s.username, Password: s.password, Dialer: s.dial,
			PoolSize: connections, PipelinePoolSize: connections, DialTimeout: dialTimeout, DialerRetries: 1,
			MaxRetries: -1, MaxRedirects: 3, ContextTimeoutEnabled: true, DisableIdentity: true,
			MaintNotificationsConfig: quiet,
		})
	case sentinel:
		return redis.NewFailoverClient(&redis.FailoverOptions{
			MasterName: s.sentinelMaster, SentinelAddrs: s.addresses,
			SentinelUsername: s.sentinelUsername, SentinelPassword: s.sentinelPassword,
			Username: s.username, Password: s.password, DB: s.database, Dialer: s.dial,
			PoolSize: connections, PipelinePoolSize: connections, DialTimeout: dialTimeout, DialerRetries: 1,
			MaxRetries: 1, ContextTimeoutEnabled: true, DisableIdentity: true,
		})
	default:
		return redis.NewClient(&redis.Options{
			Addr: s.addresses[0], Username: s.username, Password: s.password, DB: s.database, Dialer: s.dial,
			PoolSize: connections, PipelinePoolSize: connections, DialTimeout: dialTimeout, DialerRetries: 1,
			MaxRetries: 1, ContextTimeoutEnabled: true, DisableIdentity: true, MaintNotificationsConfig: quiet,
		})
	}
}

// dial opens one connection, with TLS where the server has it. Unlike the client
// library's own it keeps to ctx during the handshake too.
func (s server) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: dialTimeout}
	if s.tls == nil {
		return dialer.DialContext(ctx, network, address)
	}
	return (&tls.Dialer{NetDialer: dialer, Config: s.tls}).DialContext(ctx, network, address)
}
