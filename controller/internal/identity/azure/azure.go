// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package azure gives Azure clients their identity: an application with its
// secret, or the workload identity of the controller's pod. One credential serves
// all that ask as the same identity; it keeps its tokens, one for each scope, until
// shortly before they expire.
package azure

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity"
)

// The variables that the workload identity webhook sets in a pod.
const (
	clientVariable = "AZURE_CLIENT_ID"
	tenantVariable = "AZURE_TENANT_ID"
	fileVariable   = "AZURE_FEDERATED_TOKEN_FILE"
)

// Identity says as whom to ask. The zero value is the workload identity of the
// controller's pod.
type Identity struct {
	// TenantID and ClientID name the application. Empty stands for AZURE_TENANT_ID
	// and AZURE_CLIENT_ID of the controller's pod, with a workload identity only.
	TenantID, ClientID string
	// Secret is the application's secret; empty means workload identity.
	Secret string
	// AuthorityHost is the URL of Microsoft Entra ID; empty stands for
	// AZURE_AUTHORITY_HOST, or else that of the public cloud.
	AuthorityHost string
	// Private says that the authority is none of Microsoft's own, which then are not
	// asked whether they know it.
	Private bool
}

// Pod returns the identity that a pod identity of the provider azure-workload
// stands for, and whether it is of that provider.
func Pod(pod *v1alpha1.AuthPodIdentity) (who Identity, ok bool, err error) {
	if pod == nil || pod.Provider != v1alpha1.PodIdentityProviderAzureWorkload {
		return Identity{}, false, nil
	}
	for _, field := range []struct {
		name string
		from *string
		to   *string
	}{
		{"identityId", pod.IdentityID, &who.ClientID},
		{"identityTenantId", pod.IdentityTenantID, &who.TenantID},
		{"identityAuthorityHost", pod.IdentityAuthorityHost, &who.AuthorityHost},
	} {
		if field.from == nil {
			continue
		}
		if *field.from == "" {
			return Identity{}, true, fmt.Errorf("podIdentity.%s is empty; set it, or leave it out for the controller's own", field.name)
		}
		*field.to = *field.from
	}
	return who, true, nil
}

// shared holds the credentials in use.
var shared identity.Cache[key, azcore.TokenCredential]

// key is what a credential depends on.
type key struct {
	Identity
	environment string
	transport   http.RoundTripper
}

// Credential returns the credential of an identity. It fetches nothing yet.
// transport carries its requests and must be comparable; nil stands for
// http.DefaultTransport.
func Credential(who Identity, transport http.RoundTripper) (azcore.TokenCredential, error) {
	if transport == nil {
		transport = http.DefaultTransport
	}
	k := key{who, identity.Environment("AZURE_"), transport}
	return shared.Get(k, time.Now(), k.credential)
}

func (k key) credential() (azcore.TokenCredential, error) {
	options := Options(k.transport)
	options.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: k.AuthorityHost}
	if k.Secret != "" {
		return azidentity.NewClientSecretCredential(k.TenantID, k.ClientID, k.Secret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: k.Private,
		})
	}
	var missing []string
	for _, variable := range []struct{ name, instead string }{{clientVariable, k.ClientID}, {tenantVariable, k.TenantID}, {fileVariable, ""}} {
		if cmp.Or(variable.instead, os.Getenv(variable.name)) == "" {
			missing = append(missing, variable.name)
		}
	}
	if len(missing) > 0 {
		return nil, errors.New("the controller's pod has no Azure workload identity: " + strings.Join(missing, ", ") + " is not set; " +
			"label the pod azure.workload.identity/use=true and annotate its ServiceAccount azure.workload.identity/client-id")
	}
	return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
		ClientOptions: options, ClientID: k.ClientID, TenantID: k.TenantID, DisableInstanceDiscovery: k.Private,
	})
}

// Options returns the options of a client of an Azure service. It does not repeat
// requests: that is the caller's to decide.
func Options(transport http.RoundTripper) azcore.ClientOptions {
	if transport == nil {
		transport = http.DefaultTransport
	}
	return azcore.ClientOptions{
		Transport: &http.Client{Transport: transport, CheckRedirect: identity.NoRedirect},
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}
}
