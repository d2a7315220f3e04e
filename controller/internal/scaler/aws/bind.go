// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package aws reads triggers whose source is an AWS service: aws-sqs-queue. One
// client serves all queues of a region, endpoint and identity. It is the only
// package that imports the AWS SDK.
package aws

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// Bind binds the trigger aws-sqs-queue.
func Bind(decoded trigger.Decoded, env scaler.Env) (scaler.Binding, error) {
	t, ok := decoded.Trigger.(*trigger.AWSSQSQueue)
	if !ok {
		return scaler.Binding{}, fmt.Errorf("trigger %q does not measure an SQS queue", decoded.Type)
	}
	who, err := identify(t.AWSAuth, env.PodIdentity)
	if err != nil {
		return scaler.Binding{}, err
	}
	address := "SQS in " + t.Region
	if t.Endpoint != "" {
		u, err := url.Parse(t.Endpoint)
		if err != nil {
			return scaler.Binding{}, errors.New(`parameter "awsEndpoint" is not a URL`)
		}
		address += " at " + u.Scheme + "://" + u.Host
	}
	a := access{region: t.Region, endpoint: t.Endpoint, identity: who}
	return scaler.Binding{
		Server:  scaler.ServerID("aws-sqs", address, a.settings()...),
		Address: address,
		Query:   scaler.Query{Key: decoded.Fingerprint, Trigger: t},
		Timeout: env.HTTPTimeout,
		Open: func(ctx context.Context) (scaler.Source, error) {
			return openSQS(ctx, a, address)
		},
	}, nil
}

// identity says as whom to sign requests. The zero value is the controller's own
// identity: whatever the SDK finds in its environment.
type identity struct {
	keyID, secret, token string // a key, or empty
	role, externalID     string // a role to assume with it, or empty
}

// access is what a client depends on.
type access struct {
	region, endpoint string
	identity
}

func (a access) settings() []string {
	return []string{a.endpoint, a.keyID, a.secret, a.token, a.role, a.externalID}
}

// identify picks the identity that a trigger and its TriggerAuthentication ask
// for.
func identify(auth trigger.AWSAuth, pod *v1alpha1.AuthPodIdentity) (identity, error) {
	switch {
	case pod != nil && (pod.Provider == v1alpha1.PodIdentityProviderAws || pod.Provider == v1alpha1.PodIdentityProviderAwsEKS):
		who := identity{role: auth.RoleARN}
		if who.role == "" && pod.RoleArn != nil {
			who.role = *pod.RoleArn
		}
		if pod.ExternalID != nil {
			who.externalID = *pod.ExternalID
		}
		return who, nil
	case auth.IdentityOwner == "operator":
		return identity{}, nil
	case auth.RoleARN == "" && auth.AccessKeyID == "":
		return identity{}, errors.New(`there are no AWS credentials: use a TriggerAuthentication with podIdentity provider "aws", ` +
			`or with the parameters "awsAccessKeyID" and "awsSecretAccessKey" or "awsRoleArn", or set "identityOwner" to "operator"`)
	}
	return identity{keyID: auth.AccessKeyID, secret: auth.SecretAccessKey, token: auth.SessionToken, role: auth.RoleARN}, nil
}
