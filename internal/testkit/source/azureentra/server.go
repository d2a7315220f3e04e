// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package azureentra is Microsoft Entra ID for tests, in memory: the discovery
// documents and the token endpoint for the client credentials grant with a client
// secret or a federated client assertion, written from Microsoft's documentation
// of the identity platform.
package azureentra

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/bearer"
)

// assertionType is what RFC 7523 calls a JSON Web Token as a client assertion.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// Server is an http.Handler that serves Entra ID at any host name.
type Server struct {
	// Tokens are the tokens that it issued. Their subject is the client ID, their
	// scope as it was asked for, such as "https://vault.azure.net/.default".
	Tokens bearer.Tokens

	mu         sync.Mutex
	secrets    map[application]string
	assertions map[application]string
	calls      int
}

// application is an application of a tenant.
type application struct{ tenant, client string }

// New returns a service that knows no tenants.
func New() *Server {
	return &Server{secrets: map[application]string{}, assertions: map[application]string{}}
}

// AllowSecret lets an application of a tenant have tokens for a client secret.
func (s *Server) AllowSecret(tenant, client, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[application{tenant, client}] = secret
}

// AllowAssertion lets an application of a tenant have tokens for a service
// account's token.
func (s *Server) AllowAssertion(tenant, client, assertion string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.assertions[application{tenant, client}] = assertion
}

// Calls counts the requests for tokens, granted or not.
func (s *Server) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	base := "https://" + r.Host
	tenant, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/common/discovery/instance":
		answer(w, http.StatusOK, map[string]any{
			"tenant_discovery_endpoint": r.FormValue("authorization_endpoint"), "api-version": "1.1",
			"metadata": []any{map[string]any{"preferred_network": r.Host, "preferred_cache": r.Host, "aliases": []string{r.Host}}},
		})
	case !s.knows(tenant):
		refuse(w, http.StatusBadRequest, "invalid_tenant", fmt.Sprintf("AADSTS90002: Tenant '%s' not found. Check to make sure you have the correct tenant ID.", tenant))
	case rest == "v2.0/.well-known/openid-configuration":
		answer(w, http.StatusOK, map[string]any{
			"token_endpoint":         base + "/" + tenant + "/oauth2/v2.0/token",
			"authorization_endpoint": base + "/" + tenant + "/oauth2/v2.0/authorize",
			"issuer":                 base + "/" + tenant + "/v2.0",
		})
	case rest == "oauth2/v2.0/token" && r.Method == http.MethodPost:
		s.token(w, r, tenant)
	default:
		http.NotFound(w, r)
	}
}

func (s *Server) knows(tenant string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, known := range []map[application]string{s.secrets, s.assertions} {
		for app := range known {
			if app.tenant == tenant {
				return true
			}
		}
	}
	return false
}

func (s *Server) token(w http.ResponseWriter, r *http.Request, tenant string) {
	app := application{tenant, r.PostFormValue("client_id")}
	secret, assertion := r.PostFormValue("client_secret"), r.PostFormValue("client_assertion")
	s.mu.Lock()
	s.calls++
	wantSecret, wantAssertion := s.secrets[app], s.assertions[app]
	s.mu.Unlock()
	scope, _, _ := strings.Cut(r.PostFormValue("scope"), " ") // libraries add openid and others
	switch {
	case r.PostFormValue("grant_type") != "client_credentials" || !strings.HasSuffix(scope, "/.default"):
		refuse(w, http.StatusBadRequest, "invalid_scope", "AADSTS1002012: The provided value for scope is not valid: client credential flows must have a scope value with /.default suffixed to the resource identifier.")
	case wantSecret == "" && wantAssertion == "":
		refuse(w, http.StatusBadRequest, "unauthorized_client", fmt.Sprintf("AADSTS700016: Application with identifier '%s' was not found in the directory '%s'.", app.client, tenant))
	case assertion != "" && (assertion != wantAssertion || r.PostFormValue("client_assertion_type") != assertionType):
		refuse(w, http.StatusUnauthorized, "invalid_client", "AADSTS700213: No matching federated identity record found for presented assertion.\r\nTrace ID: 0")
	case assertion == "" && (secret == "" || secret != wantSecret):
		refuse(w, http.StatusUnauthorized, "invalid_client", "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value.\r\nTrace ID: 0")
	default:
		token, seconds := s.Tokens.Issue(app.client, scope)
		answer(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token})
	}
}

func refuse(w http.ResponseWriter, status int, code, description string) {
	answer(w, status, map[string]any{"error": code, "error_description": description})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
