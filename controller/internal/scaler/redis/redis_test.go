// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package redis_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler/redis"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bind decodes and binds one trigger from metadata written as key=value.
func bind(tb testing.TB, kind string, metadata ...string) scaler.Binding {
	tb.Helper()
	in := param.Input{Metadata: map[string]string{}, Auth: map[string]string{}}
	for _, pair := range metadata {
		key, value, _ := strings.Cut(pair, "=")
		if auth, ok := strings.CutPrefix(key, "auth."); ok {
			in.Auth[auth] = value
		} else {
			in.Metadata[key] = value
		}
	}
	decoded, problems := trigger.Decode(kind, in)
	for _, p := range problems {
		tb.Fatalf("decoding %s: %v", kind, p)
	}
	binding, err := redis.Bind(decoded, scaler.Env{})
	if err != nil {
		tb.Fatal(err)
	}
	return binding
}

// open opens the source of the first binding and returns the queries of all.
func open(tb testing.TB, bindings ...scaler.Binding) (scaler.Source, []scaler.Query) {
	tb.Helper()
	s, err := bindings[0].Open(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	var queries []scaler.Query
	for _, b := range bindings {
		if b.Server != bindings[0].Server {
			tb.Fatalf("servers %q and %q differ", b.Server, bindings[0].Server)
		}
		queries = append(queries, b.Query)
	}
	return s, queries
}

// deadline is what the poller would give a read, with room for a busy machine.
func deadline(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(tb.Context(), 20*time.Second)
	tb.Cleanup(cancel)
	return ctx
}

// want checks the value of each result; a want of -1 is an error.
func want(tb testing.TB, results []scaler.Result, values ...float64) {
	tb.Helper()
	if len(results) != len(values) {
		tb.Fatalf("%d results, want %d", len(results), len(values))
	}
	for i, r := range results {
		switch {
		case values[i] == -1 && r.Err == nil:
			tb.Errorf("result %d is %v, want an error", i, r.Readings)
		case values[i] != -1 && r.Err != nil:
			tb.Errorf("result %d: %v", i, r.Err)
		case values[i] != -1 && (len(r.Readings) != 1 || r.Readings[0] != (scaler.Reading{Value: values[i]})):
			tb.Errorf("result %d is %+v, want %v", i, r.Readings, values[i])
		}
	}
}

func TestReadEachType(t *testing.T) {
	server := source.Redis(t)
	server.Push("list", 3)
	server.Do("SADD", "set", "a", "b")
	server.Do("ZADD", "zset", 1, "a", 2, "b", 3, "c", 4, "d")
	server.Do("HSET", "hash", "k", "v")
	server.Do("SET", "string", "text")
	var bindings []scaler.Binding
	for _, name := range []string{"list", "set", "zset", "hash", "missing", "string"} {
		bindings = append(bindings, bind(t, "redis", "address="+server.Address, "listName="+name))
	}
	s, queries := open(t, bindings...)
	for range 2 { // the first call teaches the script to the server
		results := s.Read(deadline(t), queries)
		want(t, results, 3, 2, 4, 1, 0, -1)
		err := results[5].Err
		if scaler.Classify(err) != scaler.ClassMisconfigured || !strings.Contains(err.Error(), `key "string"`) || !strings.Contains(err.Error(), server.Address) {
			t.Errorf("error for a string is %v (%s)", err, scaler.Classify(err))
		}
	}
}

func TestOneRoundTripAndOneConnection(t *testing.T) {
	server := source.Redis(t)
	bindings := make([]scaler.Binding, 2500)
	values := make([]float64, len(bindings))
	for i := range bindings {
		name := fmt.Sprintf("queue:%d", i)
		bindings[i] = bind(t, "redis", "address="+server.Address, "listName="+name)
		if i%100 == 0 {
			server.Push(name, i+1)
			values[i] = float64(i + 1)
		}
	}
	s, queries := open(t, bindings...)
	want(t, s.Read(deadline(t), queries), values...)
	clients, scripts := server.Stat("connected_clients"), server.Stat("cmdstat_evalsha")
	want(t, s.Read(deadline(t), queries), values...)
	if n := server.Stat("cmdstat_evalsha") - scripts; n != 3 {
		t.Errorf("%d scripts for 2,500 lists, want 3", n)
	}
	if n := server.Stat("connected_clients"); n != clients || n != 2 { // ours and the test's own
		t.Errorf("%d clients connected, %d after the first read, want 2", n, clients)
	}
}

func TestDatabasesAndCredentialsAreServersOfTheirOwn(t *testing.T) {
	server := source.Redis(t, "requirepass secret")
	server.Do("SELECT", 3)
	server.Push("list", 2)
	server.Do("SELECT", 0)
	with := []string{"address=" + server.Address, "listName=list", "auth.password=secret"}
	zero, three := bind(t, "redis", with...), bind(t, "redis", append(with, "databaseIndex=3")...)
	if zero.Server == three.Server {
		t.Error("databases 0 and 3 share a connection")
	}
	if strings.Contains(zero.Server+zero.Address, "secret") {
		t.Errorf("server %q or address %q shows the password", zero.Server, zero.Address)
	}
	s, queries := open(t, three)
	want(t, s.Read(deadline(t), queries), 2)

	wrong := bind(t, "redis", "address="+server.Address, "listName=list", "auth.password=guess")
	if wrong.Server == zero.Server {
		t.Error("two passwords share a connection")
	}
	s, queries = open(t, wrong)
	err := s.Read(deadline(t), queries)[0].Err
	if scaler.Classify(err) != scaler.ClassMisconfigured || strings.Contains(err.Error(), "guess") {
		t.Errorf("a wrong password gives %v (%s)", err, scaler.Classify(err))
	}
}

func TestForbiddenKeyFailsAlone(t *testing.T) {
	server := source.Redis(t)
	server.Do("ACL", "SETUSER", "reader", "on", ">pw", "~open:*", "+@all")
	server.Push("open:list", 2)
	with := []string{"address=" + server.Address, "username=reader", "auth.password=pw"}
	s, queries := open(t, bind(t, "redis", append(with, "listName=open:list")...), bind(t, "redis", append(with, "listName=closed")...))
	results := s.Read(deadline(t), queries)
	want(t, results, 2, -1)
	if scaler.Classify(results[1].Err) != scaler.ClassMisconfigured {
		t.Errorf("a forbidden key gives %v (%s)", results[1].Err, scaler.Classify(results[1].Err))
	}
}

// TestEvalAloneIsEnough: KEDA never sends EVALSHA, and users have the rights that it
// needs.
func TestEvalAloneIsEnough(t *testing.T) {
	server := source.Redis(t)
	server.Do("ACL", "SETUSER", "reader", "on", ">pw", "~*", "-@all", "+@connection", "+eval", "+type", "+llen")
	server.Push("orders", 2)
	server.Push("mails", 3)
	with := []string{"address=" + server.Address, "username=reader", "auth.password=pw"}
	s, queries := open(t, bind(t, "redis", append(with, "listName=orders")...), bind(t, "redis", append(with, "listName=mails")...))
	want(t, s.Read(deadline(t), queries), 2, 3)
}

// TestPlainTriggersReadOneNodeOfACluster: managed Redis often is a cluster of one
// shard, of which each list alone can be read without knowing.
func TestPlainTriggersReadOneNodeOfACluster(t *testing.T) {
	node := source.RedisCluster(t, 1)[0]
	node.Push("orders", 2)
	node.Push("mails", 3)
	s, queries := open(t, bind(t, "redis", "address="+node.Address, "listName=orders"), bind(t, "redis", "address="+node.Address, "listName=mails"))
	for range 2 {
		want(t, s.Read(deadline(t), queries), 2, 3)
	}
}

func TestCluster(t *testing.T) {
	nodes := source.RedisCluster(t, 2)
	var bindings []scaler.Binding
	var values []float64
	for i := range 20 {
		name := fmt.Sprintf("queue:%d", i)
		bindings = append(bindings, bind(t, "redis-cluster", "addresses="+nodes[0].Address+","+nodes[1].Address, "listName="+name))
		values = append(values, float64(i))
		if i > 0 {
			pushToCluster(t, nodes, name, i)
		}
	}
	s, queries := open(t, bindings...)
	want(t, s.Read(deadline(t), queries), values...)

	fired := watch(t, s, queries[:4])
	pushToCluster(t, nodes, "queue:0", 1)
	fired.await(queries[0].Key)
}

// pushToCluster pushes on the node that owns the key.
func pushToCluster(t *testing.T, nodes []*source.RedisServer, list string, n int) {
	t.Helper()
	owner := 0
	if nodes[0].Do("CLUSTER", "KEYSLOT", list).(int64) >= 16384/2 {
		owner = 1
	}
	nodes[owner].Push(list, n)
}

func TestSentinelFollowsTheMaster(t *testing.T) {
	master := source.Redis(t)
	host, port, _ := strings.Cut(master.Address, ":")
	replica := source.Redis(t, "replicaof "+host+" "+port)
	sentinel := source.RedisSentinel(t, "main", master)
	master.Push("list", 4)
	s, queries := open(t, bind(t, "redis-sentinel", "addresses="+sentinel, "sentinelMaster=main", "listName=list"))
	want(t, s.Read(deadline(t), queries), 4)

	eventually(t, func() error { // the replica has the data, and the sentinel knows it
		if n := replica.Do("LLEN", "list"); n != int64(4) {
			return fmt.Errorf("the replica has %v items", n)
		}
		if n := master.Stat("connected_slaves"); n != 1 {
			return fmt.Errorf("the master has %d replicas", n)
		}
		return nil
	})
	master.Stop()
	eventually(t, func() error {
		if r := s.Read(deadline(t), queries)[0]; r.Err != nil || r.Readings[0].Value != 4 {
			return fmt.Errorf("after the failover: %+v", r)
		}
		return nil
	})
}

// eventually repeats a check until it passes.
func eventually(tb testing.TB, check func() error) {
	tb.Helper()
	end := time.Now().Add(60 * time.Second)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			tb.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
