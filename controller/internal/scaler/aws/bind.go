// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package aws reads triggers whose source is an AWS service: aws-sqs-queue. One
// client serves all queues of a region, endpoint and identity.
package aws

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	awsidentity "github.com/keda-tf/terraform-provider-keda/controller/internal/identity/aws"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// Bind binds the trigger aws-sqs-queue.
func Bind(decoded trigger.Decoded, env scaler.Env) (scaler.Binding, error) {
	t, ok := decoded.Trigger.(*trigger.AWSSQSQueue)
	if !ok {
		return scaler.Binding{}, fmt.Errorf("trigger %q does not measure an SQS queue", decoded.Type)
	}
	who, err := awsidentity.Identify(t.AWSAuth, env.PodIdentity)
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
	a := access{region: t.Region, endpoint: t.Endpoint, Identity: who}
	return scaler.Binding{
		Server:  scaler.ServerID("aws-sqs", address, a.settings()...),
		Address: address,
		Query:   scaler.Query{Key: decoded.Fingerprint, Trigger: t},
		Timeout: env.HTTPTimeout,
		Open: func(ctx context.Context) (scaler.Source, error) {
			return openSQS(ctx, a, address, env.Observed)
		},
	}, nil
}

// access is what a client depends on.
type access struct {
	region, endpoint string
	awsidentity.Identity
}

func (a access) settings() []string {
	return append([]string{a.endpoint}, a.Identity.Settings()...)
}
