// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/keda-tf/terraform-provider-keda/controller/api/eventing/v1alpha1"
	kedav1alpha1 "github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

const (
	toHTTP = "destination: {http: {uri: 'http://sink/events'}}\n"
	toGrid = "destination: {azureEventGridTopic: {endpoint: 'https://topic.example/api/events'}}\nauthenticationRef: {name: grid}\n"
)

// TestValidate: all violations are found at once, and none shows a URL.
func TestValidate(t *testing.T) {
	for _, test := range []struct {
		name, spec string
		refuses    kedav1alpha1.Severity
		want       []string // of the violations from that severity up
	}{
		{"http", toHTTP, kedav1alpha1.Advisory, nil},
		{"topic", toGrid, kedav1alpha1.Advisory, nil},
		{"included", toHTTP + "eventSubscription: {includedEventTypes: [keda.scaledobject.failed.v1]}", kedav1alpha1.Advisory, nil},
		{"excluded", toHTTP + "eventSubscription: {excludedEventTypes: [keda.authentication.triggerauthentication.created.v1]}", kedav1alpha1.Advisory, nil},
		{"no destination", "clusterName: a", kedav1alpha1.Unworkable, []string{"spec.destination is empty"}},
		{"no scheme", "destination: {http: {uri: 'user:secret@sink/events'}}", kedav1alpha1.Unworkable, []string{"spec.destination.http.uri must be a URL"}},
		{"another scheme", "destination: {http: {uri: 'kafka://sink'}}", kedav1alpha1.Unworkable, []string{"spec.destination.http.uri must be a URL"}},
		{"no host", "destination: {http: {uri: 'http:///events'}}", kedav1alpha1.Unworkable, []string{"spec.destination.http.uri must be a URL"}},
		{"topic without authentication", "destination: {azureEventGridTopic: {endpoint: 'https://t'}}", kedav1alpha1.Unworkable, []string{"spec.authenticationRef is missing"}},
		{"both destinations", "destination: {http: {uri: 'http://sink'}, azureEventGridTopic: {endpoint: 'https://t'}}", kedav1alpha1.Misleading, []string{"spec.destination.azureEventGridTopic is not used"}},
		{"endpoint that is not used", toHTTP[:len(toHTTP)-2] + ", azureEventGridTopic: {endpoint: later}}", kedav1alpha1.Unworkable, nil},
		{"authentication for http", toHTTP + "authenticationRef: {name: a}", kedav1alpha1.Misleading, []string{`spec.authenticationRef ("a") is read for azureEventGridTopic only`}},
		{"all at once", `
destination: {http: {uri: nowhere}}
eventSubscription: {includedEventTypes: [keda.scaledobject.ready], excludedEventTypes: [keda.scaledjob.ready.v1, ready]}
`, kedav1alpha1.Inadmissible, []string{
			"spec.destination.http.uri must be", "spec.eventSubscription has includedEventTypes and excludedEventTypes",
			`spec.eventSubscription.includedEventTypes[0] ("keda.scaledobject.ready") is not a type`, `spec.eventSubscription.excludedEventTypes[1] ("ready") is not a type`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var s v1alpha1.CloudEventSource
			if err := yaml.UnmarshalStrict([]byte(test.spec), &s.Spec); err != nil {
				t.Fatal(err)
			}
			found, _ := v1alpha1.ValidateCloudEventSource(&s).Split(test.refuses)
			if len(found) != len(test.want) {
				t.Fatalf("found %q, want %q", found, test.want)
			}
			for i, want := range test.want {
				if got := found[i].Error(); !strings.HasPrefix(got, want) || strings.Contains(got, "secret") {
					t.Errorf("violation %q, want %q", got, want)
				}
			}
		})
	}
}

// TestValidateClusterSource: a source of the cluster has no namespace to look for
// a TriggerAuthentication in.
func TestValidateClusterSource(t *testing.T) {
	var s v1alpha1.ClusterCloudEventSource
	if err := yaml.UnmarshalStrict([]byte(toGrid), &s.Spec); err != nil {
		t.Fatal(err)
	}
	refused, _ := v1alpha1.ValidateClusterCloudEventSource(&s).Split(kedav1alpha1.Unworkable)
	if len(refused) != 1 || !strings.HasPrefix(refused.Error(), `spec.authenticationRef.kind ("TriggerAuthentication") must be ClusterTriggerAuthentication`) {
		t.Errorf("refused %q", refused)
	}
	s.Spec.AuthenticationRef.Kind = kedav1alpha1.KindClusterTriggerAuthentication
	if found := v1alpha1.ValidateClusterCloudEventSource(&s); len(found) > 0 {
		t.Errorf("refused %q", found)
	}
	s = v1alpha1.ClusterCloudEventSource{}
	if err := yaml.UnmarshalStrict([]byte(toHTTP+"authenticationRef: {name: unused}"), &s.Spec); err != nil {
		t.Fatal(err)
	}
	if refused, _ := v1alpha1.ValidateClusterCloudEventSource(&s).Split(kedav1alpha1.Unworkable); len(refused) > 0 {
		t.Errorf("refused %q, of what is not read", refused)
	}
}

// TestWants: an empty subscription wants everything.
func TestWants(t *testing.T) {
	for _, kind := range v1alpha1.CloudEventTypes() {
		ready := kind == v1alpha1.ScaledJobReadyType
		for name, test := range map[string]struct {
			subscription v1alpha1.EventSubscription
			want         bool
		}{
			"all":      {v1alpha1.EventSubscription{}, true},
			"included": {v1alpha1.EventSubscription{IncludedEventTypes: []v1alpha1.CloudEventType{v1alpha1.ScaledJobReadyType}}, ready},
			"excluded": {v1alpha1.EventSubscription{ExcludedEventTypes: []v1alpha1.CloudEventType{v1alpha1.ScaledJobReadyType}}, !ready},
		} {
			if got := test.subscription.Wants(kind); got != test.want {
				t.Errorf("%s: %s is %t", name, kind, got)
			}
		}
	}
}

// TestDefinitions holds names, columns and the enumerated types that people rely
// on.
func TestDefinitions(t *testing.T) {
	for _, test := range []struct{ plural, kind, scope string }{
		{"cloudeventsources", v1alpha1.KindCloudEventSource, "Namespaced"},
		{"clustercloudeventsources", v1alpha1.KindClusterCloudEventSource, "Cluster"},
	} {
		text, err := os.ReadFile("../../../manifests/crds/eventing.keda.sh_" + test.plural + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(text, &crd); err != nil {
			t.Fatal(err)
		}
		version := crd.Spec.Versions[0]
		if crd.Spec.Names.Kind != test.kind || string(crd.Spec.Scope) != test.scope || version.Subresources.Status == nil {
			t.Errorf("kind %s, scope %s, subresources %v", crd.Spec.Names.Kind, crd.Spec.Scope, version.Subresources)
		}
		if columns := version.AdditionalPrinterColumns; len(columns) != 1 || columns[0].Name != "Active" {
			t.Errorf("columns %v", columns)
		}
		subscription := version.Schema.OpenAPIV3Schema.Properties["spec"].Properties["eventSubscription"]
		for _, list := range []string{"includedEventTypes", "excludedEventTypes"} {
			var types []v1alpha1.CloudEventType
			for _, value := range subscription.Properties[list].Items.Schema.Enum {
				types = append(types, v1alpha1.CloudEventType(strings.Trim(string(value.Raw), `"`)))
			}
			if !slices.Equal(types, v1alpha1.CloudEventTypes()) || len(types) != 19 {
				t.Errorf("%s of %s enumerates %q", list, test.kind, types)
			}
		}
	}
}
