// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	// sessionName is how assumed roles appear in CloudTrail; KEDA's is the same,
	// and policies may name it.
	sessionName = "KEDA"
	// webIdentityTimeout and assumeTimeout bound the two ways to a role. The context
	// has no end of its own, because several may wait for the outcome.
	webIdentityTimeout, assumeTimeout = 5 * time.Second, 10 * time.Second
	// expiryWindow is how long before its end a role is assumed again.
	expiryWindow = 5 * time.Minute
	// tokenFileVariable names the file with the service account token that EKS
	// projects into the controller's pod.
	tokenFileVariable = "AWS_WEB_IDENTITY_TOKEN_FILE" //nolint:gosec // a name, no credential
)

// role assumes a role: with the controller's web identity if it has one and the
// role trusts it, else with its other credentials.
type role struct {
	arn   string
	token aws.CredentialsProvider // nil without a web identity
	chain aws.CredentialsProvider
}

func newRole(who Identity, cfg aws.Config) role {
	client := sts.NewFromConfig(cfg)
	r := role{arn: who.Role, chain: stscreds.NewAssumeRoleProvider(client, who.Role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = sessionName
		if who.ExternalID != "" {
			o.ExternalID = &who.ExternalID
		}
	})}
	// A web identity carries no external ID, and a key is an identity already.
	if file := os.Getenv(tokenFileVariable); file != "" && who.ExternalID == "" && who.KeyID == "" {
		r.token = stscreds.NewWebIdentityRoleProvider(client, who.Role, stscreds.IdentityTokenFile(file), func(o *stscreds.WebIdentityRoleOptions) {
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
		if c, tokenErr = within(ctx, webIdentityTimeout, r.token); tokenErr == nil {
			return c, nil
		}
	}
	c, err := within(ctx, assumeTimeout, r.chain)
	if err != nil && tokenErr != nil {
		return c, fmt.Errorf("assuming role %s: %w (and with the web identity: %w)", r.arn, err, tokenErr)
	}
	if err != nil {
		return c, fmt.Errorf("assuming role %s: %w", r.arn, err)
	}
	return c, nil
}

func within(ctx context.Context, limit time.Duration, from aws.CredentialsProvider) (aws.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return from.Retrieve(ctx)
}
