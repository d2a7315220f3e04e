// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
)

const (
	// sessionName is how assumed roles appear in CloudTrail; KEDA's is the same,
	// and policies may name it.
	sessionName = "KEDA"
	// attempts sends a request a second time when a connection turns out to be
	// stale. All other repetition is the poller's.
	attempts = 2
	// idleTimeout closes connections that nobody has used for so long.
	idleTimeout = 90 * time.Second
	// tokenFileVariable names the file with the service account token that EKS
	// projects into the controller's pod.
	tokenFileVariable = "AWS_WEB_IDENTITY_TOKEN_FILE" //nolint:gosec // a name, no credential
)

// configure loads the SDK's configuration with the identity's credentials. The
// transport is that of the configuration's HTTP client.
func (a access) configure(ctx context.Context) (aws.Config, *http.Transport, error) {
	// The SDK adds the certificate authorities of AWS_CA_BUNDLE to a client of its
	// own only, whose connections cannot be closed; so its transport moves to a
	// plain client afterwards.
	builder := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost, t.IdleConnTimeout = parallel, idleTimeout
	})
	options := []func(*config.LoadOptions) error{
		config.WithRegion(a.region), config.WithHTTPClient(builder), config.WithRetryMaxAttempts(attempts),
		config.WithLogger(logging.Nop{}),
	}
	if a.keyID != "" {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(a.keyID, a.secret, a.token)))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, nil, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	if built, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		builder = built
	}
	transport := builder.GetTransport()
	cfg.HTTPClient = &http.Client{Transport: transport}
	if a.role != "" {
		cfg.Credentials = aws.NewCredentialsCache(newRole(a.identity, cfg))
	}
	return cfg, transport, nil
}

// role assumes a role: with the controller's web identity if it has one and the
// role trusts it, else with its other credentials.
type role struct {
	arn   string
	token aws.CredentialsProvider // nil without a web identity
	chain aws.CredentialsProvider
}

func newRole(who identity, cfg aws.Config) role {
	client := sts.NewFromConfig(cfg)
	r := role{arn: who.role, chain: stscreds.NewAssumeRoleProvider(client, who.role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = sessionName
		if who.externalID != "" {
			o.ExternalID = &who.externalID
		}
	})}
	// A web identity carries no external ID, and a key is an identity already.
	if file := os.Getenv(tokenFileVariable); file != "" && who.externalID == "" && who.keyID == "" {
		r.token = stscreds.NewWebIdentityRoleProvider(client, who.role, stscreds.IdentityTokenFile(file), func(o *stscreds.WebIdentityRoleOptions) {
			o.RoleSessionName = sessionName
		})
	}
	return r
}

// Retrieve returns temporary credentials of the role.
func (r role) Retrieve(ctx context.Context) (aws.Credentials, error) {
	var tokenErr error
	if r.token != nil {
		var c aws.Credentials
		if c, tokenErr = r.token.Retrieve(ctx); tokenErr == nil {
			return c, nil
		}
	}
	c, err := r.chain.Retrieve(ctx)
	if err != nil && tokenErr != nil {
		return c, fmt.Errorf("assuming role %s: %w (and with the web identity: %w)", r.arn, err, tokenErr)
	}
	if err != nil {
		return c, fmt.Errorf("assuming role %s: %w", r.arn, err)
	}
	return c, nil
}
