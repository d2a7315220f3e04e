// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/certs"
	"github.com/keda-tf/terraform-provider-keda/metricsadapter/feed"
)

const (
	operatorName = "keda-operator.keda.svc"
	adapterName  = "keda-metrics-apiserver.keda.svc"
	deadline     = 20 * time.Second
)

// authority holds a set of certificates on disk and in memory.
type authority struct {
	dir    string
	keeper *certs.Keeper
}

func newAuthority(t testing.TB, names ...string) authority {
	t.Helper()
	bundle, err := certs.Renew(time.Now(), certs.Bundle{}, names, certs.Need{Authority: true, Leaf: true})
	if err != nil {
		t.Fatal(err)
	}
	a := authority{dir: t.TempDir(), keeper: certs.NewKeeper()}
	if err := errors.Join(bundle.WriteDir(a.dir), a.keeper.Load(bundle)); err != nil {
		t.Fatal(err)
	}
	return a
}

// leader is one process that leads: a store and its feed.
type leader struct {
	store   *Store
	address string
	stop    func()
}

func noRefresh(context.Context, Object, string) error { return errors.New("not in this test") }

// lead starts a leader; it stops at the end of the test at the latest.
func lead(t testing.TB, a authority, refresh RefreshFunc) *leader {
	t.Helper()
	l := &leader{store: NewStore()}
	if refresh == nil {
		refresh = noRefresh
	}
	server, err := NewFeedServer(l.store, refresh, FeedOptions{
		TLS: a.keeper.MutualTLS(), ClientName: adapterName, Heartbeat: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.address = listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, listener) }()
	stopped := false
	l.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	}
	t.Cleanup(l.stop)
	return l
}

// follow runs a client that looks for the leader at *address.
func follow(t testing.TB, a authority, address *atomic.Value, change func(*feed.Options)) *feed.Client {
	t.Helper()
	opts := feed.Options{
		Locate: func(context.Context) (string, error) {
			if found, ok := address.Load().(string); ok && found != "" {
				return found, nil
			}
			return "", errors.New("nobody leads")
		},
		TLS: feed.DirTLS(a.dir, operatorName), RefreshTimeout: 5 * time.Second,
	}
	if change != nil {
		change(&opts)
	}
	client, err := feed.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- client.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return client
}

func at(address string) *atomic.Value {
	v := &atomic.Value{}
	v.Store(address)
	return v
}

// eventually waits for the condition.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !condition(); {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", deadline, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func publish(s *Store, i int, value float64) {
	s.Publish(object(i), []Answer{{Metric: "m", Value: value, At: time.Now()}})
}

// says reports whether the client holds the value for the object.
func says(c *feed.Client, i int, want float64) bool {
	got, err := c.Latest(object(i).Namespace, object(i).Name, "m")
	return err == nil && got.Value == want
}

func unknown(c *feed.Client, i int) bool {
	_, err := c.Latest(object(i).Namespace, object(i).Name, "m")
	var u *feed.UnknownError
	return errors.As(err, &u)
}
