// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package eventing

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	kedav1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity/azure"
)

// eventGridScope is what tokens for topics of Azure Event Grid are made for, in
// every cloud.
const eventGridScope = "https://eventgrid.azure.net/.default"

// AzureToken returns the access token for Azure Event Grid of a pod identity of
// the provider azure-workload. Tokens are kept until shortly before they expire.
func AzureToken(ctx context.Context, pod *kedav1alpha1.AuthPodIdentity) (string, error) {
	who, ok, err := azure.Pod(pod)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", fmt.Errorf("podIdentity.provider (%q) must be %s for a topic of Azure Event Grid", pod.Provider, kedav1alpha1.PodIdentityProviderAzureWorkload)
	}
	credential, err := azure.Credential(who, nil)
	if err != nil {
		return "", err
	}
	token, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{eventGridScope}})
	if err != nil {
		return "", azure.Explain(err, who)
	}
	return token.Token, nil
}
