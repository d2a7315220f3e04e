// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package scaler

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"

	"github.com/youmark/pkcs8"
)

// TLS holds the TLS settings of a trigger. All texts are PEM; empty means none.
type TLS struct {
	// CA is trusted in addition to the system's certificate authorities.
	CA string
	// Cert and Key identify the client. KeyPassword decrypts Key (PKCS #8, or
	// the older form with a DEK-Info header); it is empty for a plain key.
	Cert, Key, KeyPassword string
	// Insecure accepts any server certificate.
	Insecure bool
}

// Default says that nothing is set, so that a shared connection will do.
func (t TLS) Default() bool { return t == TLS{} }

// Config returns the client configuration. Errors name the parameter at fault.
func (t TLS) Config() (*tls.Config, error) {
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: t.Insecure, //nolint:gosec // the trigger's parameter unsafeSsl asks for it
	}
	if t.CA != "" {
		pool, err := x509.SystemCertPool()
		if err != nil { // no system store, as in a minimal image
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM([]byte(t.CA)) {
			return nil, errors.New(`parameter "ca" holds no PEM certificate`)
		}
		config.RootCAs = pool
	}
	if t.Cert == "" && t.Key == "" {
		return config, nil
	}
	key, err := t.plainKey()
	if err != nil {
		return nil, err
	}
	certificate, err := tls.X509KeyPair([]byte(t.Cert), key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.unpaired(), err)
	}
	config.Certificates = []tls.Certificate{certificate}
	return config, nil
}

// unpaired says that certificate and key do not go together. A wrong password of a
// key in the older form may show here only: its decryption gives something then.
func (t TLS) unpaired() string {
	if t.KeyPassword != "" {
		return `parameters "cert", "key" and "keyPassword" do not give a PEM certificate and its key`
	}
	return `parameters "cert" and "key" are not a PEM certificate and its key`
}

// Settings lists what makes two connections different, for ServerID.
func (t TLS) Settings() []string {
	return []string{t.CA, t.Cert, t.Key, t.KeyPassword, strconv.FormatBool(t.Insecure)}
}

// plainKey returns the key as PEM without a password.
func (t TLS) plainKey() ([]byte, error) {
	if t.KeyPassword == "" {
		return []byte(t.Key), nil
	}
	block, _ := pem.Decode([]byte(t.Key))
	if block == nil {
		return nil, errors.New(`parameter "key" is not PEM`)
	}
	//nolint:staticcheck // weak, but what "openssl rsa -aes256" wrote for decades
	if x509.IsEncryptedPEMBlock(block) {
		der, err := x509.DecryptPEMBlock(block, []byte(t.KeyPassword))
		if err != nil {
			return nil, fmt.Errorf(`parameter "key" cannot be decrypted with "keyPassword": %w`, err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: der}), nil
	}
	der, err := decryptPKCS8(block.Bytes, t.KeyPassword)
	if err != nil {
		return nil, fmt.Errorf(`parameter "key" cannot be decrypted with "keyPassword": %w`, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// decryptPKCS8 recovers, because the library decrypts blocks whose length it has
// not checked, and the key comes from outside.
func decryptPKCS8(der []byte, password string) (plain []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("malformed PKCS #8: %v", r)
		}
	}()
	key, _, err := pkcs8.ParsePrivateKey(der, []byte(password))
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(key)
}
