// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package certs

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
	"time"
)

// Renew makes what is needed. Authorities that have not expired stay trusted.
func Renew(now time.Time, b Bundle, names []string, need Need) (Bundle, error) {
	all, own := b.authorities()
	if need.Authority {
		fresh, err := newAuthority(now)
		if err != nil {
			return b, fmt.Errorf("make a certificate authority: %w", err)
		}
		trusted := []*x509.Certificate{fresh.cert}
		for _, cert := range all {
			if now.Before(cert.NotAfter) {
				trusted = append(trusted, cert)
			}
		}
		b.CA = encode(trusted...)
		if b.CAKey, err = encodeKey(fresh.key); err != nil {
			return b, err
		}
		own = fresh
	}
	if !need.Leaf {
		return b, nil
	}
	if own == nil {
		return b, errors.New("make a certificate: no authority to sign it")
	}
	return b.withLeaf(now, names, own)
}

func (b Bundle) withLeaf(now time.Time, names []string, signer *authority) (Bundle, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return b, fmt.Errorf("make a certificate: %w", err)
	}
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: names[0], Organization: signer.cert.Subject.Organization},
		DNSNames:    names,
		NotBefore:   now.Add(-backdate),
		NotAfter:    now.Add(leafLife),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	cert, err := sign(template, signer.cert, key.Public(), signer.key)
	if err != nil {
		return b, fmt.Errorf("make a certificate: %w", err)
	}
	b.Cert = encode(cert)
	b.Key, err = encodeKey(key)
	return b, err
}

func newAuthority(now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		// The year tells authorities apart in a listing.
		Subject:               pkix.Name{CommonName: now.UTC().Format("KEDA 2006"), Organization: []string{"KEDAORG"}},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(authorityLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	cert, err := sign(template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &authority{cert: cert, key: key}, nil
}

func sign(template, parent *x509.Certificate, public, private any) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, private)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func encodeKey(key any) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, errors.New("encode a private key") // no detail of a key
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
