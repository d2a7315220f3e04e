// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/proc"
)

func TestStateSurvivesTheFile(t *testing.T) {
	dir := t.TempDir()
	want := &State{Name: "a", Mode: Full, Ready: true, Ports: Ports{API: 1, Etcd: 2}, Processes: []proc.Process{{Name: "etcd", PID: 7, Start: 8}}}
	if err := want.save(dir); err != nil {
		t.Fatal(err)
	}
	got, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestDrawPortsAvoidsClaims(t *testing.T) {
	var all []*State
	seen := map[int]bool{}
	for range 50 {
		p, err := drawPorts(all)
		if err != nil {
			t.Fatal(err)
		}
		for _, port := range []int{p.API, p.Etcd, p.EtcdPeer, p.ControllerManager, p.Scheduler} {
			if seen[port] || port < firstPort || port > lastPort {
				t.Fatalf("port %d was given twice or is out of range", port)
			}
			seen[port] = true
		}
		all = append(all, &State{Ports: p})
	}
}

// Whoever waits for the lock of a folder that its holder removes must get a lock of the new folder.
func TestLockDirFollowsARemovedFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "c")
	var inside atomic.Int32
	done := make(chan error)
	for range 8 {
		go func() {
			done <- func() error {
				for range 50 {
					unlock, err := lockDir(dir, true)
					if err != nil {
						return err
					}
					if inside.Add(1) != 1 {
						t.Error("two hold the lock")
					}
					inside.Add(-1)
					err = os.Remove(dir)
					unlock()
					if err != nil {
						return err
					}
				}
				return nil
			}()
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestOrphansAreTakenDown(t *testing.T) {
	t.Setenv("KEDA_TF_CACHE", t.TempDir())
	cache, err := Cache()
	if err != nil {
		t.Fatal(err)
	}
	self, err := proc.Identify("owner", os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	gone := self
	gone.Start-- // a process that had our pid before us
	for name, owner := range map[string]*proc.Process{"mine": &self, "orphan": &gone, "nobodys": nil} {
		dir := filepath.Join(cache, "clusters", name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := (&State{Name: name, Mode: Loopback, Owner: owner}).save(dir); err != nil {
			t.Fatal(err)
		}
	}
	names, err := PruneOrphans(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"orphan"}, names); d != "" {
		t.Error(d)
	}
	left, err := List()
	if err != nil || len(left) != 2 {
		t.Errorf("%d clusters are left, %v; want 2", len(left), err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]Options{
		"name with a slash":    {Name: "a/b"},
		"long name":            {Name: "abcdefghijklmnopqrstuvwxyz"},
		"unknown mode":         {Mode: "half"},
		"images on loopback":   {Images: []string{"a.tar"}},
		"log without a policy": {AuditLog: "audit.log"},
	} {
		if _, err := o.withDefaults(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if o, err := (Options{}).withDefaults(); err != nil || o.Name != "dev" || o.Mode != Loopback || o.FakeNodes != 2 {
		t.Errorf("defaults: %+v, %v", o, err)
	}
}
