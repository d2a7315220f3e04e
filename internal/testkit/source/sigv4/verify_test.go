// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package sigv4_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sigv4"
)

// send signs a request with AWS' own signer, lets change tamper with it, sends
// it over a real connection and returns what Verify says.
func send(t *testing.T, credentials aws.Credentials, at time.Time, change func(*http.Request)) (body string, err error) {
	t.Helper()
	keys := &sigv4.Keys{}
	keys.Add("AKID", sigv4.Key{Secret: "secret"})
	keys.Add("ASIA", sigv4.Key{Secret: "secret", Token: "session"})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var b []byte
		b, err = sigv4.Verify(r, keys, "sqs", time.Now())
		body = string(b)
	}))
	defer server.Close()
	req, _ := http.NewRequest(http.MethodPost, server.URL+"/a%20path/?b=2&a=x%20y", strings.NewReader(`{"k":1}`))
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", "AmazonSQS.GetQueueUrl")
	sum := sha256.Sum256([]byte(`{"k":1}`))
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err := signer.SignHTTP(context.Background(), credentials, req, hex.EncodeToString(sum[:]), "sqs", "eu-west-3", at); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(req)
	}
	resp, doErr := server.Client().Do(req)
	if doErr != nil {
		t.Fatal(doErr)
	}
	_ = resp.Body.Close()
	return body, err
}

func TestVerify(t *testing.T) {
	long := aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}
	session := aws.Credentials{AccessKeyID: "ASIA", SecretAccessKey: "secret", SessionToken: "session"}
	tests := map[string]struct {
		credentials aws.Credentials
		age         time.Duration
		change      func(*http.Request)
		code        string
	}{
		"good":                  {credentials: long},
		"good session":          {credentials: session},
		"wrong secret":          {credentials: aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "Secret"}, code: "SignatureDoesNotMatch"},
		"unknown key":           {credentials: aws.Credentials{AccessKeyID: "nobody", SecretAccessKey: "secret"}, code: "UnrecognizedClientException"},
		"missing session token": {credentials: aws.Credentials{AccessKeyID: "ASIA", SecretAccessKey: "secret"}, code: "UnrecognizedClientException"},
		"old":                   {credentials: long, age: time.Hour, code: "SignatureDoesNotMatch"},
		"unsigned":              {credentials: long, change: func(r *http.Request) { r.Header.Del("Authorization") }, code: "MissingAuthenticationToken"},
		"another query":         {credentials: long, change: func(r *http.Request) { r.URL.RawQuery = "a=z" }, code: "SignatureDoesNotMatch"},
		"another header":        {credentials: long, change: func(r *http.Request) { r.Header.Set("X-Amz-Target", "AmazonSQS.SendMessage") }, code: "SignatureDoesNotMatch"},
		"another body": {credentials: long, change: func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(`{"k":2}`)), 7
		}, code: "SignatureDoesNotMatch"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			body, err := send(t, test.credentials, time.Now().Add(-test.age), test.change)
			var denial *sigv4.Denial
			switch {
			case test.code == "" && (err != nil || body != `{"k":1}`):
				t.Errorf("got body %q, error %v", body, err)
			case test.code != "" && (!errors.As(err, &denial) || denial.Code != test.code):
				t.Errorf("got error %v, want %s", err, test.code)
			}
		})
	}
}
