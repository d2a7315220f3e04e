// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// Keeper holds the current certificates of one process. Its TLS configurations
// always use the latest. Its methods may be called at the same time.
type Keeper struct {
	current atomic.Pointer[loaded]
	ready   chan struct{}
	once    sync.Once
}

// loaded is a Bundle as TLS servers need it.
type loaded struct {
	bundle Bundle
	cert   tls.Certificate
	roots  *x509.CertPool
}

// NewKeeper returns a Keeper that has no certificates yet.
func NewKeeper() *Keeper { return &Keeper{ready: make(chan struct{})} }

// Load takes up a bundle. The one before it stays in use if this one is broken.
func (k *Keeper) Load(b Bundle) error {
	if now := k.current.Load(); now != nil && bytes.Equal(now.bundle.Cert, b.Cert) && bytes.Equal(now.bundle.CA, b.CA) {
		return nil
	}
	cert, err := tls.X509KeyPair(b.Cert, b.Key)
	if err != nil {
		return fmt.Errorf("load the certificate: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(b.CA) {
		return errors.New("load the certificate: no authority in ca.crt")
	}
	k.current.Store(&loaded{bundle: b, cert: cert, roots: roots})
	k.once.Do(func() { close(k.ready) })
	return nil
}

// Wait returns once there is a certificate, or ctx's error.
func (k *Keeper) Wait(ctx context.Context) error {
	select {
	case <-k.ready:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for certificates: %w", ctx.Err())
	}
}

// Bundle returns what is held, or an error if there is nothing yet.
func (k *Keeper) Bundle() (Bundle, error) {
	now, err := k.now()
	if err != nil {
		return Bundle{}, err
	}
	return now.bundle, nil
}

// ServerTLS is for servers whose clients show no certificate, like the webhook.
func (k *Keeper) ServerTLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			now, err := k.now()
			if err != nil {
				return nil, err
			}
			return &now.cert, nil
		},
	}
}

// MutualTLS is for servers that demand a certificate of the same authority from
// their clients, like the feed.
func (k *Keeper) MutualTLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			now, err := k.now()
			if err != nil {
				return nil, err
			}
			return &tls.Config{
				MinVersion:   tls.VersionTLS13,
				NextProtos:   []string{"h2"},
				Certificates: []tls.Certificate{now.cert},
				ClientAuth:   tls.RequireAndVerifyClientCert,
				ClientCAs:    now.roots,
			}, nil
		},
	}
}

func (k *Keeper) now() (*loaded, error) {
	if now := k.current.Load(); now != nil {
		return now, nil
	}
	return nil, errors.New("no certificate yet")
}

// Follow loads the Secret again and again until ctx ends, and then returns nil.
// Every replica runs it, leader or not; the reader should not be a cache.
func (k *Keeper) Follow(ctx context.Context, reader client.Reader, secret client.ObjectKey) error {
	for {
		interval := steadyInterval
		if err := k.fetch(ctx, reader, secret); err != nil {
			interval = eagerInterval
			log.FromContext(ctx).V(1).Info("No certificates yet", "secret", secret, "reason", err.Error())
		}
		if !sleep(ctx, interval) {
			return nil
		}
	}
}

func (k *Keeper) fetch(ctx context.Context, reader client.Reader, key client.ObjectKey) error {
	var secret corev1.Secret
	if err := reader.Get(ctx, key, &secret); err != nil {
		return fmt.Errorf("read Secret %s: %w", key, err)
	}
	return k.Load(FromSecret(secret.Data))
}

// sleep waits; it returns false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
