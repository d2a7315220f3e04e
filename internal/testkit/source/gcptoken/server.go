// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package gcptoken issues Google access tokens for tests, in memory: the token
// endpoint for service accounts, which checks the signature of their assertions,
// and the metadata server of a node, written from Google's documentation of OAuth
// 2.0 for server to server applications and of the metadata server.
package gcptoken

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/bearer"
)

const (
	// Host serves the token endpoint.
	Host = "oauth2.googleapis.com"
	// Node is the subject of the tokens that the metadata server issues.
	Node = "node@example.iam.gserviceaccount.com"

	tokenURL = "https://" + Host + "/token"
	grant    = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// Server is an http.Handler that serves the token endpoint and the metadata server.
type Server struct {
	// Tokens are the tokens that it issued. Their subject is the service account's
	// e-mail address.
	Tokens bearer.Tokens

	project string
	mu      sync.Mutex
	keys    map[string]*rsa.PublicKey // by e-mail address
	calls   int
}

// New returns a service that knows no accounts. Its node is of a project.
func New(project string) *Server { return &Server{project: project, keys: map[string]*rsa.PublicKey{}} }

// Account makes a service account and returns its key as JSON.
func (s *Server) Account(name, project string) (email, keyJSON string, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", "", err
	}
	email = name + "@" + project + ".iam.gserviceaccount.com"
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[email] = &key.PublicKey
	text, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": project, "private_key_id": "1", "client_email": email, "token_uri": tokenURL,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	return email, string(text), err
}

// Delete revokes the keys of an account.
func (s *Server) Delete(email string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, email)
}

// Calls counts the requests for tokens, granted or not.
func (s *Server) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path, ok := strings.CutPrefix(r.URL.Path, "/computeMetadata/v1/"); ok {
		s.metadata(w, r, path)
		return
	}
	if r.URL.Path != "/token" || r.Method != http.MethodPost || r.PostFormValue("grant_type") != grant {
		answer(w, http.StatusBadRequest, map[string]any{"error": "unsupported_grant_type", "error_description": "Invalid grant_type: " + r.PostFormValue("grant_type")})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	claims, wrong := s.verify(r.PostFormValue("assertion"), time.Now())
	if wrong != "" {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": wrong})
		return
	}
	s.issue(w, claims.Issuer, claims.Scope)
}

func (s *Server) issue(w http.ResponseWriter, subject, scope string) {
	token, seconds := s.Tokens.Issue(subject, scope)
	answer(w, http.StatusOK, map[string]any{"access_token": token, "expires_in": seconds, "token_type": "Bearer"})
}

// metadata serves the metadata server, which refuses requests without its header:
// a browser that was lured to its address cannot send it.
func (s *Server) metadata(w http.ResponseWriter, r *http.Request, path string) {
	w.Header().Set("Metadata-Flavor", "Google")
	if r.Header.Get("Metadata-Flavor") != "Google" {
		http.Error(w, "missing Metadata-Flavor", http.StatusForbidden)
		return
	}
	switch path {
	case "project/project-id":
		_, _ = w.Write([]byte(s.project)) // the client may be gone
	case "instance/service-accounts/default/token":
		s.mu.Lock()
		s.calls++
		s.mu.Unlock()
		s.issue(w, Node, r.FormValue("scopes"))
	default:
		http.NotFound(w, r)
	}
}

// claims are what an assertion says.
type claims struct {
	Issuer   string `json:"iss"`
	Scope    string `json:"scope"`
	Audience string `json:"aud"`
	Expires  int64  `json:"exp"`
}

// verify checks an assertion: a JSON Web Token that the account's key signed. It
// returns what is wrong in Google's words, or "".
func (s *Server) verify(assertion string, now time.Time) (c claims, wrong string) {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return c, "Bad Request"
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(body, &c) != nil {
		return c, "Bad Request"
	}
	key := s.keys[c.Issuer]
	if key == nil {
		return c, "Invalid grant: account not found"
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) != nil {
		return c, "Invalid JWT Signature."
	}
	if c.Audience != tokenURL || now.Unix() > c.Expires {
		return c, "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
	}
	return c, ""
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
