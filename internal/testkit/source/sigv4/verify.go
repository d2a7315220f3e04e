// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package sigv4 checks AWS Signature Version 4 as AWS' documentation describes
// it: every request to a fake AWS service is recomputed from its own bytes and the
// secret key, so that a client that signs wrongly fails here as it would there.
// It shares no code with the client library.
package sigv4

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
	maxSkew    = 15 * time.Minute
)

// Key is what belongs to one access key ID.
type Key struct {
	// Secret is the secret access key.
	Secret string
	// Token is the session token of temporary credentials, or empty.
	Token string
}

// Keys is the set of access keys that fake services accept. The zero value
// accepts none. It may be used by many goroutines.
type Keys struct {
	mu   sync.Mutex
	keys map[string]Key
}

// Add accepts an access key from now on.
func (k *Keys) Add(id string, key Key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil {
		k.keys = map[string]Key{}
	}
	k.keys[id] = key
}

// Remove revokes an access key.
func (k *Keys) Remove(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, id)
}

func (k *Keys) get(id string) (Key, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := k.keys[id]
	return key, ok
}

// Denial is the answer to a request that is not properly signed. Its HTTP status
// is 403.
type Denial struct {
	// Code is AWS' error code, for example "SignatureDoesNotMatch".
	Code string
	// Message explains it.
	Message string
}

func (d *Denial) Error() string { return d.Code + ": " + d.Message }

// scope is the content of an Authorization header.
type scope struct {
	keyID, date, region, service string
	signedHeaders                []string
	signature                    string
}

// Verify reads the request's body, checks the signature against keys, the
// service name and the current time, and returns the body. The error is a
// *Denial unless the body cannot be read.
func Verify(r *http.Request, keys *Keys, service string, now time.Time) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s, denial := parse(r.Header.Get("Authorization"))
	if denial != nil {
		return nil, denial
	}
	key, known := keys.get(s.keyID)
	if !known || key.Token != r.Header.Get("X-Amz-Security-Token") {
		return nil, &Denial{"UnrecognizedClientException", "The security token included in the request is invalid."}
	}
	stamp := r.Header.Get("X-Amz-Date")
	at, err := time.Parse(timeFormat, stamp)
	if err != nil || !strings.HasPrefix(stamp, s.date) || s.service != service {
		return nil, &Denial{"SignatureDoesNotMatch", "Credential should be scoped to the date of X-Amz-Date and to service " + service + "."}
	}
	if skew := now.Sub(at).Abs(); skew > maxSkew {
		return nil, &Denial{"SignatureDoesNotMatch", "Signature expired: " + stamp + " is too far from the server's time."}
	}
	if want := sign(r, body, s, key.Secret, stamp); !hmac.Equal([]byte(want), []byte(s.signature)) {
		return nil, &Denial{"SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided."}
	}
	return body, nil
}

func parse(authorization string) (scope, *Denial) {
	incomplete := &Denial{"IncompleteSignature", "Authorization must hold Credential, SignedHeaders and Signature of " + algorithm + "."}
	rest, ok := strings.CutPrefix(authorization, algorithm+" ")
	if !ok {
		return scope{}, &Denial{"MissingAuthenticationToken", "Request is missing Authentication Token."}
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = value
	}
	credential := strings.Split(fields["Credential"], "/")
	if len(credential) != 5 || credential[4] != "aws4_request" || fields["Signature"] == "" {
		return scope{}, incomplete
	}
	s := scope{
		keyID: credential[0], date: credential[1], region: credential[2], service: credential[3],
		signedHeaders: strings.Split(fields["SignedHeaders"], ";"), signature: fields["Signature"],
	}
	if !slices.Contains(s.signedHeaders, "host") || !slices.Contains(s.signedHeaders, "x-amz-date") {
		return scope{}, incomplete
	}
	return s, nil
}

// sign computes the signature that the request should carry.
func sign(r *http.Request, body []byte, s scope, secret, stamp string) string {
	canonical := strings.Join([]string{
		r.Method,
		canonicalPath(r.URL),
		strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20"),
		canonicalHeaders(r, s.signedHeaders),
		strings.Join(s.signedHeaders, ";"),
		hexSHA256(body),
	}, "\n")
	toSign := strings.Join([]string{
		algorithm, stamp, strings.Join([]string{s.date, s.region, s.service, "aws4_request"}, "/"), hexSHA256([]byte(canonical)),
	}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.date, s.region, s.service, "aws4_request"} {
		key = hmacSHA256(key, part)
	}
	return hex.EncodeToString(hmacSHA256(key, toSign))
}

func canonicalPath(u *url.URL) string {
	if path := u.EscapedPath(); path != "" {
		return path
	}
	return "/"
}

// canonicalHeaders lists the signed headers, each on a line of its own, inner
// spaces collapsed.
func canonicalHeaders(r *http.Request, names []string) string {
	var b strings.Builder
	for _, name := range names {
		values := r.Header.Values(name)
		if name == "host" { // net/http moves it out of the header
			values = []string{r.Host}
		}
		b.WriteString(name + ":")
		for i, value := range values {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strings.Join(strings.Fields(value), " "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func hmacSHA256(key []byte, data string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(data))
	return mac.Sum(nil)
}
