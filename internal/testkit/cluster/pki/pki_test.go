// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"testing"
)

func issue(t *testing.T, a *Authority, r Request) *x509.Certificate {
	t.Helper()
	p, err := a.Issue(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.X509KeyPair(p.Cert, p.Key); err != nil {
		t.Fatalf("certificate and key do not belong together: %v", err)
	}
	block, _ := pem.Decode(p.Cert)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestIssuedCertificatesServeOnlyTheirPurpose(t *testing.T) {
	ours, err := NewAuthority("cluster-ca")
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewAuthority("cluster-ca")
	if err != nil {
		t.Fatal(err)
	}
	server := issue(t, ours, Request{CommonName: "kube-apiserver", Hosts: []string{"localhost", "127.0.0.1"}})
	client := issue(t, ours, Request{CommonName: "admin", Organizations: []string{"system:masters"}})
	roots := func(a *Authority) *x509.CertPool {
		p := x509.NewCertPool()
		p.AppendCertsFromPEM(a.Cert)
		return p
	}
	as := func(a *Authority, host string, use x509.ExtKeyUsage) x509.VerifyOptions {
		return x509.VerifyOptions{Roots: roots(a), DNSName: host, KeyUsages: []x509.ExtKeyUsage{use}}
	}
	for _, tc := range []struct {
		name string
		cert *x509.Certificate
		opts x509.VerifyOptions
		ok   bool
	}{
		{"server by name", server, as(ours, "localhost", x509.ExtKeyUsageServerAuth), true},
		{"server by address", server, as(ours, "127.0.0.1", x509.ExtKeyUsageServerAuth), true},
		{"server under another name", server, as(ours, "example.org", x509.ExtKeyUsageServerAuth), false},
		{"server as client", server, as(ours, "", x509.ExtKeyUsageClientAuth), false},
		{"client", client, as(ours, "", x509.ExtKeyUsageClientAuth), true},
		{"client as server", client, as(ours, "", x509.ExtKeyUsageServerAuth), false},
		{"another authority of the same name", client, as(other, "", x509.ExtKeyUsageClientAuth), false},
	} {
		if _, err := tc.cert.Verify(tc.opts); (err == nil) != tc.ok {
			t.Errorf("%s: verified = %v, want %v (%v)", tc.name, err == nil, tc.ok, err)
		}
	}
	if !slices.Equal(client.Subject.Organization, []string{"system:masters"}) || client.Subject.CommonName != "admin" {
		t.Errorf("the client is %v", client.Subject)
	}
}

func TestKeyPair(t *testing.T) {
	p, err := NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	pub, _ := pem.Decode(p.Cert)
	key, _ := pem.Decode(p.Key)
	k, err := x509.ParseECPrivateKey(key.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParsePKIXPublicKey(pub.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !k.PublicKey.Equal(parsed) {
		t.Error("the public key is not that of the private key")
	}
}
