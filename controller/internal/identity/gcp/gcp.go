// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package gcp gives requests to Google Cloud their identity: a service account by
// its key, or the controller's own by the metadata server of its node (workload
// identity) or the file that GOOGLE_APPLICATION_CREDENTIALS names. One token serves
// all that ask as the same identity for the same scope.
package gcp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity"
)

// The scopes of tokens.
const (
	// ScopePlatform allows what the service account's roles allow.
	ScopePlatform = "https://www.googleapis.com/auth/cloud-platform"
	// ScopeMonitoringRead allows to read metrics.
	ScopeMonitoringRead = "https://www.googleapis.com/auth/monitoring.read"
)

// Identity says as whom to ask. The zero value is the controller's own identity.
type Identity struct {
	// Key is the JSON text of a service account's key; empty means the
	// controller's own identity.
	Key string
}

// Pod says whether a pod identity is of the provider gcp: the controller's own
// identity.
func Pod(pod *v1alpha1.AuthPodIdentity) bool {
	return pod != nil && pod.Provider == v1alpha1.PodIdentityProviderGCP
}

// shared holds the tokens in use.
var shared identity.Cache[key, *identity.Tokens]

// key is what a token depends on.
type key struct {
	Identity
	scope, environment string
	transport          http.RoundTripper
}

// Tokens returns the tokens of an identity for a scope. transport carries the
// requests for them, except those to the metadata server, and must be comparable;
// nil stands for http.DefaultTransport.
func Tokens(who Identity, scope string, transport http.RoundTripper) (*identity.Tokens, error) {
	if transport == nil {
		transport = http.DefaultTransport
	}
	k := key{who, scope, identity.Environment("G"), transport}
	return shared.Get(k, time.Now(), func() (*identity.Tokens, error) {
		return identity.NewTokens(k.fetch), nil
	})
}

// fetch reads files anew each time, because they may have been renewed.
func (k key) fetch(ctx context.Context) (identity.Token, error) {
	client := &http.Client{Transport: bound{ctx, k.transport}, CheckRedirect: identity.NoRedirect}
	credentials, err := k.find(context.WithValue(ctx, oauth2.HTTPClient, client), k.scope)
	if err != nil {
		return identity.Token{}, err
	}
	token, err := credentials.TokenSource.Token()
	if err != nil {
		return identity.Token{}, fmt.Errorf("getting a Google access token: %w", identity.ExplainToken(err))
	}
	return identity.Token{Value: token.AccessToken, Expiry: token.Expiry}, nil
}

// Project returns the ID of the project that the identity belongs to.
func (i Identity) Project(ctx context.Context) (string, error) {
	credentials, err := i.find(ctx, ScopePlatform)
	if err != nil {
		return "", err
	}
	if credentials.ProjectID == "" {
		return "", errors.New("the credentials name no project")
	}
	return credentials.ProjectID, nil
}

// find makes credentials that fetch nothing yet. A key that comes from an object of
// the cluster may only be a service account's: the other kinds that the library
// reads can name files of the controller and send them anywhere.
func (i Identity) find(ctx context.Context, scope string) (*google.Credentials, error) {
	if i.Key == "" {
		credentials, err := google.FindDefaultCredentials(ctx, scope)
		if err != nil {
			return nil, fmt.Errorf("the controller has no Google identity: %w", err)
		}
		return credentials, nil
	}
	credentials, err := google.CredentialsFromJSONWithType(ctx, []byte(i.Key), google.ServiceAccount, scope)
	if err != nil {
		return nil, fmt.Errorf("the credentials are no JSON key of a service account: %w", err)
	}
	return credentials, nil
}

// bound ends requests with a context that the library does not pass on.
type bound struct {
	ctx  context.Context //nolint:containedctx // lives for one fetch only
	base http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b bound) RoundTrip(r *http.Request) (*http.Response, error) {
	return b.base.RoundTrip(r.WithContext(b.ctx))
}
