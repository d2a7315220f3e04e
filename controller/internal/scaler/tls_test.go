// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package scaler_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/youmark/pkcs8"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

func text(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// pair makes a self-signed certificate and its key.
func pair(t *testing.T) (cert string, key *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return text("CERTIFICATE", der), key
}

func TestTLSConfig(t *testing.T) {
	cert, key := pair(t)
	plain, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	encrypted, err := pkcs8.MarshalPrivateKey(key, []byte("pw"), nil)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	//nolint:staticcheck // the old form is what is tested
	old, err := x509.EncryptPEMBlock(rand.Reader, "EC PRIVATE KEY", sec1, []byte("pw"), x509.PEMCipherAES256)
	if err != nil {
		t.Fatal(err)
	}
	_, foreign := pair(t)
	foreignDER, err := x509.MarshalPKCS8PrivateKey(foreign)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		settings scaler.TLS
		err      string
	}{
		"nothing":          {settings: scaler.TLS{}},
		"CA":               {settings: scaler.TLS{CA: cert}},
		"no CA":            {settings: scaler.TLS{CA: "junk"}, err: `"ca"`},
		"key":              {settings: scaler.TLS{Cert: cert, Key: text("PRIVATE KEY", plain)}},
		"encrypted":        {settings: scaler.TLS{Cert: cert, Key: text("ENCRYPTED PRIVATE KEY", encrypted), KeyPassword: "pw"}},
		"encrypted once":   {settings: scaler.TLS{Cert: cert, Key: string(pem.EncodeToMemory(old)), KeyPassword: "pw"}},
		"wrong password":   {settings: scaler.TLS{Cert: cert, Key: text("ENCRYPTED PRIVATE KEY", encrypted), KeyPassword: "guess"}, err: `"keyPassword"`},
		"wrong old one":    {settings: scaler.TLS{Cert: cert, Key: string(pem.EncodeToMemory(old)), KeyPassword: "guess"}, err: `"keyPassword"`},
		"torn":             {settings: scaler.TLS{Cert: cert, Key: text("ENCRYPTED PRIVATE KEY", encrypted[:len(encrypted)-3]), KeyPassword: "pw"}, err: `"keyPassword"`},
		"no PEM":           {settings: scaler.TLS{Cert: cert, Key: "junk", KeyPassword: "pw"}, err: `"key" is not PEM`},
		"another's key":    {settings: scaler.TLS{Cert: cert, Key: text("PRIVATE KEY", foreignDER)}, err: `"cert" and "key"`},
		"certificate only": {settings: scaler.TLS{Cert: cert}, err: `"cert" and "key"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			config, err := test.settings.Config()
			checkTLS(t, test.settings, config, err, test.err)
		})
	}
}

// TestKeysThatTakeMinutesToDecryptAreRefused raises the parameters of a key's
// encryption in place.
func TestKeysThatTakeMinutesToDecryptAreRefused(t *testing.T) {
	cert, key := pair(t)
	for name, test := range map[string]struct {
		options pkcs8.KDFOpts
		number  []byte // of the options, in DER
	}{
		"PBKDF2": {pkcs8.PBKDF2Opts{SaltSize: 8, IterationCount: 0x10001, HMACHash: crypto.SHA256}, []byte{2, 3, 1, 0, 1}},
		"scrypt": {pkcs8.ScryptOpts{SaltSize: 8, CostParameter: 0x10000, BlockSize: 1, ParallelizationParameter: 1}, []byte{2, 3, 1, 0, 0}},
	} {
		der, err := pkcs8.MarshalPrivateKey(key, []byte("pw"), &pkcs8.Opts{Cipher: pkcs8.AES256CBC, KDFOpts: test.options})
		if err != nil {
			t.Fatal(err)
		}
		settings := scaler.TLS{Cert: cert, Key: text("ENCRYPTED PRIVATE KEY", der), KeyPassword: "pw"}
		if _, err := settings.Config(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		der[bytes.Index(der, test.number)+2] = 0x7f
		settings.Key = text("ENCRYPTED PRIVATE KEY", der)
		if _, err := settings.Config(); err == nil || !strings.Contains(err.Error(), `"key"`) || !strings.Contains(err.Error(), "fewer iterations") {
			t.Errorf("%s with a great number: %v", name, err)
		}
	}
}

func checkTLS(t *testing.T, settings scaler.TLS, config *tls.Config, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Error(err)
	case want == "" && len(config.Certificates) != min(1, len(settings.Cert)):
		t.Errorf("%d certificates", len(config.Certificates))
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("got error %v, want one with %q", err, want)
	case err != nil && strings.Contains(err.Error(), "guess"):
		t.Errorf("the error shows the password: %v", err)
	}
}
