// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package netns

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// A server inside a namespace is reached by Dial and by Forward, and from nowhere else. Needs root.
func TestDialAndForward(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ns")
	if err := Create(path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if out, err := exec.Command("nsenter", "--net="+path, "ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	inside := listenInside(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	outer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- Forward(ctx, outer, path, inside) }()
	direct, err := Dial(ctx, path, inside)
	if err != nil {
		t.Fatal(err)
	}
	forwarded, err := net.Dial("tcp", outer.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for name, conn := range map[string]net.Conn{"Dial": direct, "Forward": forwarded} {
		if _, err := fmt.Fprintln(conn, "ping"); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || line != "ping\n" {
			t.Errorf("%s: %q, %v", name, line, err)
		}
		_ = conn.Close()
	}
	if conn, err := net.Dial("tcp", inside); err == nil {
		t.Error("the server is reached from outside")
		_ = conn.Close()
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// listenInside echoes lines on a port of the namespace.
func listenInside(t *testing.T, path string) string {
	t.Helper()
	listening := make(chan net.Listener, 1)
	go func() {
		defer close(listening)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if err := enter(path); err != nil {
			t.Error(err)
			return
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Error(err)
			return
		}
		listening <- l
	}()
	l, ok := <-listening
	if !ok {
		t.FailNow()
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				line, _ := bufio.NewReader(conn).ReadString('\n')
				_, _ = fmt.Fprint(conn, line)
				_ = conn.Close()
			}()
		}
	}()
	return l.Addr().String()
}
