// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package httpquery

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity"
	awsidentity "github.com/keda-tf/terraform-provider-keda/controller/internal/identity/aws"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity/azure"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

// signer adds to a request the credentials that have to be fetched or computed.
type signer interface {
	// sign adds them.
	sign(ctx context.Context, req *http.Request) error
	// drop forgets those that a request carried, because the server refused them,
	// and says whether there may be others.
	drop(req *http.Request) bool
}

const bearerPrefix = "Bearer "

// bearer adds an access token.
type bearer struct{ tokens *identity.Tokens }

func (b bearer) sign(ctx context.Context, req *http.Request) error {
	token, err := b.tokens.Token(ctx)
	if err != nil {
		return classify(err)
	}
	req.Header.Set("Authorization", bearerPrefix+token)
	return nil
}

func (b bearer) drop(req *http.Request) bool {
	b.tokens.Drop(strings.TrimPrefix(req.Header.Get("Authorization"), bearerPrefix))
	return true
}

// azureBearer adds an access token of Microsoft Entra ID.
type azureBearer struct {
	credential azcore.TokenCredential
	scope      string
	who        azure.Identity
}

func (b azureBearer) sign(ctx context.Context, req *http.Request) error {
	token, err := b.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{b.scope}})
	if err != nil {
		return classify(azure.Explain(err, b.who))
	}
	req.Header.Set("Authorization", bearerPrefix+token.Token)
	return nil
}

// drop does nothing: the credential gives the same token until it expires.
func (b azureBearer) drop(*http.Request) bool { return false }

// classify marks the refusal of a token as a mistake, if it is one.
func classify(err error) error {
	var refusal *identity.Refusal
	if errors.As(err, &refusal) && refusal.Mistaken() {
		return scaler.Misconfigured(err)
	}
	return err
}

const (
	// managedPrometheus is the name of Amazon Managed Service for Prometheus in
	// signatures.
	managedPrometheus = "aps"
	// noBody is the SHA-256 of nothing.
	noBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// sigV4 signs with AWS Signature Version 4.
type sigV4 struct {
	config aws.Config
	who    awsidentity.Identity
}

func (s sigV4) sign(ctx context.Context, req *http.Request) error {
	credentials, err := s.config.Credentials.Retrieve(ctx)
	if err != nil {
		return s.explain(err)
	}
	return v4.NewSigner().SignHTTP(ctx, credentials, req, noBody, managedPrometheus, s.config.Region, time.Now())
}

// drop does nothing: AWS answers 403 to a wrong signature.
func (s sigV4) drop(*http.Request) bool { return false }

func (s sigV4) explain(err error) error {
	f := awsidentity.Explain(err, s.who)
	if f == nil {
		return fmt.Errorf("getting AWS credentials: %w", err)
	}
	full := fmt.Errorf("getting AWS credentials: %s", f.Text)
	switch {
	case f.Throttled:
		return scaler.Throttled(full, 0)
	case f.Server:
		return full
	}
	return scaler.Misconfigured(full)
}
