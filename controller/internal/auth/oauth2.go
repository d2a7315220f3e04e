// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// oauth2 gives the parameters by which HTTP triggers get an access token: the
// scopes joined by commas, the further parameters of the request as a URL query.
func (r *reading) oauth2(spec *v1alpha1.TriggerAuthenticationSpec) error {
	o := spec.OAuth2
	if o == nil {
		return nil
	}
	if o.Type != "" && o.Type != v1alpha1.OAuth2ClientCredentials {
		return fmt.Errorf("oauth2.type %q is not known: use %s", o.Type, v1alpha1.OAuth2ClientCredentials)
	}
	secret, err := r.credential("oauth2.clientSecret", o.ClientSecret)
	if err != nil {
		return err
	}
	further := url.Values{}
	for name, value := range o.TokenURLParams {
		further.Set(name, value)
	}
	r.set("oauthTokenURI", o.TokenURL)
	r.set("clientID", o.ClientID)
	r.set("clientSecret", secret)
	r.set("scopes", strings.Join(o.Scopes, ","))
	r.set("endpointParams", further.Encode())
	return nil
}
