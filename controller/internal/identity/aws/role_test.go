// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity/aws"
)

// hung is STS that does not answer to a web identity.
type hung struct{ asked []string }

// RoundTrip implements http.RoundTripper.
func (h *hung) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	h.asked = append(h.asked, form.Get("Action"))
	if form.Get("Action") == "AssumeRoleWithWebIdentity" {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(strings.NewReader(
		`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>` +
			`<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>` +
			`<Expiration>` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `</Expiration>` +
			`</Credentials></AssumeRoleResult></AssumeRoleResponse>`))}, nil
}

// TestWebIdentityThatHangs: the role is assumed by the other credentials when the
// web identity takes too long, and nobody waits for ever.
func TestWebIdentityThatHangs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("jwt"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_WEB_IDENTITY_TOKEN_FILE": file, "AWS_ROLE_ARN": "arn:aws:iam::1:role/own", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	synctest.Test(t, func(t *testing.T) {
		sts := &hung{}
		cfg, err := aws.Config(t.Context(), "eu-west-3", aws.Identity{Role: "arn:aws:iam::1:role/reader"}, sts)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		got, err := cfg.Credentials.Retrieve(t.Context())
		if err != nil || got.AccessKeyID != "ASIA" || time.Since(began) > 6*time.Second {
			t.Errorf("after %s: key %q, error %v; asked for %q", time.Since(began), got.AccessKeyID, err, sts.asked)
		}
	})
}

// TestRequestsEnd: the SDK asks for the controller's own credentials in a context
// without end, and all who need them wait for the one request.
func TestRequestsEnd(t *testing.T) {
	cfg, err := aws.Config(t.Context(), "eu-west-3", aws.Identity{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if client, ok := cfg.HTTPClient.(*awshttp.BuildableClient); !ok || client.GetTimeout() <= 0 {
		t.Errorf("requests of %T have no end", cfg.HTTPClient)
	}
}
