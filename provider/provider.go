// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package provider is the Terraform provider: what Terraform calls. Each resource
// is one file that declares its arguments (internal/schema) and what is special
// about it; resource.go does the rest for all custom resources: check at plan
// (controller/api/v1alpha1, controller/trigger), convert (internal/convert),
// apply and wait (internal/kube). Package main serves it.
package provider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/kube"
)

// New returns a constructor of the provider, as providerserver wants it. version
// is that of the release.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &kedaProvider{version: version} }
}

type kedaProvider struct {
	version string
	// session is nil before the provider is configured.
	session *session
}

// session is what a configured provider gives its resources.
type session struct {
	cluster *kube.Lazy
	// ignoredLabels and ignoredAnnotations are left out of imports.
	ignoredLabels, ignoredAnnotations []*regexp.Regexp
	// unknown lists arguments of the provider that are not known yet.
	unknown []string
}

func (p *kedaProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = "keda", p.version
}

func (p *kedaProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = configSchema()
}

// Configure prepares a client but neither reads files nor dials: that a cluster
// does not exist yet must not fail a plan.
func (p *kedaProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var c config
	resp.Diagnostics.Append(req.Config.Get(ctx, &c)...)
	if resp.Diagnostics.HasError() {
		return
	}
	s := &session{unknown: c.unknown(ctx)}
	s.ignoredLabels = patterns(ctx, c.IgnoreLabels, "ignore_labels", &resp.Diagnostics)
	s.ignoredAnnotations = patterns(ctx, c.IgnoreAnnotations, "ignore_annotations", &resp.Diagnostics)
	p.session, resp.ResourceData, resp.DataSourceData = s, s, s
	if len(s.unknown) > 0 {
		if req.ClientCapabilities.DeferralAllowed {
			resp.Deferred = &provider.Deferred{Reason: provider.DeferredReasonProviderConfigUnknown}
		}
		s.cluster = kube.NewLazy(s.notYet)
		return
	}
	settings, diags := c.resolve(ctx, os.Getenv)
	resp.Diagnostics.Append(diags...)
	s.cluster = kube.NewLazy(settings.connect)
}

// notYet is the error of using a cluster that is not known yet.
func (s *session) notYet() (*kube.Client, error) {
	if len(s.unknown) == 0 {
		return nil, errors.New("the provider was not configured")
	}
	return nil, fmt.Errorf("the provider's arguments %s depend on resources that do not exist yet, so its objects cannot be read. "+
		"Create those first with terraform apply -target, or give the provider values that are known", strings.Join(s.unknown, ", "))
}

// client is nil, and diags say why, when there is no cluster to talk to.
func (s *session) client(diags *diag.Diagnostics) *kube.Client {
	if s == nil {
		diags.AddError("Provider not configured", howToConfigure)
		return nil
	}
	client, err := s.cluster.Client()
	if err != nil {
		diags.AddError("No cluster to talk to", capital(strings.TrimSuffix(err.Error(), "."))+".")
		return nil
	}
	return client
}

func patterns(ctx context.Context, list types.List, name string, diags *diag.Diagnostics) []*regexp.Regexp {
	var texts []string
	if list.IsNull() || list.IsUnknown() {
		return nil
	}
	diags.Append(list.ElementsAs(ctx, &texts, false)...)
	var compiled []*regexp.Regexp
	for i, text := range texts {
		pattern, err := regexp.Compile(text)
		if err != nil {
			diags.AddAttributeError(path.Root(name).AtListIndex(i), "Not a regular expression", fmt.Sprintf("%s[%d] is %q: %v.", name, i, text, err))
			continue
		}
		compiled = append(compiled, pattern)
	}
	return compiled
}

func (p *kedaProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return newInstallation(p.version) },
		func() resource.Resource { return face{scaledObject()} },
		func() resource.Resource { return face{scaledJob()} },
		func() resource.Resource { return face{triggerAuthentication()} },
		func() resource.Resource { return face{clusterTriggerAuthentication()} },
	}
}

func (p *kedaProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }
