// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package aws gives AWS clients their identity: an access key, the controller's
// own identity, or a role that one of these assumes. One configuration serves all
// clients of an identity in a region, so that a role is assumed once however many
// services and objects use it.
package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/logging"
	"k8s.io/utils/ptr"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

const (
	// attempts sends a request a second time when a connection turns out to be
	// stale. All other repetition is the caller's.
	attempts = 2
	// parallel is how many idle connections to one host are worth keeping.
	parallel = 16
	// idleTimeout closes connections that nobody has used for so long.
	idleTimeout = 90 * time.Second
	// requestTimeout ends requests for credentials, which the SDK makes without the
	// end of any caller's context. It is longer than any query may take.
	requestTimeout = time.Minute
)

// Identity says as whom to sign requests. The zero value is the controller's own
// identity: whatever the SDK finds in its environment.
type Identity struct {
	// KeyID, Secret and Token are an access key, Token only for a temporary one;
	// empty means none.
	KeyID, Secret, Token string
	// Role is the ARN of a role to assume, ExternalID what its trust policy may ask
	// for; empty means none.
	Role, ExternalID string
}

// Settings lists what makes two identities different, for scaler.ServerID.
func (i Identity) Settings() []string {
	return []string{i.KeyID, i.Secret, i.Token, i.Role, i.ExternalID}
}

// Pod returns the identity that a pod identity of the provider aws stands for,
// and whether it is of that provider. For identityOwner workload its role has
// been filled in before. The older provider aws-eks without a role stands for none:
// it leaves the choice to the trigger.
func Pod(pod *v1alpha1.AuthPodIdentity) (Identity, bool) {
	if pod == nil || pod.Provider != v1alpha1.PodIdentityProviderAws && pod.Provider != v1alpha1.PodIdentityProviderAwsEKS {
		return Identity{}, false
	}
	who := Identity{Role: ptr.Deref(pod.RoleArn, ""), ExternalID: ptr.Deref(pod.ExternalID, "")}
	return who, who.Role != "" || pod.Provider == v1alpha1.PodIdentityProviderAws
}

// Identify picks the identity that a trigger and its TriggerAuthentication ask
// for, as KEDA does: a pod identity decides, and where it has no role the parameter
// awsRoleArn supplies it; without one a role comes before a key. What is not picked
// does not count, be it half a key.
func Identify(auth trigger.AWSAuth, pod *v1alpha1.AuthPodIdentity) (Identity, error) {
	who, ok := Pod(pod)
	switch {
	case ok:
		who.Role = cmp.Or(who.Role, auth.RoleARN)
		return who, nil
	case auth.RoleARN != "" || auth.IdentityOwner == "operator":
		return Identity{Role: auth.RoleARN}, nil
	case auth.AccessKeyID == "" && auth.SecretAccessKey == "":
		return Identity{}, errors.New(`there are no AWS credentials: use a TriggerAuthentication with podIdentity provider "aws", ` +
			`or with the parameters "awsAccessKeyID" and "awsSecretAccessKey" or "awsRoleArn", or set "identityOwner" to "operator"`)
	case auth.AccessKeyID == "" || auth.SecretAccessKey == "":
		return Identity{}, errors.New(`there is half of an AWS access key: give both parameters "awsAccessKeyID" and "awsSecretAccessKey" ` +
			`in a TriggerAuthentication, or with "FromEnv" after their names as variables that the workload's container sets`)
	}
	return Identity{KeyID: auth.AccessKeyID, Secret: auth.SecretAccessKey, Token: auth.SessionToken}, nil
}

// shared holds the configurations in use.
var shared identity.Cache[key, aws.Config]

// key is what a configuration depends on.
type key struct {
	Identity
	region, environment string
	transport           http.RoundTripper
}

// Config returns the SDK's configuration for an identity in a region; an empty
// region stands for that of the controller's environment. The requests use
// transport, which must be comparable; nil and http.DefaultTransport stand for the
// SDK's own, which also trusts AWS_CA_BUNDLE.
func Config(ctx context.Context, region string, who Identity, transport http.RoundTripper) (aws.Config, error) {
	if transport == http.DefaultTransport {
		transport = nil
	}
	k := key{who, region, identity.Environment("AWS_"), transport}
	return shared.Get(k, time.Now(), func() (aws.Config, error) { return load(ctx, k) })
}

// load reads files and the environment only; credentials are fetched when the
// first request needs them.
func load(ctx context.Context, k key) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithRegion(k.region), config.WithRetryMaxAttempts(attempts), config.WithLogger(logging.Nop{}),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(requestTimeout).WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConnsPerHost, t.IdleConnTimeout = parallel, idleTimeout
		})),
	}
	if k.KeyID != "" {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(k.KeyID, k.Secret, k.Token)))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	if k.transport != nil {
		cfg.HTTPClient = &http.Client{Transport: k.transport}
	}
	if k.Role != "" {
		cfg.Credentials = aws.NewCredentialsCache(newRole(k.Identity, cfg), func(o *aws.CredentialsCacheOptions) {
			o.ExpiryWindow = expiryWindow
		})
	}
	return cfg, nil
}

// Transport returns a transport with the settings of a configuration that Config
// made without one, AWS_CA_BUNDLE included. It belongs to the caller alone, who may
// close its connections.
func Transport(cfg aws.Config) *http.Transport {
	client, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		client = awshttp.NewBuildableClient()
	}
	return client.GetTransport() // a copy
}
