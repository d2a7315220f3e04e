// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package sts_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sigv4"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sts"
)

const role = "arn:aws:iam::000000000000:role/reader"

func start(t *testing.T) (*sts.Server, func(id, secret, token string) *awssts.Client) {
	keys := &sigv4.Keys{}
	keys.Add("AKID", sigv4.Key{Secret: "secret"})
	service := sts.New(keys)
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	return service, func(id, secret, token string) *awssts.Client {
		return awssts.New(awssts.Options{
			Region: "eu-west-3", BaseEndpoint: &server.URL, HTTPClient: server.Client(), RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider(id, secret, token),
		})
	}
}

func assume(t *testing.T, client *awssts.Client, externalID *string) (*awssts.AssumeRoleOutput, error) {
	return client.AssumeRole(t.Context(), &awssts.AssumeRoleInput{
		RoleArn: aws.String(role), RoleSessionName: aws.String("KEDA"), ExternalId: externalID,
	})
}

func TestAssumeRole(t *testing.T) {
	service, client := start(t)
	if _, err := assume(t, client("AKID", "secret", ""), nil); denied(err) == "" {
		t.Errorf("an unknown role gives %v, want AccessDenied", err)
	}
	service.AllowRole(role, "tenant")
	if _, err := assume(t, client("AKID", "wrong", ""), aws.String("tenant")); denied(err) == "" {
		t.Errorf("a wrong secret gives %v, want AccessDenied", err)
	}
	if _, err := assume(t, client("AKID", "secret", ""), nil); denied(err) == "" {
		t.Errorf("a missing external ID gives %v, want AccessDenied", err)
	}
	out, err := assume(t, client("AKID", "secret", ""), aws.String("tenant"))
	if err != nil {
		t.Fatal(err)
	}
	// The temporary credentials sign requests themselves.
	c := out.Credentials
	if _, err := assume(t, client(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken), aws.String("tenant")); err != nil {
		t.Errorf("with temporary credentials: %v", err)
	}
}

func TestWebIdentity(t *testing.T) {
	service, client := start(t)
	service.AllowToken("projected", role)
	in := &awssts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String(role), RoleSessionName: aws.String("KEDA"), WebIdentityToken: aws.String("projected"),
	}
	if out, err := client("", "", "").AssumeRoleWithWebIdentity(t.Context(), in); err != nil || *out.Credentials.AccessKeyId == "" {
		t.Errorf("a good token gives %v, %v", out, err)
	}
	in.WebIdentityToken = aws.String("forged")
	if _, err := client("", "", "").AssumeRoleWithWebIdentity(t.Context(), in); denied(err) == "" {
		t.Errorf("a forged token gives %v, want AccessDenied", err)
	}
}

func TestTrustedTokens(t *testing.T) {
	service, client := start(t)
	service.TrustTokens(func(_ *http.Request, token, arn string) bool { return token == "signed" && arn == role })
	for token, want := range map[string]bool{"signed": true, "forged": false} {
		_, err := client("", "", "").AssumeRoleWithWebIdentity(t.Context(), &awssts.AssumeRoleWithWebIdentityInput{
			RoleArn: aws.String(role), RoleSessionName: aws.String("KEDA"), WebIdentityToken: aws.String(token),
		})
		if got := err == nil; got != want {
			t.Errorf("token %q: %v", token, err)
		}
	}
}

// denied returns the message of an AccessDenied error and "" for all others.
func denied(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "AccessDenied" {
		return api.ErrorMessage()
	}
	return ""
}
