// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package httpquery

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// TestAServerThatHangsInTheHandshakeKeepsNoConnections: the request ends with its
// deadline, but the library goes on with the handshake for the next one.
func TestAServerThatHangsInTheHandshakeKeepsNoConnections(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	b, err := Bind(trigger.Decoded{Type: "metrics-api", Fingerprint: "f", Trigger: &trigger.MetricsAPI{
		URL: "https://" + listener.Addr().String(), Format: "json", ValueLocation: "n", UnsafeSSL: true, Timeout: 10 * time.Millisecond,
	}}, scaler.Env{})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := b.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.Close() }()
	s, ok := opened.(*source)
	if !ok {
		t.Fatalf("opened a %T", opened)
	}
	// No limit stays none; any other need not be waited for.
	s.own.TLSHandshakeTimeout = min(s.own.TLSHandshakeTimeout, 10*time.Millisecond)
	if r := s.Ask(t.Context(), b.Query); r.Err == nil {
		t.Fatal("a server that says nothing has answered")
	}
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Errorf("the connection is still open: %v", err)
	}
}
