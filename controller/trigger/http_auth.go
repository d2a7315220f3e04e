// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package trigger

import (
	"fmt"
	"net/url"
	"slices"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger/param"
)

// HTTPAuth says how a trigger identifies itself to an HTTP server. Only what
// Modes lists is used.
type HTTPAuth struct {
	// Modes are the ways in use, of those that the trigger offers: "apiKey",
	// "basic", "bearer", "custom", "oauth", "tls". Empty means anonymous.
	Modes []string
	// APIKey, sent by Method ("header" or "query") under KeyParamName, belongs to
	// apiKey.
	APIKey, Method, KeyParamName string
	// Username and Password belong to basic; an empty password is allowed.
	Username, Password string
	// BearerToken belongs to bearer.
	BearerToken string
	// CustomAuthHeader and CustomAuthValue are a request header; they belong to
	// custom.
	CustomAuthHeader, CustomAuthValue string
	// OAuthTokenURI, ClientID, ClientSecret, Scopes and EndpointParams are an
	// OAuth 2 client; they belong to oauth. EndpointParams are further parameters
	// of the token request.
	OAuthTokenURI, ClientID, ClientSecret string
	Scopes                                []string
	EndpointParams                        url.Values
	// Cert and Key are the PEM texts of a client certificate; they belong to tls.
	Cert, Key string
	// CA is a PEM text of certificate authorities; it counts in every mode.
	CA string
}

// The ways to identify oneself to an HTTP server.
const (
	modeAPIKey = "apiKey"
	modeBasic  = "basic"
	modeBearer = "bearer"
	modeCustom = "custom"
	modeOAuth  = "oauth"
	modeTLS    = "tls"
)

// Uses says whether a mode is in use.
func (a *HTTPAuth) Uses(mode string) bool { return slices.Contains(a.Modes, mode) }

// KeyName returns the name of the header or query parameter that carries the API
// key.
func (a *HTTPAuth) KeyName() string {
	switch {
	case a.KeyParamName != "":
		return a.KeyParamName
	case a.Method == "query":
		return "api_key"
	default:
		return "X-API-KEY"
	}
}

// declare declares the parameters of the modes that a trigger offers.
func (a *HTTPAuth) declare(p *param.Set, modes ...string) {
	p.Strings(&a.Modes, "authModes", "How to identify to the server. "+
		"Several modes are separated by commas; `basic`, `bearer` and `oauth` exclude each other.").
		Alias("authMode").From(param.Metadata, param.Auth).Enum(modes...).Exclusive(modeBearer, modeBasic, modeOAuth)
	for _, mode := range modes {
		switch mode {
		case modeAPIKey:
			a.declareAPIKey(p)
		case modeBasic:
			p.String(&a.Username, "username", "User, with `basic`.").From(param.Auth)
			p.String(&a.Password, "password", "Password, with `basic`.").Secret().From(param.Auth)
			a.needs(p, mode, "username", &a.Username)
		case modeBearer:
			p.String(&a.BearerToken, "bearerToken", "Token, with `bearer`.").Alias("token").Secret().From(param.Auth)
			a.needs(p, mode, "bearerToken", &a.BearerToken)
		case modeCustom:
			p.String(&a.CustomAuthHeader, "customAuthHeader", "Name of the request header, with `custom`.").From(param.Auth)
			p.String(&a.CustomAuthValue, "customAuthValue", "Value of the request header, with `custom`.").Secret().From(param.Auth)
			a.needs(p, mode, "customAuthHeader", &a.CustomAuthHeader)
			a.needs(p, mode, "customAuthValue", &a.CustomAuthValue)
		case modeOAuth:
			a.declareOAuth(p)
		case modeTLS:
			p.String(&a.Cert, "cert", "Client certificate as PEM, with `tls`.").From(param.Auth)
			p.String(&a.Key, "key", "Key of the client certificate as PEM, with `tls`.").Secret().From(param.Auth)
			a.needs(p, mode, "cert", &a.Cert)
			a.needs(p, mode, "key", &a.Key)
		}
	}
	p.String(&a.CA, "ca", "Certificate authorities that the server's certificate is checked against, PEM.").From(param.Auth)
}

func (a *HTTPAuth) declareAPIKey(p *param.Set) {
	p.String(&a.APIKey, "apiKey", "Key, with `apiKey`.").Secret().From(param.Metadata, param.Auth)
	p.String(&a.Method, "method", "Where to send the key: in a request `header` or as a `query` parameter.").
		From(param.Metadata, param.Auth).Enum("header", "query").Default("header")
	p.String(&a.KeyParamName, "keyParamName", "Name under which to send the key. "+
		"Without it `X-API-KEY` as a header and `api_key` as a query parameter.").From(param.Metadata, param.Auth)
	a.needs(p, modeAPIKey, "apiKey", &a.APIKey)
}

func (a *HTTPAuth) declareOAuth(p *param.Set) {
	p.String(&a.OAuthTokenURI, "oauthTokenURI", "URL where the controller gets an access token as an OAuth 2 client (client credentials), with `oauth`.").
		From(param.Auth).Check(httpURL)
	p.String(&a.ClientID, "clientID", "ID of the OAuth 2 client, with `oauth`.").From(param.Auth)
	p.String(&a.ClientSecret, "clientSecret", "Secret of the OAuth 2 client, with `oauth`.").Secret().From(param.Auth)
	p.Strings(&a.Scopes, "scopes", "Scopes of the token, separated by commas, with `oauth`.").Alias("scope").From(param.Auth)
	p.Query(&a.EndpointParams, "endpointParams", "Further parameters of the token request as a URL query, such as `audience=metrics`, with `oauth`.").
		Secret().From(param.Auth)
	a.needs(p, modeOAuth, "oauthTokenURI", &a.OAuthTokenURI)
	a.needs(p, modeOAuth, "clientID", &a.ClientID)
	a.needs(p, modeOAuth, "clientSecret", &a.ClientSecret)
}

// needs declares that a mode, once listed, needs a further parameter.
func (a *HTTPAuth) needs(p *param.Set, mode, name string, field *string) {
	prose := fmt.Sprintf("`authModes` with `%s` needs `%s`.", mode, name)
	p.Rule(prose, func() error {
		if a.Uses(mode) && *field == "" {
			return p.Missing(name, fmt.Sprintf("\"authModes\" lists %q", mode))
		}
		return nil
	}, "authModes", name)
}
