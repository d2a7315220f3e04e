// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package oauth gets access tokens as an OAuth 2 client (client credentials, RFC
// 6749 section 4.4) for triggers that ask a web server. One token serves all
// triggers of the same client.
package oauth

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity"
)

// Client is an OAuth 2 client.
type Client struct {
	// TokenURL is the token endpoint.
	TokenURL string
	// ID and Secret identify the client.
	ID, Secret string
	// Scopes are asked for; empty leaves them to the server.
	Scopes []string
	// Params are further parameters of the token request.
	Params url.Values
}

// shared holds the tokens in use.
var shared identity.Cache[key, *identity.Tokens]

// key is what a token depends on.
type key struct {
	url, id, secret, scopes, params string
	transport                       http.RoundTripper
}

// Tokens returns the tokens of the client. transport carries the requests for them
// and must be comparable. Errors name the token URL, without its query.
func (c Client) Tokens(transport http.RoundTripper) (*identity.Tokens, error) {
	k := key{c.TokenURL, c.ID, c.Secret, strings.Join(c.Scopes, "\x00"), c.Params.Encode(), transport}
	return shared.Get(k, time.Now(), func() (*identity.Tokens, error) {
		// The library tries both ways of sending the secret, and remembers here
		// which one the server took.
		config := &clientcredentials.Config{
			ClientID: c.ID, ClientSecret: c.Secret, TokenURL: c.TokenURL, Scopes: c.Scopes, EndpointParams: c.Params,
		}
		client := &http.Client{Transport: transport, CheckRedirect: identity.NoRedirect}
		return identity.NewTokens(func(ctx context.Context) (identity.Token, error) {
			token, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
			if err != nil {
				return identity.Token{}, fmt.Errorf("getting a token from %s: %w", c.where(), identity.ExplainToken(err, c.secrets()...))
			}
			return identity.Token{Value: token.AccessToken, Expiry: token.Expiry}, nil
		}), nil
	})
}

// where names the token endpoint without user, password and query.
func (c Client) where() string {
	u, err := url.Parse(c.TokenURL)
	if err != nil {
		return "a token URL that is none"
	}
	return u.Scheme + "://" + u.Host + u.Path
}

// secrets lists what a message must not show.
func (c Client) secrets() []string {
	secrets := []string{c.Secret, url.QueryEscape(c.Secret)}
	for _, values := range c.Params {
		secrets = append(secrets, values...)
	}
	return secrets
}
