// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

const subject = "system:serviceaccount:keda:keda-operator"

var now = time.Unix(1_000_000, 0)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// token is signed by sign, which gets what is to be signed.
func token(t *testing.T, alg string, expiry time.Time, sign func([]byte) []byte) string {
	t.Helper()
	header, _ := json.Marshal(map[string]string{"alg": alg, "kid": alg})
	claims, _ := json.Marshal(map[string]any{"sub": subject, "exp": expiry.Unix()})
	text := b64(header) + "." + b64(claims)
	return text + "." + b64(sign([]byte(text)))
}

// issuer publishes a key of each kind and returns how to sign with them.
func issuer(t *testing.T) (Issuer, map[string]func([]byte) []byte) {
	t.Helper()
	rk, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ek, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := ek.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer own" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, `{"keys":[{"kid":"RS256","kty":"RSA","n":%q,"e":"AQAB"},{"kid":"ES256","kty":"EC","crv":"P-256","x":%q,"y":%q}]}`,
			b64(rk.N.Bytes()), b64(point[1:33]), b64(point[33:]))
	}))
	t.Cleanup(server.Close)
	authorize := func(r *http.Request) error { r.Header.Set("Authorization", "Bearer own"); return nil }
	return Issuer{KeysURL: server.URL, Client: server.Client(), Authorize: authorize}, map[string]func([]byte) []byte{
		"RS256": func(b []byte) []byte {
			digest := sha256.Sum256(b)
			s, err := rsa.SignPKCS1v15(rand.Reader, rk, crypto.SHA256, digest[:])
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		"ES256": func(b []byte) []byte {
			digest := sha256.Sum256(b)
			r, s, err := ecdsa.Sign(rand.Reader, ek, digest[:])
			if err != nil {
				t.Fatal(err)
			}
			signature := make([]byte, 64)
			r.FillBytes(signature[:32])
			s.FillBytes(signature[32:])
			return signature
		},
	}
}

func TestSubjectOfGoodTokens(t *testing.T) {
	i, signers := issuer(t)
	for alg, sign := range signers {
		if got, err := i.Subject(t.Context(), token(t, alg, now.Add(time.Minute), sign), now); err != nil || got != subject {
			t.Errorf("%s: %q, %v", alg, got, err)
		}
	}
}

func TestBadTokensAreRefused(t *testing.T) {
	i, signers := issuer(t)
	good := token(t, "RS256", now.Add(time.Minute), signers["RS256"])
	stranger := i
	stranger.Authorize = nil
	for name, test := range map[string]struct {
		issuer Issuer
		token  string
	}{
		"expired":       {i, token(t, "RS256", now, signers["RS256"])},
		"forged":        {i, token(t, "RS256", now.Add(time.Minute), signers["ES256"])},
		"altered":       {i, good[:len(good)-8] + "AAAAAAAA"},
		"unsigned":      {i, token(t, "none", now.Add(time.Minute), func([]byte) []byte { return nil })},
		"no token":      {i, "nonsense"},
		"not decodable": {i, "a.b.c"},
		"keys withheld": {stranger, good},
	} {
		if got, err := test.issuer.Subject(t.Context(), test.token, now); err == nil {
			t.Errorf("%s: accepted as %q", name, got)
		}
	}
}
