// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// ValidateTriggerAuthentication returns all that is wrong with a TriggerAuthentication, as far as that shows without a cluster;
// see ValidateScaledObject for unknown.
func ValidateTriggerAuthentication(a *TriggerAuthentication, unknown ...Path) Violations {
	c := &checker{unknown: unknown}
	if a.Spec.FilePath != "" {
		c.report(Misleading, ReasonIncorrectAuthentication, specPath.With("filePath"), a.Spec.FilePath,
			"is for ClusterTriggerAuthentication only; remove it")
	}
	c.authentication(&a.Spec)
	return c.found
}

// ValidateClusterTriggerAuthentication is ValidateTriggerAuthentication for the cluster's kind.
func ValidateClusterTriggerAuthentication(a *ClusterTriggerAuthentication, unknown ...Path) Violations {
	c := &checker{unknown: unknown}
	c.filePath(&a.Spec)
	c.authentication(&a.Spec)
	return c.found
}

func (c *checker) refuse(at Path, value any, format string, args ...any) {
	c.report(Unworkable, ReasonIncorrectAuthentication, at, value, format, args...)
}

func (c *checker) mislead(at Path, value any, format string, args ...any) {
	c.report(Misleading, ReasonIncorrectAuthentication, at, value, format, args...)
}

// required reports a text that is empty.
func (c *checker) required(value string, at Path) {
	if value == "" {
		c.refuse(at, nil, "is missing; set it")
	}
}

func (c *checker) secretRef(ref SecretReference, at Path) {
	c.keyOf(ref.ValueFrom.SecretKeyRef.Name, ref.ValueFrom.SecretKeyRef.Key, at.With("valueFrom", "secretKeyRef"))
}

// keyOf checks a reference to a key of a Secret or ConfigMap.
func (c *checker) keyOf(name, key string, at Path) {
	c.required(name, at.With("name"))
	c.required(key, at.With("key"))
	if name != "" && len(validation.IsDNS1123Subdomain(name)) > 0 {
		c.refuse(at.With("name"), name, "cannot be the name of an object; it "+nameRule)
	}
	if key != "" && len(validation.IsConfigMapKey(key)) > 0 {
		c.refuse(at.With("key"), key, "cannot be a key; it must consist of letters, digits, -, _ and .")
	}
}

// parameters collects the parameters that one list fills, to report one that is empty or filled twice.
type parameters []string

func (p *parameters) add(c *checker, parameter string, at Path) {
	at = at.With("parameter")
	c.required(parameter, at)
	if parameter != "" && slices.Contains(*p, parameter) {
		c.mislead(at, parameter, "is set twice, and only the last counts; remove one")
	}
	*p = append(*p, parameter)
}

func (c *checker) filePath(s *TriggerAuthenticationSpec) {
	if s.FilePath == "" {
		return
	}
	at := specPath.With("filePath")
	if path.IsAbs(s.FilePath) || slices.Contains(strings.Split(s.FilePath, "/"), "..") {
		c.refuse(at, s.FilePath, "must be a relative path below the controller's root for such files that has no .. in it")
	}
	others := *s
	others.FilePath, others.PodIdentity = "", nil
	if !others.empty() {
		c.mislead(at, s.FilePath, "replaces all other sources but podIdentity; remove it or them")
	}
}

func (s *TriggerAuthenticationSpec) empty() bool {
	return s.PodIdentity == nil && s.FilePath == "" && len(s.SecretTargetRef) == 0 && len(s.ConfigMapTargetRef) == 0 && len(s.Env) == 0 &&
		s.HashiCorpVault == nil && s.AzureKeyVault == nil && s.GCPSecretManager == nil && s.AwsSecretManager == nil &&
		len(s.BoundServiceAccountToken) == 0 && s.OAuth2 == nil
}

func (c *checker) authentication(s *TriggerAuthenticationSpec) {
	if s.empty() && c.knownBelow(specPath) {
		c.mislead(specPath, nil, "names no source; add one, for example secretTargetRef")
	}
	c.podIdentity(s.PodIdentity, specPath.With("podIdentity"))
	c.targetRefs(s.SecretTargetRef, specPath.With("secretTargetRef"))
	c.targetRefs(s.ConfigMapTargetRef, specPath.With("configMapTargetRef"))
	var env, tokens parameters
	for i, source := range s.Env {
		at := specPath.With("env", i)
		env.add(c, source.Parameter, at)
		c.required(source.Name, at.With("name"))
	}
	c.vault(s.HashiCorpVault, specPath.With("hashiCorpVault"))
	c.azureKeyVault(s.AzureKeyVault, specPath.With("azureKeyVault"))
	c.gcpSecretManager(s.GCPSecretManager, specPath.With("gcpSecretManager"))
	c.awsSecretManager(s.AwsSecretManager, specPath.With("awsSecretManager"))
	for i, token := range s.BoundServiceAccountToken {
		at := specPath.With("boundServiceAccountToken", i)
		tokens.add(c, token.Parameter, at)
		c.required(token.ServiceAccountName, at.With("serviceAccountName"))
	}
	c.oauth2(s.OAuth2, specPath.With("oauth2"))
}

func (c *checker) targetRefs(refs []AuthTargetRef, list Path) {
	var seen parameters
	for i, ref := range refs {
		at := list.With(i)
		seen.add(c, ref.Parameter, at)
		c.keyOf(ref.Name, ref.Key, at)
	}
}

func (c *checker) podIdentity(p *AuthPodIdentity, at Path) {
	if p == nil || !c.known(at.With("provider")) {
		return
	}
	c.required(string(p.Provider), at.With("provider"))
	oneOf(c, Unworkable, ReasonIncorrectAuthentication, at.With("provider"), p.Provider, PodIdentityProviderAws, PodIdentityProviderAwsEKS,
		PodIdentityProviderAzureWorkload, PodIdentityProviderGCP, PodIdentityProviderNone)
	if p.Provider == PodIdentityProviderAwsEKS {
		c.report(Advisory, ReasonIncorrectAuthentication, at.With("provider"), string(p.Provider), "is deprecated; use aws with identityOwner workload")
	}
	c.azureIdentity(p, at)
	c.awsIdentity(p, at)
}

func (c *checker) azureIdentity(p *AuthPodIdentity, at Path) {
	id, tenant, host := at.With("identityId"), at.With("identityTenantId"), at.With("identityAuthorityHost")
	for _, field := range []struct {
		value *string
		at    Path
	}{{p.IdentityID, id}, {p.IdentityTenantID, tenant}, {p.IdentityAuthorityHost, host}} {
		if field.value == nil {
			continue
		}
		if p.Provider != PodIdentityProviderAzureWorkload {
			c.mislead(field.at, *field.value, "is read with provider %s only; remove it", PodIdentityProviderAzureWorkload)
		} else if *field.value == "" {
			c.refuse(field.at, nil, "must not be empty; set it or leave it out")
		}
	}
	if p.Provider != PodIdentityProviderAzureWorkload {
		return
	}
	if p.IdentityTenantID != nil && p.IdentityID == nil && c.known(id) {
		c.refuse(tenant, *p.IdentityTenantID, "needs identityId; set it too")
	}
	if p.IdentityAuthorityHost != nil && p.IdentityTenantID == nil && c.known(tenant) {
		c.refuse(host, *p.IdentityAuthorityHost, "needs identityTenantId; set it too")
	}
}

func (c *checker) awsIdentity(p *AuthPodIdentity, at Path) {
	role, external, owner := at.With("roleArn"), at.With("externalID"), at.With("identityOwner")
	if p.Provider != PodIdentityProviderAws {
		for _, field := range []struct {
			value *string
			at    Path
		}{{p.RoleArn, role}, {p.ExternalID, external}, {p.IdentityOwner, owner}} {
			if field.value != nil {
				c.mislead(field.at, nil, "is read with provider %s only; remove it", PodIdentityProviderAws)
			}
		}
		return
	}
	ofWorkload := valueOr(p.IdentityOwner, IdentityOwnerKeda) == IdentityOwnerWorkload
	oneOf(c, Unworkable, ReasonIncorrectAuthentication, owner, valueOr(p.IdentityOwner, ""), IdentityOwnerKeda, IdentityOwnerWorkload)
	if valueOr(p.RoleArn, "") != "" && ofWorkload {
		c.refuse(role, *p.RoleArn, "excludes identityOwner workload, whose role comes from its ServiceAccount; remove one of the two")
	}
	if valueOr(p.ExternalID, "") != "" && valueOr(p.RoleArn, "") == "" && c.known(role) {
		c.refuse(external, nil, "needs roleArn; set it too")
	}
}

func (c *checker) oauth2(o *OAuth2, at Path) {
	if o == nil {
		return
	}
	oneOf(c, Unworkable, ReasonIncorrectAuthentication, at.With("type"), o.Type, OAuth2ClientCredentials)
	c.required(o.ClientID, at.With("clientId"))
	c.secretRef(o.ClientSecret, at.With("clientSecret"))
	c.webAddress(o.TokenURL, at.With("tokenUrl"))
}

// webAddress checks a URL. It is not shown, because people put credentials into URLs.
func (c *checker) webAddress(text string, at Path) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		c.refuse(at, nil, "must be a URL that begins with http:// or https:// and has a host")
	}
}
