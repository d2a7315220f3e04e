// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package netns makes network namespaces and reaches into them: it dials from inside one and forwards connections into
// it. A namespace is known by the file that it is mounted on. The full development cluster lives in one; the cluster and
// the netfwd program use the package. Everything needs root.
package netns

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// Create makes a network namespace and mounts it on a new file at path, which keeps it until it is unmounted.
func Create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDONLY, 0o444)
	if err != nil {
		return fmt.Errorf("make the file of a network namespace: %w", err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked, as in Dial
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("make a network namespace: %w", err)
			return
		}
		if err := unix.Mount("/proc/thread-self/ns/net", path, "", unix.MS_BIND, ""); err != nil {
			done <- fmt.Errorf("mount a network namespace on %s: %w", path, err)
			return
		}
		done <- nil
	}()
	return <-done
}

// Dial connects over TCP to address (host and port; the host must be an IP address) from inside the namespace.
//
// A socket belongs for life to the namespace of the thread that made it. So a thread is moved, makes the socket and is
// thrown away with its goroutine, instead of moving back a thread that other goroutines go on to use.
func Dial(ctx context.Context, path, address string) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if err := enter(path); err != nil {
			done <- result{err: err}
			return
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		done <- result{conn, err}
	}()
	r := <-done
	return r.conn, r.err
}

func enter(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open network namespace: %w", err)
	}
	defer f.Close()
	if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter network namespace %s: %w", path, err)
	}
	return nil
}

// Forward passes every connection that l accepts on to address inside the namespace, until ctx is done.
func Forward(ctx context.Context, l net.Listener, path, address string) error {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	for {
		outer, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept on %s: %w", l.Addr(), err)
		}
		go func() {
			defer outer.Close()
			inner, err := Dial(ctx, path, address)
			if err != nil {
				return // closing the outer connection tells the client
			}
			defer inner.Close()
			stop := context.AfterFunc(ctx, func() { _ = errors.Join(outer.Close(), inner.Close()) })
			defer stop()
			join(outer, inner)
		}()
	}
}

// join copies both ways until both sides have ended, and passes on the end of each direction by itself.
func join(a, b net.Conn) {
	var wg sync.WaitGroup
	for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
		wg.Go(func() {
			_, _ = io.Copy(pair[0], pair[1])
			if w, ok := pair[0].(interface{ CloseWrite() error }); ok {
				_ = w.CloseWrite()
			}
		})
	}
	wg.Wait()
}
