// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"fmt"
	"net/http"

	"k8s.io/utils/ptr"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth/awssecretmanager"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth/azurekeyvault"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth/gcpsecretmanager"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth/vault"
)

// hashiCorpVault opens one session per authentication, and with it one login.
func (r *reading) hashiCorpVault(spec *v1alpha1.TriggerAuthenticationSpec) error {
	if spec.HashiCorpVault == nil {
		return nil
	}
	store := spec.HashiCorpVault.DeepCopy()
	resolver, namespace := r.resolver, r.namespace
	jwt := func(ctx context.Context) (string, error) {
		token, _, err := resolver.requestToken(ctx, namespace, store.Credential.ServiceAccountName)
		return token, err
	}
	var session *vault.Session
	return r.merge("hashiCorpVault", func(ctx context.Context, doubted bool) (values, error) {
		if session == nil {
			opened, err := vault.Open(store, jwt, resolver.now)
			if err != nil {
				return values{}, err
			}
			session = opened
		}
		parameters, renew, err := session.Read(ctx, doubted)
		return values{parameters: parameters, renew: renew}, err
	})
}

// cloud reads a cloud's secret manager.
func (r *reading) cloud(name string, read func(context.Context, http.RoundTripper) (map[string]string, error), credentials ...string) error {
	transport := r.resolver.Transport
	return r.merge(name, func(ctx context.Context, _ bool) (values, error) {
		parameters, err := read(ctx, transport)
		return values{parameters: parameters}, err
	}, credentials...)
}

// azureKeyVault opens the store as an application or by a pod identity.
func (r *reading) azureKeyVault(spec *v1alpha1.TriggerAuthenticationSpec) (err error) {
	if spec.AzureKeyVault == nil {
		return nil
	}
	const name = "azureKeyVault"
	store := spec.AzureKeyVault.DeepCopy()
	var secret string
	if c := store.Credentials; c != nil && noIdentity(store.PodIdentity) {
		if secret, err = r.credential(name+".credentials.clientSecret", c.ClientSecret); err != nil {
			return err
		}
	}
	return r.cloud(name, func(ctx context.Context, transport http.RoundTripper) (map[string]string, error) {
		return azurekeyvault.Read(ctx, store, secret, transport)
	}, secret)
}

// gcpSecretManager opens the store with the key of a service account or by a pod
// identity.
func (r *reading) gcpSecretManager(spec *v1alpha1.TriggerAuthenticationSpec) (err error) {
	if spec.GCPSecretManager == nil {
		return nil
	}
	const name = "gcpSecretManager"
	store := spec.GCPSecretManager.DeepCopy()
	var key string
	if c := store.Credentials; c != nil && noIdentity(store.PodIdentity) {
		if key, err = r.credential(name+".credentials.clientSecret", c.ClientSecret); err != nil {
			return err
		}
	}
	return r.cloud(name, func(ctx context.Context, transport http.RoundTripper) (map[string]string, error) {
		return gcpsecretmanager.Read(ctx, store, key, transport)
	}, key)
}

// awsSecretManager opens the store by a key, or by a pod identity, which may be that
// of the workload.
func (r *reading) awsSecretManager(spec *v1alpha1.TriggerAuthenticationSpec) (err error) {
	if spec.AwsSecretManager == nil {
		return nil
	}
	const name = "awsSecretManager"
	store := spec.AwsSecretManager.DeepCopy()
	if store.PodIdentity, err = r.identity(store.PodIdentity); err != nil {
		return fmt.Errorf("%s.podIdentity: %w", name, err)
	}
	var role string
	if store.PodIdentity != nil {
		role = ptr.Deref(store.PodIdentity.RoleArn, "")
	}
	var keys awssecretmanager.Keys
	if c := store.Credentials; c != nil && noIdentity(store.PodIdentity) {
		for _, part := range []struct {
			field string
			ref   *v1alpha1.SecretReference
			into  *string
		}{{"accessKey", &c.AccessKey, &keys.AccessKey}, {"accessSecretKey", &c.AccessSecretKey, &keys.SecretKey}, {"accessToken", c.AccessToken, &keys.Token}} {
			if part.ref == nil {
				continue
			}
			if *part.into, err = r.credential(name+".credentials."+part.field, *part.ref); err != nil {
				return err
			}
		}
	}
	return r.cloud(name, func(ctx context.Context, transport http.RoundTripper) (map[string]string, error) {
		return awssecretmanager.Read(ctx, store, keys, transport)
	}, keys.AccessKey, keys.SecretKey, keys.Token, role)
}
