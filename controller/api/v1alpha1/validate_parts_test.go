// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidateTriggers(t *testing.T) {
	runChanges(t, validScaledObject, ValidateScaledObject, []change[ScaledObject]{
		{"none", func(o *ScaledObject) { o.Spec.Triggers = nil },
			[]string{"unworkable incorrect-triggers: spec.triggers is empty; add at least one trigger"}},
		{"same name twice", func(o *ScaledObject) { o.Spec.Triggers = []ScaleTrigger{redis("a"), redis("b"), redis("a")} },
			[]string{`unworkable incorrect-triggers: spec.triggers[2].name ("a") is the name of two triggers; give each its own`}},
		{"no type", func(o *ScaledObject) { o.Spec.Triggers[0].Type = "" },
			[]string{"unworkable incorrect-triggers: spec.triggers[0].type is missing; set it to a trigger type, for example redis"}},
		{"misspelt type", func(o *ScaledObject) { o.Spec.Triggers[0].Type = "reddis" },
			[]string{`unworkable incorrect-triggers: spec.triggers[0].type ("reddis") is no trigger type; did you mean "redis"?`}},
		{"cache with cpu", func(o *ScaledObject) {
			trigger := cpu()
			trigger.UseCachedMetrics = true
			o.Spec.Triggers = append(o.Spec.Triggers, trigger)
		}, []string{"unworkable incorrect-triggers: spec.triggers[1].useCachedMetrics is not possible with cpu; remove it"}},
		{"cpu without metric type", func(o *ScaledObject) {
			trigger := cpu()
			trigger.MetricType = ""
			o.Spec.Triggers = append(o.Spec.Triggers, trigger)
		}, []string{"unworkable incorrect-triggers: spec.triggers[1].metricType must be Utilization or AverageValue in a cpu trigger"}},
		{"utilization of a queue", func(o *ScaledObject) { o.Spec.Triggers[0].MetricType = "Utilization" },
			[]string{`unworkable incorrect-triggers: spec.triggers[0].metricType ("Utilization") must be AverageValue or Value in a redis trigger`}},
		{"authenticationRef", func(o *ScaledObject) { o.Spec.Triggers[0].AuthenticationRef = &AuthenticationRef{Kind: "Secret"} }, []string{
			"unworkable incorrect-triggers: spec.triggers[0].authenticationRef.name is missing; name the authentication or remove authenticationRef",
			`unworkable incorrect-triggers: spec.triggers[0].authenticationRef.kind ("Secret") must be TriggerAuthentication or ClusterTriggerAuthentication`,
		}},
	})
}

func TestValidateTriggerMetadata(t *testing.T) {
	o := validScaledObject()
	o.Spec.Triggers[0].Metadata = map[string]string{"address": "redis:6379", "listLength": "many", "listname": "jobs"}
	found := ValidateScaledObject(o)
	byPath := map[string]Violation{}
	for _, v := range found {
		byPath[v.Path.String()] = v
	}
	unknown := byPath["spec.triggers[0].metadata.listname"]
	if !unknown.UnknownKey || unknown.Severity != Misleading || unknown.Suggestion != "listName" || unknown.Value != nil {
		t.Errorf("an unknown key: %+v", unknown)
	}
	if invalid := byPath["spec.triggers[0].metadata.listLength"]; invalid.Severity != Unworkable || invalid.Value != "many" {
		t.Errorf("an invalid value: %+v", invalid)
	}
	if missing := byPath["spec.triggers[0].metadata.listName"]; missing.Severity != Unworkable || missing.Value != nil {
		t.Errorf("a missing parameter: %+v", missing)
	}
	if len(found) != 3 {
		t.Errorf("%d violations, want 3: %v", len(found), found)
	}

	errors, warnings := found.Split(Inadmissible)
	if len(errors) != 2 || len(warnings) != 1 || errors.Err() == nil || Violations(nil).Err() != nil {
		t.Errorf("Split: %v and %v", errors, warnings)
	}
}

func TestValidateTriggerOfAnotherRelease(t *testing.T) {
	o := validScaledObject()
	o.Spec.Triggers[0].Type = "predictkube"
	found := ValidateScaledObject(o)
	if len(found) != 1 || found[0].Reason != ReasonUnsupportedTrigger || found[0].Path.String() != "spec.triggers[0].type" {
		t.Errorf("a type of KEDA that is not built in: %v", lines(found))
	}
}

func TestFormulaMakesTargetsOptional(t *testing.T) {
	o := validScaledObject()
	o.Spec.Triggers[0] = redis("queue")
	o.Spec.Triggers[0].Metadata["listLength"] = "0"
	if len(ValidateScaledObject(o)) == 0 {
		t.Error("a target of 0 is accepted without a formula")
	}
	o.Spec.Advanced = &AdvancedConfig{ScalingModifiers: &ScalingModifiers{Formula: "queue", Target: "1"}}
	if found := ValidateScaledObject(o); len(found) != 0 {
		t.Errorf("with a formula: %v", lines(found))
	}
}

// TestUnknownValues holds that a value that Terraform does not know yet raises nothing, neither where it stands nor in what
// depends on it.
func TestUnknownValues(t *testing.T) {
	trigger := triggersPath.With(0)
	tests := []struct {
		name    string
		change  func(*ScaledObject)
		unknown Path
	}{
		{"metadata value", func(o *ScaledObject) { delete(o.Spec.Triggers[0].Metadata, "listName") }, trigger.With("metadata", "listName")},
		{"all metadata", func(o *ScaledObject) { o.Spec.Triggers[0].Metadata = nil }, trigger.With("metadata")},
		{"type", func(o *ScaledObject) { o.Spec.Triggers[0].Type = "" }, trigger.With("type")},
		{"all triggers", func(o *ScaledObject) { o.Spec.Triggers = nil }, triggersPath},
		{"target", func(o *ScaledObject) { o.Spec.ScaleTargetRef.Name = "" }, specPath.With("scaleTargetRef", "name")},
		{"max", func(o *ScaledObject) { o.Spec.MinReplicaCount = ptr[int32](500) }, maxPath},
		{"min", func(o *ScaledObject) { o.Spec.IdleReplicaCount = ptr[int32](0) }, minPath},
		{"min with cpu", func(o *ScaledObject) { o.Spec.Triggers = []ScaleTrigger{cpu()} }, minPath},
		{"metric type", func(o *ScaledObject) {
			cpu := cpu()
			cpu.MetricType = ""
			o.Spec.Triggers = []ScaleTrigger{redis(""), cpu}
		}, triggersPath.With(1, "metricType")},
		{"name in a formula", func(o *ScaledObject) {
			o.Spec.Advanced = &AdvancedConfig{ScalingModifiers: &ScalingModifiers{Formula: "a", Target: "1"}}
		}, trigger.With("name")},
		{"formula", func(o *ScaledObject) {
			o.Spec.Advanced = &AdvancedConfig{ScalingModifiers: &ScalingModifiers{Target: "1"}}
		}, modifiersPath.With("formula")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := validScaledObject()
			tt.change(o)
			if found := ValidateScaledObject(o); len(found) == 0 {
				t.Fatal("the object is valid even when all is known, so the test shows nothing")
			}
			if found := ValidateScaledObject(o, tt.unknown); len(found) != 0 {
				t.Errorf("unknown %s: %v", tt.unknown, lines(found))
			}
		})
	}
}

func validAuthentication() *TriggerAuthentication {
	a := &TriggerAuthentication{}
	a.Spec.SecretTargetRef = []AuthTargetRef{{Parameter: "password", Name: "redis", Key: "password"}}
	return a
}

func secretRef(name string) SecretReference {
	return SecretReference{ValueFrom: ValueFromSecret{SecretKeyRef: SecretKeyRef{Name: name, Key: "key"}}}
}

func TestValidateTriggerAuthentication(t *testing.T) {
	identity := func(p AuthPodIdentity) func(*TriggerAuthentication) {
		return func(a *TriggerAuthentication) { a.Spec.PodIdentity = &p }
	}
	const prefix = " incorrect-authentication: spec."
	runChanges(t, validAuthentication, ValidateTriggerAuthentication, []change[TriggerAuthentication]{
		{"valid", func(*TriggerAuthentication) {}, nil},
		{"no source", func(a *TriggerAuthentication) { a.Spec = TriggerAuthenticationSpec{} },
			[]string{"misleading incorrect-authentication: spec names no source; add one, for example secretTargetRef"}},
		{"empty and double", func(a *TriggerAuthentication) {
			a.Spec.SecretTargetRef = append(a.Spec.SecretTargetRef, AuthTargetRef{Parameter: "password"})
		}, []string{
			"misleading" + prefix + `secretTargetRef[1].parameter ("password") is set twice, and only the last counts; remove one`,
			"unworkable" + prefix + "secretTargetRef[1].name is missing; set it",
			"unworkable" + prefix + "secretTargetRef[1].key is missing; set it",
		}},
		{"names that cannot be", func(a *TriggerAuthentication) {
			a.Spec.SecretTargetRef[0].Name, a.Spec.SecretTargetRef[0].Key = "A b", "x y"
		}, []string{
			"unworkable" + prefix + `secretTargetRef[0].name ("A b") cannot be the name of an object; it must consist of lower case letters, digits, - and ., and begin and end with a letter or digit`,
			"unworkable" + prefix + `secretTargetRef[0].key ("x y") cannot be a key; it must consist of letters, digits, -, _ and .`,
		}},
		{"file path", func(a *TriggerAuthentication) { a.Spec.FilePath = "creds.json" },
			[]string{"misleading" + prefix + `filePath ("creds.json") is for ClusterTriggerAuthentication only; remove it`}},
		{"provider", identity(AuthPodIdentity{Provider: "azure"}),
			[]string{"unworkable" + prefix + `podIdentity.provider ("azure") must be aws, aws-eks, azure-workload, gcp or none`}},
		{"aws-eks", identity(AuthPodIdentity{Provider: "aws-eks"}),
			[]string{"advisory" + prefix + `podIdentity.provider ("aws-eks") is deprecated; use aws with identityOwner workload`}},
		{"azure", identity(AuthPodIdentity{Provider: "azure-workload", IdentityID: ptr("id"), IdentityTenantID: ptr("t"), IdentityAuthorityHost: ptr("h")}), nil},
		{"azure, empty id", identity(AuthPodIdentity{Provider: "azure-workload", IdentityID: ptr("")}),
			[]string{"unworkable" + prefix + "podIdentity.identityId must not be empty; set it or leave it out"}},
		{"azure, host without tenant", identity(AuthPodIdentity{Provider: "azure-workload", IdentityAuthorityHost: ptr("h")}),
			[]string{"unworkable" + prefix + `podIdentity.identityAuthorityHost ("h") needs identityTenantId; set it too`}},
		{"azure, tenant without id", identity(AuthPodIdentity{Provider: "azure-workload", IdentityTenantID: ptr("t")}),
			[]string{"unworkable" + prefix + `podIdentity.identityTenantId ("t") needs identityId; set it too`}},
		{"aws role and workload", identity(AuthPodIdentity{Provider: "aws", RoleArn: ptr("arn"), IdentityOwner: ptr("workload")}),
			[]string{"unworkable" + prefix + `podIdentity.roleArn ("arn") excludes identityOwner workload, whose role comes from its ServiceAccount; remove one of the two`}},
		{"aws external id", identity(AuthPodIdentity{Provider: "aws", ExternalID: ptr("x")}),
			[]string{"unworkable" + prefix + "podIdentity.externalID needs roleArn; set it too"}},
		{"aws fields with gcp", identity(AuthPodIdentity{Provider: "gcp", RoleArn: ptr("arn"), IdentityID: ptr("id")}), []string{
			"misleading" + prefix + `podIdentity.identityId ("id") is read with provider azure-workload only; remove it`,
			"misleading" + prefix + "podIdentity.roleArn is read with provider aws only; remove it",
		}},
		{"oauth2 is checked whatever the identity", func(a *TriggerAuthentication) {
			a.Spec.PodIdentity = &AuthPodIdentity{Provider: "gcp"}
			a.Spec.OAuth2 = &OAuth2{Type: "password", TokenURL: "https://user:secret@"}
		}, []string{
			"unworkable" + prefix + `oauth2.type ("password") must be clientCredentials`,
			"unworkable" + prefix + "oauth2.clientId is missing; set it",
			"unworkable" + prefix + "oauth2.clientSecret.valueFrom.secretKeyRef.name is missing; set it",
			"unworkable" + prefix + "oauth2.clientSecret.valueFrom.secretKeyRef.key is missing; set it",
			"unworkable" + prefix + "oauth2.tokenUrl must be a URL that begins with http:// or https:// and has a host",
		}},
		{"vault", func(a *TriggerAuthentication) {
			a.Spec.HashiCorpVault = &HashiCorpVault{Address: "vault:8200", Authentication: "kubernetes", Secrets: []VaultSecret{{Parameter: "p", Path: "a", Key: "k", Type: "pki"}}}
		}, []string{
			"unworkable" + prefix + "hashiCorpVault.address must be a URL that begins with http:// or https:// and has a host",
			"unworkable" + prefix + "hashiCorpVault.role is missing; set it",
			"unworkable" + prefix + "hashiCorpVault.mount is missing; set it",
			"unworkable" + prefix + "hashiCorpVault.secrets[0].pkiData.commonName is missing; set it",
		}},
		{"azure key vault", func(a *TriggerAuthentication) {
			a.Spec.AzureKeyVault = &AzureKeyVault{VaultURI: "https://v.vault.azure.net", Cloud: &AzureKeyVaultCloudInfo{Type: "Private"}, PodIdentity: &AuthPodIdentity{Provider: "gcp"}}
		}, []string{
			"unworkable" + prefix + `azureKeyVault.podIdentity.provider ("gcp") must be azure-workload here`,
			"unworkable" + prefix + "azureKeyVault.cloud.activeDirectoryEndpoint must be a URL that begins with http:// or https:// and has a host",
			"unworkable" + prefix + "azureKeyVault.cloud.keyVaultResourceURL must be a URL that begins with http:// or https:// and has a host",
			"unworkable" + prefix + "azureKeyVault.secrets is empty; add at least one secret",
		}},
		{"gcp secret manager", func(a *TriggerAuthentication) {
			a.Spec.GCPSecretManager = &GCPSecretManager{Secrets: []GCPSecretManagerSecret{{Parameter: "p"}}}
		}, []string{
			"unworkable" + prefix + "gcpSecretManager can be opened neither by credentials nor by podIdentity; set one, the latter with provider gcp",
			"unworkable" + prefix + "gcpSecretManager.secrets[0].id is missing; set it",
		}},
		{"aws secret manager", func(a *TriggerAuthentication) {
			a.Spec.AwsSecretManager = &AwsSecretManager{
				Secrets:     []AwsSecretManagerSecret{{Parameter: "p", Name: "n"}},
				Credentials: &AwsSecretManagerCredentials{AccessKey: secretRef("a"), AccessSecretKey: secretRef("a"), AccessToken: &SecretReference{}},
			}
		}, []string{
			"unworkable" + prefix + "awsSecretManager.credentials.accessToken.valueFrom.secretKeyRef.name is missing; set it",
			"unworkable" + prefix + "awsSecretManager.credentials.accessToken.valueFrom.secretKeyRef.key is missing; set it",
		}},
	})
}

func TestValidateClusterTriggerAuthentication(t *testing.T) {
	tests := []struct {
		path string
		want string
	}{
		{"creds/redis.json", ""}, {"/etc/passwd", "must be a relative path"}, {"../x", "must be a relative path"}, {"a/../../x", "must be a relative path"}, {"a/../b", "that has no .. in it"},
	}
	for _, tt := range tests {
		a := &ClusterTriggerAuthentication{Spec: TriggerAuthenticationSpec{FilePath: tt.path}}
		got := ValidateClusterTriggerAuthentication(a).Error()
		if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.path, got, tt.want)
		}
	}
	a := &ClusterTriggerAuthentication{Spec: validAuthentication().Spec}
	a.Spec.FilePath = "creds.json"
	want := []string{`misleading incorrect-authentication: spec.filePath ("creds.json") replaces all other sources but podIdentity; remove it or them`}
	if diff := cmp.Diff(want, lines(ValidateClusterTriggerAuthentication(a))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
