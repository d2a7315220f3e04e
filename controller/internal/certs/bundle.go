// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Keys of the Secret's data, and names of the files when it is mounted.
const (
	caCert  = "ca.crt"
	caKey   = "ca.key"
	tlsCert = "tls.crt"
	tlsKey  = "tls.key"
)

// Bundle is the contents of the Secret, in PEM.
type Bundle struct {
	// CA holds the trusted authorities, the newest first.
	CA []byte
	// CAKey is the private key of the newest authority.
	CAKey []byte
	// Cert and Key are the certificate of the services.
	Cert, Key []byte
}

// FromSecret reads a Bundle from a Secret's data. What is missing is left empty.
func FromSecret(data map[string][]byte) Bundle {
	return Bundle{CA: data[caCert], CAKey: data[caKey], Cert: data[tlsCert], Key: data[tlsKey]}
}

// Data is the reverse of FromSecret.
func (b Bundle) Data() map[string][]byte {
	return map[string][]byte{caCert: b.CA, caKey: b.CAKey, tlsCert: b.Cert, tlsKey: b.Key}
}

// WriteDir writes to dir the files that a pod with the Secret mounted would see,
// for processes outside of a cluster. The authority's key is left out.
func (b Bundle) WriteDir(dir string) error {
	for name, content := range map[string][]byte{caCert: b.CA, tlsCert: b.Cert, tlsKey: b.Key} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return fmt.Errorf("write certificates: %w", err)
		}
	}
	return nil
}

// authority is one that can sign.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// authorities returns all certificates that are trusted, and the one whose key
// we have; own is nil if there is none.
func (b Bundle) authorities() (all []*x509.Certificate, own *authority) {
	all = parseCertificates(b.CA)
	key, err := parseKey(b.CAKey)
	if err != nil {
		return all, nil
	}
	for _, cert := range all {
		if publicKeysEqual(cert.PublicKey, key.Public()) {
			return all, &authority{cert: cert, key: key}
		}
	}
	return all, nil
}

// leaf returns the services' certificate, checked to fit its key.
func (b Bundle) leaf() (*x509.Certificate, error) {
	pair, err := tls.X509KeyPair(b.Cert, b.Key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(pair.Certificate[0])
}

// parseCertificates returns what can be read of the PEM blocks.
func parseCertificates(data []byte) []*x509.Certificate {
	var certs []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
			certs = append(certs, cert)
		}
	}
	return certs
}

// parseKey reads a private key in any of the encodings in use, so that a Secret
// which another tool made goes on being used.
func parseKey(data []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("not a private key") // the parser's error could quote the key
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the private key cannot sign")
	}
	return signer, nil
}

func publicKeysEqual(a, b crypto.PublicKey) bool {
	comparable, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(b)
}

// encode writes certificates as PEM.
func encode(certs ...*x509.Certificate) []byte {
	var out bytes.Buffer
	for _, cert := range certs {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
	}
	return out.Bytes()
}
