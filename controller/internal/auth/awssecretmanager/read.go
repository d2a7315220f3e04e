// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package awssecretmanager reads parameters from AWS Secrets Manager. What comes
// in is the part of a TriggerAuthentication that names them, what goes out are
// their values; package auth calls it. One secret is one request, however many of
// its fields are parameters. Nothing that is missing becomes an empty value.
package awssecretmanager

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	awsidentity "github.com/keda-tf/terraform-provider-keda/controller/internal/identity/aws"
)

// Keys is the access key that spec.credentials points to; empty for none. Token
// belongs to a temporary key only.
type Keys struct{ AccessKey, SecretKey, Token string }

// Read returns the value of every parameter. It asks as keys, or without them as
// the pod identity of spec, in the region of spec or else that of the controller's
// environment. transport carries the requests; nil stands for the SDK's own.
// Errors name the secret and what to do, and show no value.
func Read(ctx context.Context, spec *v1alpha1.AwsSecretManager, keys Keys, transport http.RoundTripper) (map[string]string, error) {
	who, err := identify(spec, keys)
	if err != nil {
		return nil, err
	}
	cfg, err := awsidentity.Config(ctx, spec.Region, who, transport)
	if err != nil {
		return nil, fmt.Errorf("AWS Secrets Manager: %w", err)
	}
	if cfg.Region == "" {
		return nil, errors.New("AWS Secrets Manager: the region is not known; set awsSecretManager.region, or AWS_REGION of the controller")
	}
	store := store{client: secretsmanager.NewFromConfig(cfg), who: who, region: cfg.Region, known: map[version]string{}}
	values := make(map[string]string, len(spec.Secrets))
	for i := range spec.Secrets {
		value, err := store.value(ctx, &spec.Secrets[i])
		if err != nil {
			return nil, fmt.Errorf("AWS Secrets Manager in %s: parameter %s: %w", cfg.Region, spec.Secrets[i].Parameter, err)
		}
		values[spec.Secrets[i].Parameter] = value
	}
	return values, nil
}

// identify says as whom to ask.
func identify(spec *v1alpha1.AwsSecretManager, keys Keys) (awsidentity.Identity, error) {
	who, ok := awsidentity.Pod(spec.PodIdentity)
	switch {
	case ok:
		return who, nil
	case keys.AccessKey != "" && keys.SecretKey != "":
		return awsidentity.Identity{KeyID: keys.AccessKey, Secret: keys.SecretKey, Token: keys.Token}, nil
	}
	return who, errors.New("AWS Secrets Manager: there is neither an access key nor a pod identity; " +
		"set awsSecretManager.credentials, or awsSecretManager.podIdentity with provider aws")
}

// version names one version of one secret.
type version struct{ name, id, stage string }

func (v version) String() string {
	text := fmt.Sprintf("secret %q", v.name)
	if v.id != "" {
		text += fmt.Sprintf(", version %q", v.id)
	}
	if v.stage != "" {
		text += fmt.Sprintf(", stage %q", v.stage)
	}
	return text
}

// store reads each version of a secret once.
type store struct {
	client *secretsmanager.Client
	who    awsidentity.Identity
	region string
	known  map[version]string
}

// value returns the value of a secret, or of one field of it.
func (s *store) value(ctx context.Context, ref *v1alpha1.AwsSecretManagerSecret) (string, error) {
	v := version{ref.Name, ref.VersionID, ref.VersionStage}
	text, ok := s.known[v]
	if !ok {
		var err error
		if text, err = s.get(ctx, v); err != nil {
			return "", err
		}
		s.known[v] = text
	}
	if ref.SecretKey == "" {
		return text, nil
	}
	value, err := field(text, ref.SecretKey)
	if err != nil {
		return "", fmt.Errorf("%s: %w", v, err)
	}
	return value, nil
}

// get asks for one version of a secret.
func (s *store) get(ctx context.Context, v version) (string, error) {
	in := &secretsmanager.GetSecretValueInput{SecretId: &v.name}
	if v.id != "" {
		in.VersionId = &v.id
	}
	if v.stage != "" {
		in.VersionStage = &v.stage
	}
	out, err := s.client.GetSecretValue(ctx, in)
	if err != nil {
		return "", s.explain(v, err)
	}
	if text := aws.ToString(out.SecretString); text != "" {
		return text, nil
	}
	if len(out.SecretBinary) > 0 {
		return string(out.SecretBinary), nil
	}
	return "", fmt.Errorf("%s is empty; store a value", v)
}
