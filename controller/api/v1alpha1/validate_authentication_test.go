// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"strings"
	"testing"
)

// TestNoPartOfAnAuthenticationEscapesItsChecks: whatever the pod identity is, every
// other source is checked too, in both kinds.
//
// Differs: Admission
// KEDA: The checks of a (Cluster)TriggerAuthentication end after those of its pod identity: with one of any other provider, a faulty oauth2 is accepted and fails, or is used without credentials, when a trigger reads it.
// Here: Every source is checked, whatever stands beside it.
// Why: A check that another field switches off protects nobody.
// Old: not available
func TestNoPartOfAnAuthenticationEscapesItsChecks(t *testing.T) {
	for _, provider := range []PodIdentityProvider{"", PodIdentityProviderAws, PodIdentityProviderAwsEKS, PodIdentityProviderAzureWorkload, PodIdentityProviderGCP, PodIdentityProviderNone} {
		spec := TriggerAuthenticationSpec{
			OAuth2:         &OAuth2{Type: "password", TokenURL: "ftp://issuer"},
			HashiCorpVault: &HashiCorpVault{Address: "vault", Authentication: "password"},
		}
		if provider != "" {
			spec.PodIdentity = &AuthPodIdentity{Provider: provider}
		}
		for kind, found := range map[string]Violations{
			KindTriggerAuthentication:        ValidateTriggerAuthentication(&TriggerAuthentication{Spec: spec}),
			KindClusterTriggerAuthentication: ValidateClusterTriggerAuthentication(&ClusterTriggerAuthentication{Spec: spec}),
		} {
			refused, _ := found.Split(Inadmissible)
			for _, want := range []string{
				`spec.oauth2.type ("password")`, "spec.oauth2.clientId", "spec.oauth2.clientSecret", "spec.oauth2.tokenUrl",
				"spec.hashiCorpVault.address", `spec.hashiCorpVault.authentication ("password")`, "spec.hashiCorpVault.secrets",
			} {
				if !strings.Contains(refused.Error(), want) {
					t.Errorf("%s with provider %q: %s is not refused: %v", kind, provider, want, refused)
				}
			}
		}
	}
}
