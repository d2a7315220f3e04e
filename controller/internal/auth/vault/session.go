// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package vault reads parameters from HashiCorp Vault. The spec of the source
// comes in, values of parameters go out; package auth calls it, and keeps a Session
// per authentication, so that a login and everything that Vault makes anew at each
// request (certificates, leased credentials) serve as long as they live. It is the
// only package that imports Vault's client library.
package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

const (
	// worn is the part of its life after which something that ends is replaced.
	worn = 0.8
	// makeAgain is how old something that Vault made must be before a doubt about
	// it makes another one: each stays in Vault until its end.
	makeAgain = 5 * time.Minute
	// maxAnswer bounds an answer. Secrets are small, and the address is anybody's
	// who may create an authentication.
	maxAnswer = 4 << 20
)

// Session reads the secrets of one source. Its methods must not be called side by
// side.
type Session struct {
	spec    *v1alpha1.HashiCorpVault
	jwt     func(context.Context) (string, error)
	now     func() time.Time
	client  *api.Client
	broken  bool   // the last request had no answer: files with certificates may be others by now
	address string // for messages

	token token
	made  map[request]answer // what Vault makes anew at each request
}

// Open prepares a session without asking Vault. jwt requests a token for
// credential.serviceAccountName. Settings of the connection that the spec does not
// have, such as VAULT_CACERT, come from the controller's environment.
func Open(spec *v1alpha1.HashiCorpVault, jwt func(context.Context) (string, error), now func() time.Time) (*Session, error) {
	address, err := url.Parse(spec.Address)
	if err != nil || address.Host == "" {
		return nil, errors.New("address must be a URL such as https://vault.example.com:8200")
	}
	s := &Session{spec: spec, jwt: jwt, now: now, address: address.Scheme + "://" + address.Host, made: map[request]answer{}}
	given, err := s.given()
	if err != nil {
		return nil, err
	}
	return s, s.connect(given)
}

// connect makes the client. It reads the files with certificates that the
// environment names.
func (s *Session) connect(token string) error {
	config := api.DefaultConfig()
	if config.Error != nil {
		return fmt.Errorf("the environment variables VAULT_* of the controller: %w", config.Error)
	}
	config.Address, config.MaxRetries = s.spec.Address, 0
	config.HttpClient.Transport = limited{config.HttpClient.Transport}
	client, err := api.NewClient(config)
	if err != nil {
		return fmt.Errorf("client for Vault at %s: %w", s.address, err)
	}
	if s.spec.Namespace != "" {
		client.SetNamespace(s.spec.Namespace)
	}
	client.SetToken(token)
	s.client = client
	return nil
}

// given checks the method of authentication and returns a token that is given.
func (s *Session) given() (string, error) {
	switch s.spec.Authentication {
	case v1alpha1.VaultAuthenticationToken:
		given := givenToken(s.spec)
		if given == "" {
			return "", errors.New("authentication token needs a token: set credential.token, or the environment variable VAULT_TOKEN of the controller")
		}
		return given, nil
	case v1alpha1.VaultAuthenticationKubernetes:
		for field, value := range map[string]string{"role": s.spec.Role, "mount": s.spec.Mount} {
			if value == "" {
				return "", fmt.Errorf("authentication kubernetes needs %s: set it", field)
			}
		}
		return "", nil
	}
	return "", fmt.Errorf("authentication %q is neither token nor kubernetes", s.spec.Authentication)
}

// givenToken is the token that needs no login; the controller's own comes first.
func givenToken(spec *v1alpha1.HashiCorpVault) string {
	if own := os.Getenv(api.EnvVaultToken); own != "" {
		return own
	}
	if spec.Credential != nil {
		return spec.Credential.Token
	}
	return ""
}

// Read returns the values of the parameters, and when to read again at the latest
// because one of them, or the login, ends; zero where nothing ends by itself.
// doubted says that the values of the last time seem not to work, so that what was
// made is made again unless it is new. Errors name path and key, never a value.
func (s *Session) Read(ctx context.Context, doubted bool) (map[string]string, time.Time, error) {
	if s.broken {
		if err := s.connect(s.client.Token()); err != nil {
			return nil, time.Time{}, err
		}
	}
	values, err := s.read(ctx, doubted)
	var unanswered *url.Error
	s.broken = errors.As(err, &unanswered)
	return values, s.renewal(), err
}

func (s *Session) read(ctx context.Context, doubted bool) (map[string]string, error) {
	fresh, err := s.authenticate(ctx)
	if err != nil {
		return nil, err
	}
	values, err := s.values(ctx, doubted)
	if s.spec.Authentication == v1alpha1.VaultAuthenticationKubernetes && !fresh && status(err) == http.StatusForbidden && s.ended(ctx) {
		if err := s.login(ctx); err != nil {
			return nil, err
		}
		return s.values(ctx, doubted)
	}
	return values, err
}

func (s *Session) values(ctx context.Context, doubted bool) (map[string]string, error) {
	values := make(map[string]string, len(s.spec.Secrets))
	answers := map[request]answer{}
	for i := range s.spec.Secrets {
		secret := &s.spec.Secrets[i]
		what := requestFor(secret)
		got, known := answers[what]
		if !known {
			var err error
			if got, err = s.ask(ctx, what, doubted); err != nil {
				return nil, fmt.Errorf("parameter %s: %w", secret.Parameter, err)
			}
			answers[what] = got
		}
		value, err := pick(secret, got.data)
		if err != nil {
			return nil, fmt.Errorf("parameter %s: Vault at %s: %w", secret.Parameter, s.address, err)
		}
		values[secret.Parameter] = value
	}
	return values, nil
}

// renewal is the first moment at which something should be replaced.
func (s *Session) renewal() time.Time {
	first := s.token.renew
	for _, a := range s.made {
		if first.IsZero() || a.renew.Before(first) {
			first = a.renew
		}
	}
	return first
}

// status is the HTTP status of an answer that became an error, else 0.
func status(err error) int {
	var response *api.ResponseError
	if errors.As(err, &response) {
		return response.StatusCode
	}
	return 0
}

// problem words what Vault answered, on one line.
type problem struct {
	doing   string
	address string
	cause   error
	remedy  string
}

func (p *problem) Unwrap() error { return p.cause }

func (p *problem) Error() string {
	cause := p.cause.Error()
	var response *api.ResponseError
	if errors.As(p.cause, &response) {
		said := strings.Join(strings.Fields(strings.Join(response.Errors, "; ")), " ")
		cause = fmt.Sprintf("it answered %d: %.200s", response.StatusCode, said)
	}
	text := fmt.Sprintf("Vault at %s: %s: %s", p.address, p.doing, cause)
	if p.remedy != "" {
		text += ": " + p.remedy
	}
	return text
}

// limited cuts answers off that are longer than any secret.
type limited struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(response.Body, maxAnswer), response.Body}
	}
	return response, err
}
