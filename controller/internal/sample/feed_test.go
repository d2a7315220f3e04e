// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/certs"
	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed"
	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed/feedpb"
)

func TestFollowSnapshotAndDeltas(t *testing.T) {
	a := newAuthority(t, operatorName, adapterName)
	l := lead(t, a, nil)
	for i := range 3*chunk + 7 { // several messages
		publish(l.store, i, float64(i))
	}
	l.store.Publish(Object{Kind: "ScaledJob", Namespace: "ns0", Name: "job"}, []Answer{{Metric: "m"}})
	l.store.Publish(object(0), []Answer{{Metric: "m", Error: "redis is away", At: time.Now()}})
	client := follow(t, a, at(l.address), nil)

	eventually(t, "snapshot", func() bool { return says(client, 3*chunk+6, 3*chunk+6) })
	if err := client.Ready(); err == nil {
		t.Error("ready although the leader has not finished its first round")
	}
	l.store.MarkComplete()
	eventually(t, "ready", func() bool { return client.Ready() == nil })
	if got, err := client.Latest("ns0", "so0", "m"); err != nil || got.Error != "redis is away" {
		t.Errorf("source error: %+v, %v", got, err)
	}
	if _, err := client.Latest("ns0", "job", "m"); err == nil {
		t.Error("a ScaledJob is served")
	}
	_, err := client.Latest("ns1", "so1", "cpu")
	if u := new(feed.UnknownError); !errors.As(err, &u) || len(u.Known) != 1 || !strings.Contains(err.Error(), "it has m") {
		t.Errorf("unknown metric: %v", err)
	}

	publish(l.store, 5, 55)
	eventually(t, "delta", func() bool { return says(client, 5, 55) })
	l.store.Forget(object(5))
	eventually(t, "removal", func() bool { return unknown(client, 5) })
	publish(l.store, 5, 56)
	eventually(t, "new object", func() bool { return says(client, 5, 56) })
}

// TestLeaderChangeKeepsAnswers: the leader dies, a new one begins with nothing;
// no read may fail meanwhile, and what really is gone goes in the end.
func TestLeaderChangeKeepsAnswers(t *testing.T) {
	a := newAuthority(t, operatorName, adapterName)
	first := lead(t, a, nil)
	for i := range 3 {
		publish(first.store, i, 1)
	}
	first.store.MarkComplete()
	address := at(first.address)
	client := follow(t, a, address, nil)
	eventually(t, "snapshot", func() bool { return client.Ready() == nil })
	publish(first.store, 0, 1.5) // versions of the first leader run ahead
	publish(first.store, 0, 1)

	first.stop()
	if !says(client, 0, 1) && !says(client, 0, 1.5) {
		t.Fatal("the answers died with the leader")
	}
	second := lead(t, a, nil)
	address.Store(second.address)
	publish(second.store, 1, 2)
	eventually(t, "the second leader's first answer", func() bool { return says(client, 1, 2) })
	if !says(client, 2, 1) || client.Ready() != nil {
		t.Fatal("a leader that has not finished its first round wiped an answer of the first")
	}
	second.store.Forget(object(0)) // it never knew the object: deleted between the two
	eventually(t, "removal by the second leader", func() bool { return unknown(client, 0) })
	second.store.MarkComplete()
	eventually(t, "what nobody knows any more is gone", func() bool { return unknown(client, 2) })
	if !says(client, 1, 2) {
		t.Error("the second leader's answer is lost")
	}
}

func TestReconnectAfterSilence(t *testing.T) {
	a := newAuthority(t, operatorName, adapterName)
	l := lead(t, a, nil)
	publish(l.store, 0, 1)
	l.store.MarkComplete()
	registry := prometheus.NewPedanticRegistry()
	var conns atomic.Pointer[frozen]
	client := follow(t, a, at(l.address), func(o *feed.Options) {
		o.Registerer = registry
		o.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
			if err != nil {
				return nil, err
			}
			f := &frozen{Conn: conn, closed: make(chan struct{})}
			conns.Store(f)
			return f, nil
		}
	})
	eventually(t, "snapshot", func() bool { return client.Ready() == nil })
	conns.Load().freeze.Store(true) // the node is gone: no reset, nothing
	publish(l.store, 0, 2)
	eventually(t, "a new stream after missed heartbeats", func() bool { return says(client, 0, 2) })
	if err := testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP keda_metricsadapter_feed_connects_total Streams from a leading controller that were opened.
# TYPE keda_metricsadapter_feed_connects_total counter
keda_metricsadapter_feed_connects_total 2
`), "keda_metricsadapter_feed_connects_total"); err != nil {
		t.Error(err)
	}
}

// frozen is a connection that can go silent without closing.
type frozen struct {
	net.Conn
	freeze atomic.Bool
	closed chan struct{}
}

func (f *frozen) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if f.freeze.Load() && err == nil {
		<-f.closed
		return 0, net.ErrClosed
	}
	return n, err
}

func (f *frozen) Close() error {
	select {
	case <-f.closed:
	default:
		close(f.closed)
	}
	return f.Conn.Close()
}

func TestRefresh(t *testing.T) {
	a := newAuthority(t, operatorName, adapterName)
	var l *leader
	asked := atomic.Int64{}
	l = lead(t, a, func(_ context.Context, o Object, _ string) error {
		if o != object(0) {
			return errors.New("no such object")
		}
		asked.Add(1)
		publish(l.store, 0, 42)
		return nil
	})
	l.store.Publish(object(0), []Answer{{Metric: "m", Value: 1, At: time.Now().Add(-time.Minute)}})
	l.store.MarkComplete()
	client := follow(t, a, at(l.address), nil)
	eventually(t, "snapshot", func() bool { return client.Ready() == nil })
	if got, _ := client.Latest("ns0", "so0", "m"); got.Age < 59*time.Second || got.Age > 2*time.Minute {
		t.Errorf("age %s of a minute", got.Age)
	}

	got, ok := client.Refresh(t.Context(), "ns0", "so0", "m", time.Second)
	if !ok || got.Value != 42 || got.Age > 10*time.Second {
		t.Errorf("refreshed: %+v %v", got, ok)
	}
	eventually(t, "mirror", func() bool { return says(client, 0, 42) })
	if _, ok := client.Refresh(t.Context(), "ns0", "so0", "m", time.Hour); !ok || asked.Load() != 1 {
		t.Errorf("a fresh answer was asked for again (%d times)", asked.Load())
	}
	if _, ok := client.Refresh(t.Context(), "ns0", "so9", "m", time.Second); ok {
		t.Error("an unknown object has an answer")
	}
	if _, ok := client.Refresh(t.Context(), "ns0", "so0", "other", 0); ok {
		t.Error("an unknown metric has an answer")
	}
}

// TestRefreshInLowerCase: an HPA asks for s0-redis-Orders in lower case, and gets
// the newer value for which the source was asked.
func TestRefreshInLowerCase(t *testing.T) {
	a := newAuthority(t, operatorName, adapterName)
	var l *leader
	orders := func(value float64, age time.Duration) {
		l.store.Publish(object(0), []Answer{{Metric: "s0-redis-Orders", Value: value, At: time.Now().Add(-age)}})
	}
	l = lead(t, a, func(context.Context, Object, string) error {
		orders(42, 0)
		return nil
	})
	orders(1, time.Minute)
	l.store.MarkComplete()
	client := follow(t, a, at(l.address), nil)
	eventually(t, "snapshot", func() bool { return client.Ready() == nil })
	if got, ok := client.Refresh(t.Context(), "ns0", "so0", "s0-redis-orders", time.Second); !ok || got.Value != 42 {
		t.Errorf("refreshed: %+v %v", got, ok)
	}
}

// TestRefreshOfSlowSources: a reader waits once for a source that turns out to
// be slow, and never for one that is known to be.
func TestRefreshOfSlowSources(t *testing.T) {
	a := newAuthority(t, operatorName, adapterName)
	asked := atomic.Int64{}
	l := lead(t, a, func(ctx context.Context, _ Object, _ string) error {
		asked.Add(1)
		<-ctx.Done()
		return ctx.Err()
	})
	old := Answer{Metric: "m", Value: 1, At: time.Now().Add(-time.Minute)}
	l.store.Publish(object(1), []Answer{old})
	old.Took = time.Second
	l.store.Publish(object(2), []Answer{old})
	l.store.MarkComplete()
	client := follow(t, a, at(l.address), func(o *feed.Options) { o.RefreshTimeout = 250 * time.Millisecond })
	eventually(t, "snapshot", func() bool { return client.Ready() == nil })

	if _, ok := client.Refresh(t.Context(), "ns2", "so2", "m", time.Second); ok || asked.Load() != 0 {
		t.Error("a source that is known to be slow was asked")
	}
	for range 3 {
		if _, ok := client.Refresh(t.Context(), "ns1", "so1", "m", time.Second); ok {
			t.Error("a source that is too slow has an answer")
		}
	}
	if asked.Load() != 1 {
		t.Errorf("a source that turned out to be slow was asked %d times", asked.Load())
	}
}

// TestRefreshWhoseDeadlineTheLeaderSeesFirst: the deadline of a refresh passes on both
// sides at once, and a follower that hears of it from the leader knows as well that the
// source is slow.
func TestRefreshWhoseDeadlineTheLeaderSeesFirst(t *testing.T) {
	a := newAuthority(t, operatorName, adapterName)
	asked := atomic.Int64{}
	l := lead(t, a, func(context.Context, Object, string) error {
		asked.Add(1)
		return fmt.Errorf("asking: %w", context.DeadlineExceeded)
	})
	l.store.Publish(object(1), []Answer{{Metric: "m", Value: 1, At: time.Now().Add(-time.Minute)}})
	l.store.MarkComplete()
	client := follow(t, a, at(l.address), nil)
	eventually(t, "snapshot", func() bool { return client.Ready() == nil })
	for range 3 {
		if _, ok := client.Refresh(t.Context(), "ns1", "so1", "m", time.Second); ok {
			t.Error("a source that is too slow has an answer")
		}
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestFeedRefusesStrangers(t *testing.T) {
	a := newAuthority(t, operatorName, adapterName)
	l := lead(t, a, nil)
	other := newAuthority(t, operatorName, adapterName)
	wrongName, err := certs.Renew(time.Now(), bundleOf(t, a), []string{"intruder.keda.svc"}, certs.Need{Leaf: true})
	if err != nil {
		t.Fatal(err)
	}
	intruder := t.TempDir()
	if err := wrongName.WriteDir(intruder); err != nil {
		t.Fatal(err)
	}
	trusting := func(dir string) credentials.TransportCredentials {
		config, err := feed.DirTLS(a.dir, operatorName)()
		if err != nil {
			t.Fatal(err)
		}
		config.Certificates = nil
		if dir != "" {
			own, err := feed.DirTLS(dir, operatorName)()
			if err != nil {
				t.Fatal(err)
			}
			config.Certificates = own.Certificates
		}
		return credentials.NewTLS(config)
	}
	tests := []struct {
		name        string
		credentials credentials.TransportCredentials
		want        codes.Code
	}{
		{"the adapter", trusting(a.dir), codes.NotFound},
		{"without TLS", insecure.NewCredentials(), codes.Unavailable},
		{"without certificate", trusting(""), codes.Unavailable},
		{"certificate of another authority", trusting(other.dir), codes.Unavailable},
		{"certificate for another name", trusting(intruder), codes.PermissionDenied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := grpc.NewClient(l.address, grpc.WithTransportCredentials(tt.credentials))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			stub := feedpb.NewFeedClient(conn)
			stream, err := stub.Follow(ctx, &feedpb.FollowRequest{})
			if err == nil {
				_, err = stream.Recv()
			}
			if tt.want != codes.NotFound && status.Code(err) != tt.want {
				t.Errorf("Follow: %v, want %v", err, tt.want)
			}
			_, err = stub.Refresh(ctx, &feedpb.RefreshRequest{Namespace: "ns0", Name: "so0", MaxAgeMillis: 1})
			if tt.want == codes.NotFound {
				tt.want = codes.Unavailable // noRefresh, and not a matter of certificates
				if !strings.Contains(fmt.Sprint(err), "not in this test") {
					t.Errorf("the adapter was not let in: %v", err)
				}
			}
			if status.Code(err) != tt.want {
				t.Errorf("Refresh: %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := NewFeedServer(l.store, noRefresh, FeedOptions{TLS: &tls.Config{}}); err == nil {
		t.Error("a server without a client name was made")
	}
}

func bundleOf(t *testing.T, a authority) certs.Bundle {
	t.Helper()
	b, err := a.keeper.Bundle()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSlowFollower blocks the transport of one follower; the store and the other
// follower do not notice, and the slow one ends with the newest state.
func TestSlowFollower(t *testing.T) {
	a := newAuthority(t, operatorName, adapterName)
	l := lead(t, a, nil)
	l.store.MarkComplete()
	config, err := feed.DirTLS(a.dir, operatorName)()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(l.address, grpc.WithTransportCredentials(credentials.NewTLS(config)),
		grpc.WithInitialWindowSize(1<<16), grpc.WithStaticStreamWindowSize(1<<16))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	stream, err := feedpb.NewFeedClient(conn).Follow(t.Context(), &feedpb.FollowRequest{Follower: "slow"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil { // and then reads nothing more for now
		t.Fatal(err)
	}
	quick := follow(t, a, at(l.address), nil)
	long := strings.Repeat("x", 4096)
	const last = 400
	for round := range last + 1 {
		for i := range 10 {
			l.store.Publish(object(i), []Answer{{Metric: long, Value: float64(round)}, {Metric: "m", Value: float64(round)}})
		}
		if round%40 == 0 {
			eventually(t, "the quick follower keeps up", func() bool { return says(quick, 9, float64(round)) })
		}
	}
	eventually(t, "the quick follower is done", func() bool { return says(quick, 9, last) })
	newest := map[string]float64{}
	messages := 0
	for ; len(newest) < 10 || !all(newest, last); messages++ {
		update, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range update.GetObjects() {
			newest[o.GetName()] = o.GetMetrics()[1].GetValue()
		}
	}
	if messages > last {
		t.Errorf("the slow follower got %d messages of %d rounds: they were queued", messages, last)
	}
}

func all(values map[string]float64, want float64) bool {
	for _, v := range values {
		if v != want {
			return false
		}
	}
	return true
}
