// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

const (
	// ownTokenFile is where a pod finds the token of its service account.
	ownTokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token" //nolint:gosec // a path, no credential
	// maxToken bounds a token file.
	maxToken = 64 << 10
)

// token is what is known about the session's token.
type token struct {
	known bool      // logged in, or looked up
	renew time.Time // when it should be replaced or renewed; zero is never
}

// authenticate sees to it that there is a token that lives. fresh says that it is
// from this moment.
func (s *Session) authenticate(ctx context.Context) (fresh bool, err error) {
	if s.token.known && (s.token.renew.IsZero() || s.now().Before(s.token.renew)) {
		return false, nil
	}
	if s.spec.Authentication == v1alpha1.VaultAuthenticationKubernetes {
		return true, s.login(ctx)
	}
	s.prolong(ctx)
	return true, nil
}

// ended says that Vault does not know the token any more, which may have been
// revoked. A token that lives is refused for want of a policy, and another login
// would only be one more token in Vault.
func (s *Session) ended(ctx context.Context) bool {
	_, err := s.client.Auth().Token().LookupSelfWithContext(ctx)
	return status(err) == http.StatusForbidden
}

// login exchanges a service account token for one of Vault's. What was leased to
// the token before ends with it.
func (s *Session) login(ctx context.Context) error {
	jwt, err := s.serviceAccountToken(ctx)
	if err != nil {
		return err
	}
	s.client.ClearToken()
	s.token = token{}
	maps.DeleteFunc(s.made, func(what request, _ answer) bool { return !what.issue })
	path := "auth/" + strings.Trim(s.spec.Mount, "/") + "/login"
	secret, err := s.client.Logical().WriteWithContext(ctx, path, map[string]any{"role": s.spec.Role, "jwt": jwt})
	if err == nil && (secret == nil || secret.Auth == nil || secret.Auth.ClientToken == "") {
		err = errors.New("the answer has no token")
	}
	if err != nil {
		return &problem{"logging in under role " + s.spec.Role + " at " + path, s.address, err,
			"check that this role of Vault allows the service account, and credential, mount and namespace"}
	}
	s.client.SetToken(secret.Auth.ClientToken)
	s.token = token{known: true, renew: s.wornAt(secret.Auth.LeaseDuration)}
	return nil
}

// wornAt is when something that lives so many seconds should be replaced.
func (s *Session) wornAt(seconds int) time.Time {
	if seconds <= 0 {
		return time.Time{}
	}
	return s.now().Add(time.Duration(worn * float64(seconds) * float64(time.Second)))
}

// serviceAccountToken is what the login proves itself with.
func (s *Session) serviceAccountToken(ctx context.Context) (string, error) {
	credential := s.spec.Credential
	switch {
	case credential == nil:
		return readToken(ownTokenFile)
	case credential.ServiceAccountName != "":
		return s.jwt(ctx)
	case credential.ServiceAccount != "":
		return readToken(credential.ServiceAccount)
	}
	return "", errors.New("authentication kubernetes needs credential.serviceAccountName or credential.serviceAccount: set one, or leave credential out to use the controller's own token")
}

// readToken reads a token from a file. A file that holds anything else is refused:
// the address that it would be sent to is anybody's who may create an
// authentication.
func readToken(path string) (string, error) {
	file, err := os.Open(path) //nolint:gosec // the field is for that
	if err != nil {
		return "", fmt.Errorf("credential.serviceAccount: cannot read the token file: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxToken))
	if err != nil {
		return "", fmt.Errorf("credential.serviceAccount: cannot read the token file: %w", err)
	}
	jwt := strings.TrimSpace(string(text))
	if strings.Count(jwt, ".") != 2 || !strings.HasPrefix(jwt, "eyJ") || strings.ContainsAny(jwt, " \t\r\n") {
		return "", fmt.Errorf("credential.serviceAccount: the file %s holds no service account token", path)
	}
	return jwt, nil
}

// prolong renews a given token that ends but can be renewed, at half of its life.
// A token that may not look itself up is used as it is.
func (s *Session) prolong(ctx context.Context) {
	s.token = token{known: true}
	self := s.client.Auth().Token()
	secret, err := self.LookupSelfWithContext(ctx)
	if err != nil {
		s.token.known = status(err) == http.StatusForbidden
		return
	}
	ttl, _ := secret.TokenTTL()
	if renewable, _ := secret.TokenIsRenewable(); !renewable || ttl <= 0 {
		return
	}
	if renewed, err := self.RenewSelfWithContext(ctx, 0); err == nil && renewed != nil && renewed.Auth != nil {
		ttl = time.Duration(renewed.Auth.LeaseDuration) * time.Second
	}
	s.token.renew = s.now().Add(ttl / 2)
}
