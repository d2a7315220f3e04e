// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"fmt"

	"k8s.io/utils/ptr"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth/awssecretmanager"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth/vault"
)

// hashiCorpVault opens one session per authentication, and with it one login.
func (r *reading) hashiCorpVault(spec *v1alpha1.TriggerAuthenticationSpec) error {
	if spec.HashiCorpVault == nil {
		return nil
	}
	store := spec.HashiCorpVault.DeepCopy()
	resolver, namespace := r.resolver, r.namespace
	var session *vault.Session
	return r.merge(r.kept("hashiCorpVault", func(ctx context.Context, doubted bool) (values, error) {
		if session == nil {
			var err error
			session, err = vault.Open(store, func(ctx context.Context) (string, error) {
				token, _, err := resolver.requestToken(ctx, namespace, store.Credential.ServiceAccountName)
				return token, err
			}, resolver.now)
			if err != nil {
				session = nil
				return values{}, err
			}
		}
		parameters, renew, err := session.Read(ctx, doubted)
		return values{parameters: parameters, renew: renew}, err
	}))
}

// unsupported names a source that this release cannot read. Silence would build the
// trigger without its credentials.
func unsupported(field string, set bool) error {
	if !set {
		return nil
	}
	return fmt.Errorf("spec.%s is not supported by this release: use secretTargetRef", field)
}

func (r *reading) azureKeyVault(spec *v1alpha1.TriggerAuthenticationSpec) error {
	return unsupported("azureKeyVault", spec.AzureKeyVault != nil)
}

func (r *reading) gcpSecretManager(spec *v1alpha1.TriggerAuthenticationSpec) error {
	return unsupported("gcpSecretManager", spec.GCPSecretManager != nil)
}

// awsSecretManager opens the store by a key, or by a pod identity, which may be that
// of the workload.
func (r *reading) awsSecretManager(spec *v1alpha1.TriggerAuthenticationSpec) error {
	if spec.AwsSecretManager == nil {
		return nil
	}
	const name = "awsSecretManager"
	store := spec.AwsSecretManager.DeepCopy()
	var err error
	if store.PodIdentity, err = r.identity(store.PodIdentity); err != nil {
		return fmt.Errorf("%s.podIdentity: %w", name, err)
	}
	var role string
	if store.PodIdentity != nil {
		role = ptr.Deref(store.PodIdentity.RoleArn, "")
	}
	var keys awssecretmanager.Keys
	if c := store.Credentials; c != nil {
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
	transport := r.resolver.Transport
	return r.merge(r.kept(name, func(ctx context.Context, _ bool) (values, error) {
		parameters, err := awssecretmanager.Read(ctx, store, keys, transport)
		return values{parameters: parameters}, err
	}, keys.AccessKey, keys.SecretKey, keys.Token, role))
}
