// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package oidc checks the tokens of Kubernetes ServiceAccounts as AWS does for roles of pods: by signature, with the
// keys that the cluster publishes, then by expiry and subject. The fake STS of the end-to-end stories uses it, so that
// a token which the cluster has not signed is refused there too. It shares no code with the client.
package oidc

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Issuer is a cluster that signs tokens.
type Issuer struct {
	// KeysURL is where it publishes its keys, such as https://kubernetes.default.svc/openid/v1/jwks.
	KeysURL string
	// Client reaches it.
	Client *http.Client
	// Authorize adds credentials to a request; nil adds none.
	Authorize func(*http.Request) error
}

// Subject is whom a token was issued to, such as system:serviceaccount:keda:keda-operator, or an error when the issuer has
// not signed it or it is no longer valid.
func (i Issuer) Subject(ctx context.Context, token string, now time.Time) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", errors.New("the token is not a JSON web token")
	}
	var header struct{ Alg, Kid string }
	if err := decode(parts[0], &header); err != nil {
		return "", err
	}
	key, err := i.key(ctx, header.Kid)
	if err != nil {
		return "", err
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return "", err
	}
	if !key.signed(header.Alg, parts[0]+"."+parts[1], signature) {
		return "", errors.New("the token is not signed by its issuer")
	}
	var claims struct {
		Sub string
		Exp int64
	}
	if err := decode(parts[1], &claims); err != nil {
		return "", err
	}
	if !now.Before(time.Unix(claims.Exp, 0)) {
		return "", errors.New("the token has expired")
	}
	return claims.Sub, nil
}

// jwk is a public key of the set, of the two kinds that Kubernetes signs with.
type jwk struct{ Kid, Kty, Crv, N, E, X, Y string }

func (i Issuer) key(ctx context.Context, id string) (jwk, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, i.KeysURL, nil)
	if err != nil {
		return jwk{}, err
	}
	if i.Authorize != nil {
		if err := i.Authorize(req); err != nil {
			return jwk{}, err
		}
	}
	resp, err := i.Client.Do(req)
	if err != nil {
		return jwk{}, fmt.Errorf("ask for the issuer's keys: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return jwk{}, fmt.Errorf("ask for the issuer's keys: %s", resp.Status)
	}
	var set struct{ Keys []jwk }
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		return jwk{}, fmt.Errorf("read the issuer's keys: %w", err)
	}
	for _, k := range set.Keys {
		if k.Kid == id {
			return k, nil
		}
	}
	return jwk{}, fmt.Errorf("the issuer has no key %q", id)
}

func (k jwk) signed(alg, text string, signature []byte) bool {
	digest := sha256.Sum256([]byte(text))
	switch {
	case alg == "RS256" && k.Kty == "RSA":
		public := &rsa.PublicKey{N: number(k.N), E: int(number(k.E).Int64())}
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
	case alg == "ES256" && k.Kty == "EC" && k.Crv == "P-256" && len(signature) == 64:
		x, errX := base64.RawURLEncoding.DecodeString(k.X)
		y, errY := base64.RawURLEncoding.DecodeString(k.Y)
		const uncompressed = 4
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{uncompressed}, x, y))
		return errors.Join(errX, errY, err) == nil && ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	}
	return false
}

// number is zero, a key that verifies nothing, when the text is not base64.
func number(text string) *big.Int {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return new(big.Int)
	}
	return new(big.Int).SetBytes(b)
}

func decode(part string, into any) error {
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		return fmt.Errorf("read the token: %w", err)
	}
	return nil
}
