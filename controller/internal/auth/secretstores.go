// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"fmt"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
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

func (r *reading) awsSecretManager(spec *v1alpha1.TriggerAuthenticationSpec) error {
	return unsupported("awsSecretManager", spec.AwsSecretManager != nil)
}
