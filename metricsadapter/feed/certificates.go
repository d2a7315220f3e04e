// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package feed

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Names of the files that the Secret of certificates becomes when it is mounted.
const (
	CAFile   = "ca.crt"
	CertFile = "tls.crt"
	KeyFile  = "tls.key"
)

// DirTLS returns the client's TLS configuration made of the files in dir, which
// are read anew on each call. The server's certificate must be for serverName.
func DirTLS(dir, serverName string) func() (*tls.Config, error) {
	return func() (*tls.Config, error) {
		authorities, err := os.ReadFile(filepath.Join(dir, CAFile)) //nolint:gosec // a flag names the directory
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(authorities) {
			return nil, fmt.Errorf("%s has no PEM certificate", filepath.Join(dir, CAFile))
		}
		own, err := tls.LoadX509KeyPair(filepath.Join(dir, CertFile), filepath.Join(dir, KeyFile))
		if err != nil {
			return nil, err
		}
		return &tls.Config{
			MinVersion:   tls.VersionTLS13,
			ServerName:   serverName,
			RootCAs:      pool,
			Certificates: []tls.Certificate{own},
		}, nil
	}
}

// WaitForFiles returns once dir has all certificate files. The Secret may be
// mounted before the controller has written it.
func WaitForFiles(ctx context.Context, dir string) error {
	for {
		missing := firstMissing(dir)
		if missing == nil {
			return nil
		}
		if !errors.Is(missing, fs.ErrNotExist) {
			return missing
		}
		if !sleep(ctx, reconnectMin) {
			return fmt.Errorf("waiting for certificates: %w", missing)
		}
	}
}

func firstMissing(dir string) error {
	for _, name := range []string{CAFile, CertFile, KeyFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}
