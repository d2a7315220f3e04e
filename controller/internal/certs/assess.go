// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"crypto/x509"
	"fmt"
	"time"
)

// Need is what is due.
type Need struct {
	// Authority asks for a new authority beside the present ones.
	Authority bool
	// Leaf asks for a new certificate of the services, signed by the newest
	// authority.
	Leaf bool
	// Why says why, for the log; empty if nothing is due.
	Why string
}

// Assess decides what is due for a certificate that shall be valid for the
// names. A new authority is announced before it signs anything, so that no
// client ever meets a certificate that it has had no time to trust; only where
// the present certificate is of no use to anybody is there nothing to wait for.
func Assess(now time.Time, b Bundle, names []string) Need {
	all, own := b.authorities()
	leaf, err := b.leaf()
	unusable := ""
	switch {
	case len(b.Cert) == 0:
		unusable = "there is no certificate yet"
	case err != nil:
		unusable = "the certificate cannot be read or does not fit its key"
	default:
		unusable = whyUnusable(now, leaf, all, names)
	}
	var need Need
	switch {
	case own == nil:
		need = Need{Authority: true, Why: "there is no authority that can sign"}
	case now.Before(own.cert.NotBefore):
		need = Need{Authority: true, Why: "the authority is not valid before " + own.cert.NotBefore.Format(time.RFC3339)}
	case due(now, own.cert):
		need = Need{Authority: true, Why: "the authority expires on " + own.cert.NotAfter.Format(time.DateOnly)}
	}
	switch {
	case unusable != "":
		need.Leaf, need.Why = true, unusable
	case need.Authority || now.Before(own.cert.NotBefore.Add(backdate+settle)):
		// The signing authority is not known everywhere yet.
	case due(now, leaf):
		need = Need{Leaf: true, Why: "the certificate expires on " + leaf.NotAfter.Format(time.DateOnly)}
	case leaf.CheckSignatureFrom(own.cert) != nil:
		need = Need{Leaf: true, Why: "the certificate is signed by a superseded authority"}
	}
	return need
}

// due says that two thirds of the certificate's life are over.
func due(now time.Time, cert *x509.Certificate) bool {
	life := cert.NotAfter.Sub(cert.NotBefore)
	return now.After(cert.NotBefore.Add(life / 3 * 2))
}

// whyUnusable says why nobody could use the certificate now; empty if they can.
func whyUnusable(now time.Time, leaf *x509.Certificate, authorities []*x509.Certificate, names []string) string {
	roots := x509.NewCertPool()
	for _, cert := range authorities {
		roots.AddCert(cert)
	}
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		options := x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage}}
		if _, err := leaf.Verify(options); err != nil {
			return fmt.Sprintf("the certificate is not valid: %v", err)
		}
	}
	for _, name := range names {
		if err := leaf.VerifyHostname(name); err != nil {
			return "the certificate is not for " + name
		}
	}
	return ""
}
