// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"strings"
	"testing"

	"github.com/keda-tf/terraform-provider-keda/provider/internal/acctest"
)

// refusesInstallation validates a configuration that is not allowed.
func refusesInstallation(t *testing.T, s *acctest.Session, name string, config map[string]any, want string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		if text := acctest.Text(s.Validate(installationType, s.Config(installationType, config))); !strings.Contains(text, want) {
			t.Errorf("got %q, want %q in it", text, want)
		}
	})
}

// TestInstallationRefusesPodsThatCannotBe says at plan what the API server would
// say after the custom resource definitions are in the cluster.
func TestInstallationRefusesPodsThatCannotBe(t *testing.T) {
	s := acctest.NewSession(t, New("test"))
	pod := func(arguments map[string]any) map[string]any { return map[string]any{"metrics_adapter": arguments} }
	env := func(variables ...any) map[string]any {
		return map[string]any{"controller": map[string]any{"env": variables}}
	}
	variable := func(name string) map[string]any { return map[string]any{"name": name, "value": "x"} }
	resources := func(requests, limits map[string]any) map[string]any {
		return pod(map[string]any{"resources": map[string]any{"requests": requests, "limits": limits}})
	}
	tolerate := func(members map[string]any) map[string]any { return map[string]any{"toleration": []any{members}} }
	for _, test := range []struct {
		name   string
		config map[string]any
		want   string
	}{
		{"variable twice", env(variable("A"), variable("B"), variable("A")), `"A" is not allowed: env[0] has this name already; remove one of the two.

At controller.env[2].name.`},
		{"variable of the installation", env(variable("WATCH_NAMESPACE")), `"WATCH_NAMESPACE" is not allowed: the installation sets this variable itself`},
		{"variable of an argument", map[string]any{"restrict_secret_access": true, "controller": env(variable("KEDA_RESTRICT_SECRET_ACCESS"))["controller"]}, "the installation sets this variable itself"},
		{"variable with an impossible name", env(variable("A=B")), "At controller.env[0].name."},
		{"variable with two values", env(with(variable("A"), map[string]any{"secret_key_ref": map[string]any{"name": "s", "key": "k"}})), `"A" is not allowed: it has both a value and a secret_key_ref`},
		{"secret", env(map[string]any{"name": "A", "secret_key_ref": map[string]any{"name": "S_", "key": "k"}}), "At controller.env[0].secret_key_ref.name."},
		{"key", env(map[string]any{"name": "A", "secret_key_ref": map[string]any{"name": "s", "key": "a/b"}}), "At controller.env[0].secret_key_ref.key."},
		{"image with a scheme", pod(map[string]any{"image": "https://r.test/x:1"}), `"https://r.test/x:1" is not allowed: write it as for docker pull`},
		{"image with a space", pod(map[string]any{"image": "x: 1"}), "At metrics_adapter.image."},
		{"label", pod(map[string]any{"pod_labels": map[string]any{"a/b/c": "d"}}), `At metrics_adapter.pod_labels["a/b/c"].`},
		{"annotation", pod(map[string]any{"pod_annotations": map[string]any{"a b": "c"}}), `"a b" is not allowed`},
		{"annotation of the account", pod(map[string]any{"service_account_annotations": map[string]any{"-x": "c"}}), `At metrics_adapter.service_account_annotations["-x"].`},
		{"request above its limit", resources(map[string]any{"memory": "2Gi"}, map[string]any{"memory": "1000Mi"}), `"2Gi" is not allowed: it is more than the limit 1000Mi; lower it, or raise limits["memory"].`},
		{"negative", resources(map[string]any{"cpu": "-1"}, nil), `"-1" is not allowed: it is less than 0`},
		{"no resource", resources(map[string]any{"ram": "1Gi"}, nil), `"ram" is not allowed: a container has cpu, memory`},
		{"every value and one", tolerate(map[string]any{"key": "a", "operator": "Exists", "value": "b"}), `"b" is not allowed: operator = "Exists" stands for every value`},
		{"no key", tolerate(map[string]any{"value": "b"}), "At toleration[0].key."},
		{"key of a taint", tolerate(map[string]any{"key": "a b"}), `"a b" is not allowed`},
		{"value of a taint", tolerate(map[string]any{"key": "a", "value": "b c"}), "At toleration[0].value."},
		{"seconds", tolerate(map[string]any{"key": "a", "effect": "NoSchedule", "toleration_seconds": 5}), `5 is not allowed: only taints that evict have a time; set effect = "NoExecute"`},
	} {
		refusesInstallation(t, s, test.name, test.config, test.want)
	}
}

func TestInstallationTakesImagesAsTheyAreWritten(t *testing.T) {
	s := acctest.NewSession(t, New("test"))
	for _, image := range []string{
		"keda", "keda:1", "keda-tf/keda-controller:1.2.3", "localhost:5000/x", "Registry.Test/a/b__c-d.e:V1_2", "[::1]:5000/x:1",
		"123456789012.dkr.ecr.eu-west-3.amazonaws.com/a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	} {
		config := map[string]any{"controller": map[string]any{"image": image}}
		if text := acctest.Text(s.Validate(installationType, s.Config(installationType, config))); text != "" {
			t.Errorf("%s: %s", image, text)
		}
	}
	for _, registry := range []string{"mirror.test", "mirror.test:5000/path/", "ghcr.io/team"} {
		if text := acctest.Text(s.Validate(installationType, s.Config(installationType, map[string]any{"image_registry": registry}))); text != "" {
			t.Errorf("%s: %s", registry, text)
		}
	}
}
