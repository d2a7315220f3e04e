// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
)

// identity makes a self-signed certificate for 127.0.0.1 and its key, as PEM.
func identity(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

// TestMutualTLS reads and watches over TLS with a client certificate.
func TestMutualTLS(t *testing.T) {
	cert, key := identity(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"cert.pem": cert, "key.pem": key} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	_ = listener.Close()
	server := source.Redis(t, fmt.Sprintf("tls-port %d", port), "tls-auth-clients yes",
		"tls-cert-file "+filepath.Join(dir, "cert.pem"), "tls-key-file "+filepath.Join(dir, "key.pem"), "tls-ca-cert-file "+filepath.Join(dir, "cert.pem"))
	server.Push("list", 3)

	address := fmt.Sprintf("address=127.0.0.1:%d", port)
	s, queries := open(t, bind(t, "redis", address, "listName=list", "auth.tls=enable", "auth.ca="+cert, "auth.cert="+cert, "auth.key="+key))
	want(t, s.Read(deadline(t), queries), 3)
	n := watch(t, s, queries)
	n.await(queries[0].Key) // the list exists
	server.Push("list", 1)
	n.await(queries[0].Key)

	untrusted, queries := open(t, bind(t, "redis", address, "listName=list", "enableTLS=true"))
	results := untrusted.Read(deadline(t), queries)
	want(t, results, -1)
	if scaler.Classify(results[0].Err) != scaler.ClassMisconfigured {
		t.Errorf("an unknown authority gives %v (%s)", results[0].Err, scaler.Classify(results[0].Err))
	}
	if errors.Is(results[0].Err, os.ErrDeadlineExceeded) {
		t.Error("the handshake timed out")
	}
}
