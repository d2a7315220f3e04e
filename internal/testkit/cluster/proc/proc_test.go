// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package proc

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func start(t *testing.T, args ...string) *Child {
	t.Helper()
	c, err := Start(Spec{Name: "child", Args: args, Log: filepath.Join(t.TempDir(), "log"), DieWithParent: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = Stop(context.Background(), 0, c.Process) })
	return c
}

func TestStopEndsTheRecordedProcess(t *testing.T) {
	c := start(t, "sleep", "600")
	if !c.Alive() {
		t.Fatal("a process that was just started is not alive")
	}
	if err := Stop(t.Context(), time.Second, c.Process); err != nil {
		t.Fatal(err)
	}
	if c.Alive() {
		t.Error("alive after Stop")
	}
	<-c.Done()
}

func TestStopKillsWhatIgnoresSIGTERM(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	c := start(t, "sh", "-c", `trap "" TERM; : > `+ready+`; while :; do sleep 0.05; done`)
	for _, err := os.Stat(ready); err != nil; _, err = os.Stat(ready) {
		if t.Context().Err() != nil {
			t.Fatal("the child never got ready")
		}
	}
	if err := Stop(t.Context(), 50*time.Millisecond, c.Process); err != nil {
		t.Fatal(err)
	}
}

// A pid that another process has since been given must not be signalled.
func TestRecycledPIDIsLeftAlone(t *testing.T) {
	c := start(t, "sleep", "600")
	stale := c.Process
	stale.Start--
	if stale.Alive() {
		t.Error("a process with another start time counts as ours")
	}
	if err := stale.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := Stop(t.Context(), 0, stale); err != nil {
		t.Fatal(err)
	}
	if !c.Alive() {
		t.Error("the process that now has the pid was killed")
	}
}

func TestExitedShowsTheLog(t *testing.T) {
	c := start(t, "sh", "-c", "sleep 0.1; echo cannot bind port; exit 3")
	if got := c.Exited().Error(); !strings.Contains(got, "cannot bind port") || !strings.Contains(got, "status 3") {
		t.Errorf("the error hides the reason: %s", got)
	}
}

func TestIdentifyRefusesZombies(t *testing.T) {
	p, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = p.Wait() }()
	for {
		if _, err = Identify("true", p.Pid); err != nil {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("an ended process still counts as alive")
		}
	}
}
