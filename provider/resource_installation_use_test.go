// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/acctest"
)

// TestInstallationIsInUseByCloudEventSources: the definition that goes with the
// installation takes all objects of its kind along.
func TestInstallationIsInUseByCloudEventSources(t *testing.T) {
	s, api := installing(t)
	state := s.Create(installationType, map[string]any{"wait": false, "delete_crds": true})
	source := "/apis/eventing.keda.sh/v1alpha1/namespaces/shop/cloudeventsources/audit"
	api.Put(source, map[string]any{"apiVersion": "eventing.keda.sh/v1alpha1", "kind": "CloudEventSource", "metadata": map[string]any{"namespace": "shop", "name": "audit"}})
	null := tftypes.NewValue(s.Type(installationType), nil)
	_, diagnostics := s.Apply(installationType, state, null, null)
	contains(t, acctest.Text(diagnostics), "The installation is in use", "cloudeventsources.eventing.keda.sh shop/audit")
	api.Remove(source)
	if _, diagnostics = s.Apply(installationType, state, null, null); len(diagnostics) > 0 {
		t.Error(acctest.Text(diagnostics))
	}
}

// TestInstallationDoesNotDrainWhatItDoesNotWatch: nobody would remove the
// finalizers of those objects, and the drain would wait for its whole timeout.
func TestInstallationDoesNotDrainWhatItDoesNotWatch(t *testing.T) {
	s, api := installing(t)
	status := api.Status(nil)
	status["availableReplicas"] = 1
	api.Status = func(map[string]any) map[string]any { return status }
	state := s.Create(installationType, map[string]any{"wait": false, "on_destroy": "drain", "watch_namespaces": []any{"shop"}, "watch_label_selector": "team=shop"})
	put := func(namespace, name string, labels map[string]any, finalizers ...any) string {
		place := "namespaces/" + namespace + "/scaledobjects/" + name
		api.Put(place, map[string]any{"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
			"metadata": map[string]any{"namespace": namespace, "name": name, "labels": labels, "finalizers": finalizers}})
		return place
	}
	team := map[string]any{"team": "shop"}
	ours := put("shop", "ours", team, "finalizer.keda.sh")
	places := []string{ours, put("shop", "unlabelled", nil, "example.com/a", "finalizer.keda.sh", "example.com/b"),
		put("other", "elsewhere", team, "finalizer.keda.sh"), put("other", "free", team)}
	null := tftypes.NewValue(s.Type(installationType), nil)
	_, diagnostics := s.Apply(installationType, state, null, null)
	text := acctest.Text(diagnostics)
	contains(t, text, "The installation does not work on all objects", "Nothing was deleted", "scaledobjects.keda.sh other/elsewhere: watch_namespaces are shop only",
		`scaledobjects.keda.sh shop/unlabelled: its labels do not match watch_label_selector = "team=shop"`,
		`kubectl patch scaledobjects.keda.sh unlabelled -n shop --type merge -p '{"metadata":{"finalizers":["example.com/a","example.com/b"]}}'`)
	if strings.Contains(text, "ours") || strings.Contains(text, "free") {
		t.Errorf("objects that would go are named: %s", text)
	}
	for _, place := range places {
		if api.Object(place) == nil {
			t.Errorf("%s was deleted", place)
		}
	}
	api.Remove(places[1])
	api.Remove(places[2])
	if _, diagnostics = s.Apply(installationType, state, null, null); len(diagnostics) > 0 || api.Object(ours) != nil {
		t.Error("the rest is not drained", acctest.Text(diagnostics))
	}
}
