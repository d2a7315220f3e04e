// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package httpquery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"k8s.io/utils/ptr"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	awsidentity "github.com/keda-tf/terraform-provider-keda/controller/internal/identity/aws"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity/azure"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity/gcp"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity/oauth"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// azureResources are what tokens for managed Prometheus are asked for, by cloud.
var azureResources = map[string]string{
	"":                       "https://prometheus.monitor.azure.com",
	"AzurePublicCloud":       "https://prometheus.monitor.azure.com",
	"AzureUSGovernmentCloud": "https://prometheus.monitor.azure.us",
	"AzureChinaCloud":        "https://prometheus.monitor.azure.cn",
}

// who is the identity that requests to managed Prometheus carry. At most one of its
// fields is set.
type who struct {
	aws   *awsidentity.Identity
	azure *azure.Identity
	gcp   *gcp.Identity
}

// identify picks the identity that a trigger and its TriggerAuthentication ask for.
func identify(t *trigger.Prometheus, pod *v1alpha1.AuthPodIdentity) (who, error) {
	var w who
	azureID, isAzure, err := azure.Pod(pod)
	_, isAWS := awsidentity.Pod(pod)
	switch {
	case err != nil:
		return who{}, err
	case isAzure:
		w.azure = &azureID
	case gcp.Pod(pod):
		w.gcp = &gcp.Identity{}
	case t.Region != "":
		id, err := awsidentity.Identify(t.AWSAuth, pod)
		if err != nil {
			return who{}, err
		}
		w.aws = &id
	case isAWS:
		return who{}, errors.New(`the pod identity aws signs requests for a region; set the parameter "awsRegion"`)
	case t.Credentials != "":
		w.gcp = &gcp.Identity{Key: t.Credentials}
	default:
		return who{}, nil
	}
	for _, mode := range []string{"basic", "bearer", "oauth"} {
		if t.Uses(mode) {
			return who{}, fmt.Errorf("authModes lists %q, but the requests carry a cloud identity already; remove one of the two", mode)
		}
	}
	return w, nil
}

// podSettings lists what makes two pod identities different, for scaler.ServerID.
func podSettings(pod *v1alpha1.AuthPodIdentity) []string {
	if pod == nil {
		return nil
	}
	settings := []string{string(pod.Provider)}
	for _, field := range []*string{pod.IdentityID, pod.IdentityTenantID, pod.IdentityAuthorityHost, pod.RoleArn, pod.ExternalID} {
		settings = append(settings, ptr.Deref(field, ""))
	}
	return settings
}

// prometheusSigner returns what signs the requests of a trigger, nil if nothing
// does.
func (s *source) prometheusSigner(ctx context.Context, t *trigger.Prometheus) (signer, error) {
	w, err := identify(t, s.pod)
	if err != nil {
		return nil, scaler.Misconfigured(err)
	}
	switch {
	case w.azure != nil:
		credential, err := azure.Credential(*w.azure, s.shared)
		if err != nil {
			return nil, scaler.Misconfigured(err)
		}
		resource := cmp.Or(azureResources[t.AzureCloud], t.AzureResourceURL)
		return azureBearer{credential, strings.TrimSuffix(resource, "/") + "/.default", *w.azure}, nil
	case w.gcp != nil:
		tokens, err := gcp.Tokens(*w.gcp, gcp.ScopeMonitoringRead, s.shared)
		return bearer{tokens}, err
	case w.aws != nil:
		config, err := awsidentity.Config(ctx, t.Region, *w.aws, nil)
		return sigV4{config, *w.aws}, err
	}
	return oauthSigner(&t.HTTPAuth, s.plain)
}

// oauthSigner returns what adds an OAuth 2 token, nil if the trigger does not use
// one. The token endpoint is asked with the trigger's own TLS settings.
func oauthSigner(a *trigger.HTTPAuth, transport http.RoundTripper) (signer, error) {
	if !a.Uses("oauth") {
		return nil, nil //nolint:nilnil // no signer and no error: nothing is to be signed
	}
	client := oauth.Client{TokenURL: a.OAuthTokenURI, ID: a.ClientID, Secret: a.ClientSecret, Scopes: a.Scopes, Params: a.EndpointParams}
	tokens, err := client.Tokens(transport)
	return bearer{tokens}, err
}
