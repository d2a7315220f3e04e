// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package azurekeyvault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity/azure"
)

// private is the type of a cloud that is none of Microsoft's.
const private = "Private"

// authorities are the URLs of Microsoft Entra ID by cloud type.
var authorities = map[string]string{
	"AzurePublicCloud":       cloud.AzurePublic.ActiveDirectoryAuthorityHost,
	"AzureUSGovernmentCloud": cloud.AzureGovernment.ActiveDirectoryAuthorityHost,
	"AzureChinaCloud":        cloud.AzureChina.ActiveDirectoryAuthorityHost,
}

// identify says as whom to ask, and for which resource the vault may want a token;
// empty leaves that to the SDK, which compares it with the vault's domain.
func identify(spec *v1alpha1.AzureKeyVault, clientSecret string) (who azure.Identity, resource string, err error) {
	who, ok, err := azure.Pod(spec.PodIdentity)
	switch {
	case err != nil:
		return who, "", err
	case ok:
	case spec.Credentials == nil:
		return who, "", errors.New("there are neither credentials nor a pod identity; " +
			"set azureKeyVault.credentials, or azureKeyVault.podIdentity with provider azure-workload")
	case clientSecret == "":
		return who, "", errors.New("the client secret is empty; store it under the key that azureKeyVault.credentials.clientSecret names")
	default:
		who = azure.Identity{TenantID: spec.Credentials.TenantID, ClientID: spec.Credentials.ClientID, Secret: clientSecret}
	}
	if spec.Cloud == nil {
		return who, "", nil
	}
	if spec.Cloud.Type == private {
		if spec.Cloud.KeyVaultResourceURL == "" || spec.Cloud.ActiveDirectoryEndpoint == "" {
			return who, "", errors.New("cloud type Private needs keyVaultResourceURL and activeDirectoryEndpoint; set both")
		}
		who.Private, resource = true, strings.TrimSuffix(spec.Cloud.KeyVaultResourceURL, "/")
		if who.AuthorityHost == "" {
			who.AuthorityHost = spec.Cloud.ActiveDirectoryEndpoint
		}
		return who, resource, nil
	}
	authority, ok := authorities[spec.Cloud.Type]
	if !ok {
		return who, "", fmt.Errorf("cloud type %q is not known; use AzurePublicCloud, AzureUSGovernmentCloud, AzureChinaCloud or Private", spec.Cloud.Type)
	}
	if who.AuthorityHost == "" {
		who.AuthorityHost = authority
	}
	return who, "", nil
}

// expected gets tokens for one resource only: that of a private cloud, which is
// configured and not left to the vault's answer.
type expected struct {
	azcore.TokenCredential
	resource string
}

// GetToken gets a token if the vault asks for one of the right resource.
func (e expected) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	for _, scope := range options.Scopes {
		if wanted := strings.TrimSuffix(strings.TrimSuffix(scope, "/.default"), "/"); wanted != e.resource {
			return azcore.AccessToken{}, fmt.Errorf("the vault wants tokens for %s; correct cloud.keyVaultResourceURL, which is %s", wanted, e.resource)
		}
	}
	return e.TokenCredential.GetToken(ctx, options)
}

// remedy says what to do about an error, as the end of its sentence.
func remedy(err error) string {
	var token *azidentity.AuthenticationFailedError
	var answer *azcore.ResponseError
	switch {
	case errors.As(err, &token) && token.RawResponse != nil:
		return "; correct tenant, client or secret, or the federated credential of the application"
	case !errors.As(err, &answer):
		return ""
	case answer.StatusCode == http.StatusNotFound:
		return "; create it, or correct its name or version"
	case answer.StatusCode == http.StatusForbidden, answer.StatusCode == http.StatusUnauthorized:
		return "; give the identity the role Key Vault Secrets User on the vault"
	}
	return ""
}
