// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package redis_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/fault"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
)

// notices receives what a running Watch tells.
type notices struct {
	t     *testing.T
	keys  chan string
	ended chan error
	stop  context.CancelFunc
}

// watch runs Watch beside the test.
func watch(t *testing.T, s scaler.Source, queries []scaler.Query) *notices {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	n := &notices{t: t, keys: make(chan string, 1000), ended: make(chan error, 1), stop: cancel}
	go func() {
		n.ended <- s.(scaler.Watcher).Watch(ctx, queries, func(key string) { n.keys <- key })
	}()
	t.Cleanup(cancel)
	return n
}

// await drops notices until that of key comes.
func (n *notices) await(key string) {
	n.t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		select {
		case got := <-n.keys:
			if got == key {
				return
			}
		case err := <-n.ended:
			n.t.Fatalf("Watch ended with %v", err)
		case <-timeout:
			n.t.Fatal("no notice of a change")
		}
	}
}

func (n *notices) end() error {
	n.t.Helper()
	select {
	case err := <-n.ended:
		return err
	case <-time.After(30 * time.Second):
		n.t.Fatal("Watch does not end")
		return nil
	}
}

// tracked waits until the server follows n keys for somebody.
func tracked(t *testing.T, server *source.RedisServer, n int64) {
	t.Helper()
	eventually(t, func() error {
		if got := server.Stat("tracking_total_keys"); got < n {
			return errors.New("the watched keys are not tracked")
		}
		return nil
	})
}

func TestWatchTellsOfChanges(t *testing.T) {
	server := source.Redis(t, "requirepass secret")
	with := []string{"address=" + server.Address, "auth.password=secret"}
	s, queries := open(t, bind(t, "redis", append(with, "listName=a")...), bind(t, "redis", append(with, "listName=ab")...))
	n := watch(t, s, queries)
	tracked(t, server, 2)
	server.Push("other", 1)
	server.Push("ab", 1)
	if got := <-n.keys; got != queries[1].Key {
		t.Error("the first notice is not that of the changed key")
	}
	server.Push("a", 1)
	n.await(queries[0].Key)
	// A notice comes after each change, however soon after the one before.
	for i := range 5 {
		server.Push("a", 1)
		n.await(queries[0].Key)
		want(t, s.Read(deadline(t), queries[:1]), float64(i+2))
	}
	server.Do("FLUSHALL")
	n.await(queries[0].Key)
	n.stop()
	if err := n.end(); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled Watch ends with %v", err)
	}
}

func TestWatchTellsOfWhatIsThere(t *testing.T) {
	server := source.Redis(t)
	server.Do("SELECT", 2)
	server.Push("full", 1)
	with := []string{"address=" + server.Address, "databaseIndex=2"}
	s, queries := open(t, bind(t, "redis", append(with, "listName=full")...), bind(t, "redis", append(with, "listName=empty")...))
	n := watch(t, s, queries)
	n.await(queries[0].Key)
	tracked(t, server, 2)
	if len(n.keys) > 0 {
		t.Error("a notice of an absent key")
	}
}

func TestBusyKeyIsToldOfSparingly(t *testing.T) {
	server := source.Redis(t)
	s, queries := open(t, bind(t, "redis", "address="+server.Address, "listName=busy"))
	n := watch(t, s, queries)
	tracked(t, server, 1)
	start := time.Now()
	for range 2000 {
		server.Push("busy", 1)
	}
	n.await(queries[0].Key)
	took := time.Since(start)
	if got, limit := len(n.keys), int(took/(50*time.Millisecond))+2; got > limit {
		t.Errorf("%d notices of 2,000 changes in %v, want at most %d", got, took, limit)
	}
}

func TestNextWatchReplacesTheOneBefore(t *testing.T) {
	server := source.Redis(t)
	s, queries := open(t, bind(t, "redis", "address="+server.Address, "listName=a"), bind(t, "redis", "address="+server.Address, "listName=b"))
	first := watch(t, s, queries[:1])
	tracked(t, server, 1)
	second := watch(t, s, queries[1:])
	if err := first.end(); !errors.Is(err, context.Canceled) {
		t.Errorf("the replaced Watch ends with %v", err)
	}
	eventually(t, func() error {
		server.Push("b", 1)
		if len(second.keys) == 0 {
			return errors.New("the second Watch tells nothing")
		}
		return nil
	})
}

func TestWatchEndsWithTheConnection(t *testing.T) {
	server := source.Redis(t)
	proxy := fault.NewProxy(t, server.Address)
	s, queries := open(t, bind(t, "redis", "address="+proxy.Address(), "listName=a"))
	n := watch(t, s, queries)
	tracked(t, server, 1)
	proxy.Cut()
	if err := n.end(); err == nil || scaler.Classify(err) != scaler.ClassTransient {
		t.Errorf("Watch over a broken connection ends with %v (%s)", err, scaler.Classify(err))
	}
	proxy.Heal()
	n = watch(t, s, queries)
	eventually(t, func() error {
		server.Push("a", 1)
		if len(n.keys) == 0 {
			return errors.New("no notice after healing")
		}
		return nil
	})
}

func TestForbiddenWatchIsTerminal(t *testing.T) {
	server := source.Redis(t)
	server.Do("ACL", "SETUSER", "reader", "on", ">pw", "~*", "+@all", "-client")
	server.Do("ACL", "SETUSER", "half", "on", ">pw", "~open:*", "+@all")
	s, queries := open(t, bind(t, "redis", "address="+server.Address, "username=reader", "auth.password=pw", "listName=a"))
	if err := watch(t, s, queries).end(); scaler.Classify(err) != scaler.ClassTerminal {
		t.Errorf("a forbidden Watch ends with %v (%s), want Terminal", err, scaler.Classify(err))
	}
	with := []string{"address=" + server.Address, "username=half", "auth.password=pw"}
	s, queries = open(t, bind(t, "redis", append(with, "listName=closed")...), bind(t, "redis", append(with, "listName=open:a")...))
	n := watch(t, s, queries)
	tracked(t, server, 1)
	server.Push("open:a", 1)
	n.await(queries[1].Key)
}
