// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package fault_test

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo starts a server that sends back what it gets.
func echo(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return listener.Addr().String()
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// say sends one byte and waits for its echo.
func say(conn net.Conn, patience time.Duration) error {
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("x")); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, make([]byte, 1))
	return err
}

func TestForwardsAndDelays(t *testing.T) {
	proxy := fault.NewProxy(t, echo(t))
	conn := dial(t, proxy.Address())
	if err := say(conn, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	proxy.Latency(50 * time.Millisecond)
	start := time.Now()
	if err := say(conn, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 50*time.Millisecond {
		t.Errorf("answer after %v, want at least 50ms", took)
	}
	if n := proxy.Accepted(); n != 1 {
		t.Errorf("Accepted() = %d, want 1", n)
	}
}

func TestBlackHoleSwallowsUntilHealed(t *testing.T) {
	proxy := fault.NewProxy(t, echo(t))
	conn := dial(t, proxy.Address())
	proxy.BlackHole()
	if err := say(conn, 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error in a black hole is %v, want a time-out", err)
	}
	proxy.Heal()
	if err := say(dial(t, proxy.Address()), 5*time.Second); err != nil {
		t.Errorf("after healing: %v", err)
	}
}

func TestResetAborts(t *testing.T) {
	proxy := fault.NewProxy(t, echo(t))
	conn := dial(t, proxy.Address())
	if err := say(conn, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	proxy.Reset()
	if err := say(conn, 5*time.Second); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		t.Errorf("error after a reset is %v, want connection reset", err)
	}
	if err := say(dial(t, proxy.Address()), 5*time.Second); err != nil {
		t.Errorf("new connection after a reset: %v", err)
	}
}

func TestCutRefusesUntilHealed(t *testing.T) {
	proxy := fault.NewProxy(t, echo(t))
	conn := dial(t, proxy.Address())
	proxy.Cut()
	if err := say(conn, 5*time.Second); err == nil {
		t.Error("an open connection survived the cut")
	}
	if _, err := net.Dial("tcp", proxy.Address()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dialling a cut proxy gives %v, want connection refused", err)
	}
	proxy.Heal()
	if err := say(dial(t, proxy.Address()), 5*time.Second); err != nil {
		t.Errorf("after healing: %v", err)
	}
}
