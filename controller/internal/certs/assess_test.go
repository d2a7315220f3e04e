// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	start = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	names = DNSNames("keda", "", "keda-operator", "keda-metrics-apiserver", "keda-admission-webhooks")
)

// step does what is due at now.
func step(t *testing.T, now time.Time, b Bundle) (Bundle, Need) {
	t.Helper()
	need := Assess(now, b, names)
	if need.Authority || need.Leaf {
		if need.Why == "" {
			t.Fatalf("%s: %+v gives no reason", now, need)
		}
		renewed, err := Renew(now, b, names, need)
		if err != nil {
			t.Fatalf("%s: renew: %v", now, err)
		}
		b = renewed
	}
	return b, need
}

// trusts fails the test unless a client that holds the bundle accepts the
// certificate of the server that holds the other.
func trusts(t *testing.T, now time.Time, client, server Bundle) {
	t.Helper()
	leaf, err := server.leaf()
	if err != nil {
		t.Fatalf("%s: %v", now, err)
	}
	if why := whyUnusable(now, leaf, parseCertificates(client.CA), names); why != "" {
		t.Fatalf("%s: %s", now, why)
	}
}

func TestDNSNames(t *testing.T) {
	got := DNSNames("ns", "", "a", "b")
	want := []string{"a", "a.ns", "a.ns.svc", "a.ns.svc.cluster.local", "b", "b.ns", "b.ns.svc", "b.ns.svc.cluster.local"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := DNSNames("ns", "corp", "a")[3]; got != "a.ns.svc.corp" {
		t.Errorf("own domain: %s", got)
	}
}

// TestThirtyYears steps through three authorities and dozens of certificates,
// and lets a client lag behind by ten minutes all the time.
func TestThirtyYears(t *testing.T) {
	const lag = 10 * time.Minute
	b, need := step(t, start, Bundle{})
	if !need.Authority || !need.Leaf {
		t.Fatalf("nothing there: %+v", need)
	}
	leaves, authorities := 1, 1
	settling := false
	for now := start; now.Before(start.AddDate(30, 0, 0)); {
		if settling { // hours matter while an authority settles
			now = now.Add(20 * time.Minute)
		} else {
			now = now.Add(7 * 24 * time.Hour)
		}
		before := b
		b, need = step(t, now, before)
		trusts(t, now.Add(lag), before, b) // the client lags behind the server
		trusts(t, now.Add(lag), b, before) // the server lags behind the client
		if need.Leaf {
			leaves++
			settling = false
		}
		if need.Authority {
			authorities++
			settling = true
			if need.Leaf {
				t.Fatalf("%s: signed with an authority that nobody knows yet", now)
			}
		}
	}
	if authorities != 5 { // one, and another every 6 2/3 years
		t.Errorf("%d authorities", authorities)
	}
	if leaves < 30*365/251 || leaves > 30*365/243+2*authorities {
		t.Errorf("%d certificates in 30 years", leaves)
	}
	if all, _ := b.authorities(); len(all) > 2 {
		t.Errorf("%d authorities are still trusted: the expired ones were kept", len(all))
	}
}

func TestAssessReasons(t *testing.T) {
	good, _ := step(t, start, Bundle{})
	other, _ := step(t, start, Bundle{})
	afterSettling := start.Add(2 * time.Hour)
	with := func(change func(*Bundle)) Bundle {
		b := good
		change(&b)
		return b
	}
	tests := []struct {
		name   string
		now    time.Time
		bundle Bundle
		names  []string
		want   Need
	}{
		{"in order", afterSettling, good, names, Need{}},
		{"empty", start, Bundle{}, names, Need{Authority: true, Leaf: true, Why: "there is no certificate yet"}},
		{"garbage certificate", start, with(func(b *Bundle) { b.Cert = []byte("x") }), names,
			Need{Leaf: true, Why: "cannot be read"}},
		{"another's key", start, with(func(b *Bundle) { b.Key = other.Key }), names,
			Need{Leaf: true, Why: "does not fit its key"}},
		{"another's authority", start, with(func(b *Bundle) { b.CA, b.CAKey = other.CA, other.CAKey }), names,
			Need{Leaf: true, Why: "not valid"}},
		{"authority without key", afterSettling, with(func(b *Bundle) { b.CAKey = nil }), names,
			Need{Authority: true, Why: "no authority that can sign"}},
		{"new service", afterSettling, good, append(names, "more.keda.svc"), Need{Leaf: true, Why: "not for more.keda.svc"}},
		{"two thirds of a year", start.AddDate(0, 8, 5), good, names, Need{Leaf: true, Why: "expires on 2027-08-01"}},
		{"expired", start.AddDate(1, 0, 1), good, names, Need{Leaf: true, Why: "expired"}},
		{"old authority", start.AddDate(7, 0, 0), good, names, Need{Authority: true, Leaf: true, Why: "expired"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Assess(tt.now, tt.bundle, tt.names)
			if got.Authority != tt.want.Authority || got.Leaf != tt.want.Leaf || !strings.Contains(got.Why, tt.want.Why) ||
				(got.Why == "") != (tt.want.Why == "") {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestMadeByAClockThatWasAhead: where the clock was hours ahead that the authority was
// made by, there is a new one, rather than a certificate after the other that nobody
// accepts.
func TestMadeByAClockThatWasAhead(t *testing.T) {
	b, _ := step(t, start.Add(3*time.Hour), Bundle{})
	b, need := step(t, start, b)
	if !need.Authority || !need.Leaf {
		t.Errorf("an authority that is not valid before three hours are over: %+v", need)
	}
	trusts(t, start.Add(time.Minute), b, b)
	for now := start; now.Before(start.Add(24 * time.Hour)); now = now.Add(time.Minute) {
		if b, need = step(t, now, b); need != (Need{}) {
			t.Fatalf("%s later: %+v", now.Sub(start), need)
		}
	}
}

// TestAdoptsAnothersSecret takes over what an upstream installation left:
// RSA keys, PKCS #1, valid for years.
func TestAdoptsAnothersSecret(t *testing.T) {
	foreign := func(isCA bool, parent *authority) (*authority, []byte) {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "KEDA"}, DNSNames: names,
			NotBefore: start.AddDate(-1, 0, 0), NotAfter: start.AddDate(9, 0, 0),
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		}
		if isCA {
			template.IsCA, template.BasicConstraintsValid, template.KeyUsage, template.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
			parent = &authority{cert: template, key: key}
		}
		cert, err := sign(template, parent.cert, key.Public(), parent.key)
		if err != nil {
			t.Fatal(err)
		}
		return &authority{cert: cert, key: key},
			pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	}
	ca, caKeyPEM := foreign(true, nil)
	leaf, keyPEM := foreign(false, ca)
	b := Bundle{CA: encode(ca.cert), CAKey: caKeyPEM, Cert: encode(leaf.cert), Key: keyPEM}
	if need := Assess(start, b, names); need != (Need{}) {
		t.Fatalf("a valid foreign Secret: %+v", need)
	}
	later := start.AddDate(6, 0, 0)
	renewed, need := step(t, later, b)
	if !need.Authority || need.Leaf {
		t.Fatalf("after two thirds of its life: %+v", need)
	}
	trusts(t, later, renewed, b)
}
