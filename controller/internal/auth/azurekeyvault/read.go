// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package azurekeyvault reads parameters from Azure Key Vault. What comes in is the
// part of a TriggerAuthentication that names them, what goes out are their values;
// package auth calls it. One version of a secret is one request. Nothing that is
// missing becomes an empty value.
package azurekeyvault

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity/azure"
)

// vaults holds the clients in use: a client learns from its vault's first answer
// which token it wants.
var vaults identity.Cache[vault, *azsecrets.Client]

// vault is what a client depends on.
type vault struct {
	uri, resource string
	credential    azcore.TokenCredential
	transport     http.RoundTripper
}

// Read returns the value of every parameter. It asks as the application of
// spec.credentials, whose secret is clientSecret, or as the pod identity of spec.
// transport carries the requests and must be comparable; nil stands for
// http.DefaultTransport. Errors name the vault, the secret and what to do, and show
// no value.
func Read(ctx context.Context, spec *v1alpha1.AzureKeyVault, clientSecret string, transport http.RoundTripper) (values map[string]string, err error) {
	// The SDK trusts the form of the vault's first answer, and anybody may run a
	// server that is no vault.
	defer func() {
		if r := recover(); r != nil {
			values, err = nil, fmt.Errorf("reading Azure Key Vault %s: its answer is not that of a key vault; correct vaultUri", spec.VaultURI)
		}
	}()
	who, resource, err := identify(spec, clientSecret)
	if err != nil {
		return nil, fmt.Errorf("reading Azure Key Vault %s: %w", spec.VaultURI, err)
	}
	client, err := open(spec.VaultURI, resource, who, transport)
	if err != nil {
		return nil, fmt.Errorf("reading Azure Key Vault %s: %w", spec.VaultURI, azure.Explain(err, who))
	}
	known := map[v1alpha1.AzureKeyVaultSecret]string{} // by name and version
	values = make(map[string]string, len(spec.Secrets))
	for _, ref := range spec.Secrets {
		parameter := ref.Parameter
		ref.Parameter = ""
		if _, ok := known[ref]; !ok {
			value, err := get(ctx, client, ref, who)
			if err != nil {
				return nil, fmt.Errorf("reading Azure Key Vault %s: parameter %s: %w", spec.VaultURI, parameter, err)
			}
			known[ref] = value
		}
		values[parameter] = known[ref]
	}
	return values, nil
}

func open(uri, resource string, who azure.Identity, transport http.RoundTripper) (*azsecrets.Client, error) {
	credential, err := azure.Credential(who, transport)
	if err != nil {
		return nil, err
	}
	return vaults.Get(vault{uri, resource, credential, transport}, time.Now(), func() (*azsecrets.Client, error) {
		if resource != "" {
			credential = expected{credential, resource}
		}
		return azsecrets.NewClient(uri, credential, &azsecrets.ClientOptions{ClientOptions: azure.Options(transport)})
	})
}

// get asks for one version of a secret; an empty version stands for the newest.
func get(ctx context.Context, client *azsecrets.Client, ref v1alpha1.AzureKeyVaultSecret, who azure.Identity) (string, error) {
	name := fmt.Sprintf("secret %q", ref.Name)
	if ref.Version != "" {
		name += fmt.Sprintf(", version %q", ref.Version)
	}
	answer, err := client.GetSecret(ctx, ref.Name, ref.Version, nil)
	if err != nil {
		return "", fmt.Errorf("%s: %w%s", name, azure.Explain(err, who), remedy(err))
	}
	if answer.Value == nil || *answer.Value == "" {
		return "", fmt.Errorf("%s is empty; store a value", name)
	}
	return *answer.Value, nil
}
