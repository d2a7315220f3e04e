// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Internet returns a transport that reaches handlers under their host names over
// TLS, so that a client library can ask the real names of a cloud. All other names
// answer 421.
func Internet(tb testing.TB, hosts map[string]http.Handler) *http.Transport {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if handler := hosts[host]; handler != nil {
			handler.ServeHTTP(w, r)
			return
		}
		http.Error(w, "nobody serves "+r.Host, http.StatusMisdirectedRequest)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	var dialer net.Dialer
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, server.Listener.Addr().String())
		},
		// The server's certificate is made out to this name.
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12},
	}
	tb.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	return transport
}
