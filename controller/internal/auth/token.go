// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// MinTokenLife and MaxTokenLife bound Resolver.TokenLife; MinTokenLife is also its
// default.
const (
	MinTokenLife = time.Hour
	MaxTokenLife = 6 * time.Hour
)

const (
	// worn is the part of its life, in tenths, after which a token is replaced.
	worn = 8
	// tokenDoubt is how old a token must be before a doubt replaces it: a new one is
	// a new connection.
	tokenDoubt = 5 * time.Minute
)

// boundTokens requests tokens of ServiceAccounts.
func (r *reading) boundTokens(spec *v1alpha1.TriggerAuthenticationSpec) error {
	for _, ref := range spec.BoundServiceAccountToken {
		token := &boundToken{resolver: r.resolver, namespace: r.namespace, account: ref.ServiceAccountName}
		got, err := r.kept("boundServiceAccountToken", token.read, ref.ServiceAccountName)
		if err != nil {
			return fmt.Errorf("boundServiceAccountToken for parameter %s: %w", ref.Parameter, err)
		}
		r.set(ref.Parameter, got[tokenParameter])
	}
	return nil
}

// tokenParameter is where boundToken.read puts the token.
const tokenParameter = "token"

// boundToken keeps one token for most of its life.
type boundToken struct {
	resolver           *Resolver
	namespace, account string

	token             string
	made, renew, ends time.Time
}

// read is a fetch.
func (t *boundToken) read(ctx context.Context, doubted bool) (values, error) {
	now := t.resolver.now()
	if t.token == "" || !now.Before(t.renew) || doubted && now.Sub(t.made) >= tokenDoubt {
		token, ends, err := t.resolver.requestToken(ctx, t.namespace, t.account)
		if err != nil {
			return values{}, err
		}
		t.token, t.made, t.ends = token, now, ends
		t.renew = now.Add(ends.Sub(now) / 10 * worn)
	}
	return values{parameters: map[string]string{tokenParameter: t.token}, renew: t.renew, ends: t.ends}, nil
}

// requestToken requests a token of a ServiceAccount for the API server's own
// audience. The server decides how long it really lives.
func (r *Resolver) requestToken(ctx context.Context, namespace, account string) (string, time.Time, error) {
	if r.Tokens == nil {
		return "", time.Time{}, errors.New("this process requests no tokens of ServiceAccounts")
	}
	life := int64(max(r.TokenLife, MinTokenLife).Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &life}}
	owner := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: account}}
	err := r.Tokens.Create(ctx, owner, request)
	switch {
	case apierrors.IsNotFound(err):
		return "", time.Time{}, fmt.Errorf("ServiceAccount %s/%s does not exist: create it, or correct serviceAccountName", namespace, account)
	case apierrors.IsForbidden(err):
		return "", time.Time{}, fmt.Errorf("the controller may not create tokens for ServiceAccount %s/%s: grant it the verb create on serviceaccounts/token there (service_account_tokens of keda_installation)", namespace, account)
	case err != nil:
		return "", time.Time{}, fmt.Errorf("cannot request a token for ServiceAccount %s/%s: %w", namespace, account, err)
	case request.Status.Token == "":
		return "", time.Time{}, fmt.Errorf("the API server gave an empty token for ServiceAccount %s/%s", namespace, account)
	}
	return request.Status.Token, request.Status.ExpirationTimestamp.Time, nil
}
