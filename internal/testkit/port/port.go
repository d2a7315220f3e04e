// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package port finds TCP ports for servers that tests start and that cannot tell
// which port they got.
package port

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
)

// Ports are drawn from below what the kernel gives to outgoing connections (32768
// and up) and beside those of test clusters: nothing takes one between the check and
// the server's start, except another test's draw of the very same.
const (
	first = 10000
	last  = 19999
)

var (
	mu   sync.Mutex
	next = first + rand.IntN(last-first)
)

// Free returns a port of 127.0.0.1 that nothing listens on and that this process has
// not been given lately.
func Free(tb testing.TB) int {
	tb.Helper()
	mu.Lock()
	defer mu.Unlock()
	for range last - first + 1 {
		if next++; next > last {
			next = first
		}
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(next)))
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			tb.Fatal(err)
		}
		return next
	}
	tb.Fatalf("no free port on 127.0.0.1 between %d and %d", first, last)
	return 0
}

// Address is 127.0.0.1 with a Free port.
func Address(tb testing.TB) string {
	tb.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(Free(tb)))
}
