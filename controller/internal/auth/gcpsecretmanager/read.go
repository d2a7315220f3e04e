// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package gcpsecretmanager reads parameters from Google Cloud Secret Manager. What
// comes in is the part of a TriggerAuthentication that names them, what goes out
// are their values; package auth calls it. One version of a secret is one request.
// Nothing that is missing becomes an empty value.
//
// It asks the one REST method that it needs by itself: Google's client for the
// service adds 2.5 MB to the controller, this and the library for tokens 0.3 MB.
package gcpsecretmanager

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity/gcp"
)

// Read returns the value of every parameter. It asks with credentialsJSON, the key
// of a service account, or without it as the controller, if spec has the pod
// identity gcp. transport carries the requests and must be comparable; nil stands
// for http.DefaultTransport. Errors name the secret and what to do, and show no
// value.
func Read(ctx context.Context, spec *v1alpha1.GCPSecretManager, credentialsJSON string, transport http.RoundTripper) (map[string]string, error) {
	if transport == nil {
		transport = http.DefaultTransport
	}
	if gcp.Pod(spec.PodIdentity) {
		credentialsJSON = ""
	} else if credentialsJSON == "" {
		return nil, errors.New("GCP Secret Manager: there are neither credentials nor a pod identity; " +
			"set gcpSecretManager.credentials, or gcpSecretManager.podIdentity with provider gcp")
	}
	who := gcp.Identity{Key: credentialsJSON}
	tokens, err := gcp.Tokens(who, gcp.ScopePlatform, transport)
	if err != nil {
		return nil, fmt.Errorf("GCP Secret Manager: %w", err)
	}
	s := store{client: &http.Client{Transport: transport, CheckRedirect: identity.NoRedirect}, who: who, tokens: tokens, known: map[version]string{}}
	values := make(map[string]string, len(spec.Secrets))
	for i := range spec.Secrets {
		value, err := s.value(ctx, &spec.Secrets[i])
		if err != nil {
			return nil, fmt.Errorf("GCP Secret Manager: parameter %s: secret %q: %w", spec.Secrets[i].Parameter, spec.Secrets[i].ID, err)
		}
		values[spec.Secrets[i].Parameter] = value
	}
	return values, nil
}

// store reads each version of a secret once.
type store struct {
	client  *http.Client
	who     gcp.Identity
	tokens  *identity.Tokens
	project string // of secrets whose id names none; empty until needed
	known   map[version]string
}

func (s *store) value(ctx context.Context, ref *v1alpha1.GCPSecretManagerSecret) (string, error) {
	token, err := s.tokens.Token(ctx)
	if err != nil {
		return "", err
	}
	v, err := s.locate(ctx, ref)
	if err != nil {
		return "", err
	}
	if value, ok := s.known[v]; ok {
		return value, nil
	}
	value, err := s.access(ctx, v, token)
	if err != nil {
		return "", err
	}
	s.known[v] = value
	return value, nil
}
