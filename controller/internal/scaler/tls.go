// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package scaler

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
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

// encryptedPKCS8 is the part of an encrypted key that says what deriving the key of
// its encryption costs. For PBKDF2, Cost is the number of iterations.
type encryptedPKCS8 struct {
	Algorithm struct {
		ID         asn1.ObjectIdentifier
		Parameters struct {
			Derivation struct {
				ID         asn1.ObjectIdentifier
				Parameters struct {
					Salt                []byte
					Cost                int
					BlockSize, Parallel int `asn1:"optional"`
				}
			}
		}
	}
}

const (
	// maxIterations of PBKDF2 take a few seconds. OpenSSL makes 2048.
	maxIterations = 5_000_000
	// maxScrypt is the greatest product of scrypt's parameters N, r and p: 128 MiB of
	// memory. OpenSSL's is an eighth of that.
	maxScrypt = 1 << 20
)

// bearable refuses a key whose author made its decryption take minutes or gigabytes.
func bearable(der []byte) error {
	var key encryptedPKCS8
	if _, err := asn1.Unmarshal(der, &key); err != nil {
		return errors.New("it is not PKCS #8 in the encryption PBES2")
	}
	kdf := key.Algorithm.Parameters.Derivation
	scrypt := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}
	cost, limit := float64(kdf.Parameters.Cost), float64(maxIterations)
	if kdf.ID.Equal(scrypt) {
		cost, limit = cost*float64(kdf.Parameters.BlockSize)*float64(kdf.Parameters.Parallel), maxScrypt
	}
	if cost > limit {
		return errors.New("that would cost too much; encrypt it with fewer iterations, for example with openssl pkcs8 -topk8")
	}
	return nil
}

// decryptPKCS8 recovers, because the library decrypts blocks whose length it has
// not checked, and the key comes from outside.
func decryptPKCS8(der []byte, password string) (plain []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("malformed PKCS #8: %v", r)
		}
	}()
	if err := bearable(der); err != nil {
		return nil, err
	}
	key, _, err := pkcs8.ParsePrivateKey(der, []byte(password))
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(key)
}
