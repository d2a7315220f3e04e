// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/acctest"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/convert"
	"github.com/keda-tf/terraform-provider-keda/provider/internal/install"
)

const installationType = "keda_installation"

// fullInstallation uses every argument that reaches the cluster.
func fullInstallation() map[string]any {
	component := func() map[string]any {
		return map[string]any{
			"image": "local.test/x:dev", "replicas": 2, "args": []any{"--a"},
			"resources": map[string]any{"requests": map[string]any{"cpu": "1000m"}, "limits": map[string]any{"memory": "1Gi"}},
			"env": []any{map[string]any{"name": "A", "value": "b"},
				map[string]any{"name": "S", "secret_key_ref": map[string]any{"name": "secret", "key": "k"}}},
			"service_account_annotations": map[string]any{"eks.amazonaws.com/role-arn": "arn"},
			"pod_labels":                  map[string]any{"team": "data"}, "pod_annotations": map[string]any{"x/y": "z"},
		}
	}
	return map[string]any{
		"namespace": "scaling", "controller": component(), "metrics_adapter": component(),
		"image_registry": "mirror.test", "image_pull_policy": "Never", "image_pull_secrets": []any{"pull"},
		"watch_namespaces": []any{"shop"}, "scale_target": []any{map[string]any{"group": "argoproj.io", "resource": "rollouts"}},
		"cluster_domain": "c.local", "log_level": "debug", "webhook": map[string]any{"enabled": true, "failure_policy": "Fail"},
		"watch_label_selector": "team=shop", "watch_label_selector_for_triggerauth": "team in (shop)", "cluster_object_namespace": "central",
		"restrict_secret_access": true, "service_account_tokens": map[string]any{"allow_all": false, "account": []any{map[string]any{"namespace": "shop", "name": "web"}}},
		"node_selector": map[string]any{"a": "b"}, "priority_class_name": "high",
		"toleration": []any{map[string]any{"key": "k", "operator": "Exists", "effect": "NoExecute", "toleration_seconds": 5}},
	}
}

func TestInstallationSchemaIsValid(t *testing.T) {
	r := newInstallation("test").(*installation)
	if diags := r.schema.ValidateImplementation(t.Context()); diags.HasError() {
		t.Error(diags)
	}
}

// Every argument must end in the rendered options: an argument whose place is
// misspelt would silently do nothing.
func TestInstallationArgumentsReachTheirOptions(t *testing.T) {
	s := acctest.NewSession(t, New("test"))
	r := newInstallation("test").(*installation)
	values := s.Config(installationType, fullInstallation())
	e := convert.Expand(r.fields, values)
	_, got, err := r.render(e, values)
	if err != nil || len(e.Problems) > 0 {
		t.Fatal(err, e.Problems)
	}
	reached(t, "controller", got.Controller)
	reached(t, "metrics_adapter", got.MetricsAdapter)
	got.Controller, got.MetricsAdapter = manifests.Component{}, manifests.Component{}
	if *got.Webhook.Enabled != true || *got.Tolerations[0].TolerationSeconds != 5 {
		t.Errorf("webhook %+v, tolerations %+v", got.Webhook, got.Tolerations)
	}
	got.Webhook.Enabled, got.Tolerations = nil, nil
	want := manifests.Options{
		Namespace: "scaling", CreateNamespace: true, Version: "test", ImageRegistry: "mirror.test", ImagePullPolicy: "Never",
		ImagePullSecrets: []string{"pull"}, WatchNamespaces: []string{"shop"},
		ScaleTargets: []manifests.ScaleTarget{{Group: "argoproj.io", Resource: "rollouts"}}, ClusterDomain: "c.local", LogLevel: "debug",
		WatchLabelSelector: "team=shop", WatchAuthenticationLabelSelector: "team in (shop)", ClusterObjectNamespace: "central", RestrictSecretAccess: true,
		ServiceAccountTokens: manifests.ServiceAccountTokens{Accounts: []manifests.ServiceAccount{{Namespace: "shop", Name: "web"}}},
		Webhook:              manifests.Webhook{FailurePolicy: "Fail"}, NodeSelector: map[string]string{"a": "b"}, PriorityClassName: "high",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// reached checks a component of fullInstallation.
func reached(t *testing.T, name string, got manifests.Component) {
	t.Helper()
	want := manifests.Component{
		Image: "local.test/x:dev", Replicas: 2, Args: []string{"--a"},
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: quantity.MustParse("1000m")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: quantity.MustParse("1Gi")},
		},
		Env: []corev1.EnvVar{{Name: "A", Value: "b"}, {Name: "S", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "secret"}, Key: "k"}}}},
		AccountAnnotations: map[string]string{"eks.amazonaws.com/role-arn": "arn"},
		PodLabels:          map[string]string{"team": "data"}, PodAnnotations: map[string]string{"x/y": "z"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

func TestInstallationPlansWithoutACluster(t *testing.T) {
	s := acctest.NewSession(t, New("test")).Configure(map[string]any{"host": acctest.Unknown})
	null := tftypes.NewValue(s.Type(installationType), nil)
	plan, diagnostics := s.Plan(installationType, null, s.Config(installationType, fullInstallation()))
	if text := acctest.Text(diagnostics); text != "" {
		t.Fatal(text)
	}
	inventory := inventoryOf(plan)
	if inventory["deployments.apps scaling/keda-operator"] == "" || inventory["rolebindings.rbac.authorization.k8s.io shop/keda-operator-watched"] == "" {
		t.Errorf("planned inventory %v", inventory)
	}
	if version, _ := convert.Known(plan, "version"); version != "test" {
		t.Errorf("planned version %q", version)
	}
}

func TestInstallationPlansUnknownValues(t *testing.T) {
	s := acctest.NewSession(t, New("test")).Configure(map[string]any{"host": acctest.Unknown})
	null := tftypes.NewValue(s.Type(installationType), nil)
	for name, config := range map[string]map[string]any{
		"namespace":  {"namespace": acctest.Unknown},
		"image":      {"controller": map[string]any{"image": acctest.Unknown}},
		"role":       {"controller": map[string]any{"service_account_annotations": map[string]any{"eks.amazonaws.com/role-arn": acctest.Unknown}}},
		"registry":   {"image_registry": acctest.Unknown},
		"block":      {"webhook": acctest.Unknown},
		"watched":    {"watch_namespaces": []any{"a", acctest.Unknown}},
		"labels":     {"watch_label_selector": acctest.Unknown},
		"central":    {"cluster_object_namespace": acctest.Unknown},
		"toleration": {"toleration": []any{map[string]any{"key": acctest.Unknown}, map[string]any{"operator": acctest.Unknown, "value": "x"}}},
		"variable":   {"controller": map[string]any{"env": []any{map[string]any{"name": acctest.Unknown}, map[string]any{"name": acctest.Unknown}}}},
		"account":    {"service_account_tokens": map[string]any{"account": []any{map[string]any{"namespace": acctest.Unknown, "name": "web"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			plan, diagnostics := s.Plan(installationType, null, s.Config(installationType, config))
			if text := acctest.Text(diagnostics); text != "" {
				t.Fatal(text)
			}
			if convert.Attribute(plan, "inventory").IsKnown() {
				t.Error("the inventory is known")
			}
			if known := convert.Attribute(plan, "id").IsKnown(); known == (name == "namespace") {
				t.Errorf("id known: %v", known)
			}
		})
	}
}

// installing is a session with an API server in memory in which CRDs are served
// at once.
func installing(t *testing.T) (*acctest.Session, *acctest.API) {
	t.Helper()
	s, api := connected(t)
	api.Status = func(map[string]any) map[string]any {
		return map[string]any{"conditions": []any{map[string]any{"type": "Established", "status": "True"}, map[string]any{"type": "NamesAccepted", "status": "True"}}}
	}
	return s, api
}

// TestInstallationLeavesNoStateBeforeItBegins: a state would be tainted, and the
// next apply would remove an installation that may be somebody else's.
func TestInstallationLeavesNoStateBeforeItBegins(t *testing.T) {
	s, api := installing(t)
	api.Fail = func(*http.Request) int { return http.StatusServiceUnavailable }
	null, config := tftypes.NewValue(s.Type(installationType), nil), s.Config(installationType, map[string]any{"wait": false})
	plan, _ := s.Plan(installationType, null, config)
	state, diagnostics := s.Apply(installationType, null, plan, config)
	contains(t, acctest.Text(diagnostics), "Refused by the cluster")
	if !state.IsNull() {
		t.Errorf("nothing was written, but the state is %s", state)
	}
	api.Fail = nil
	s.Create(installationType, map[string]any{"wait": false})
}

// TestInstallationRemembersWhatAFailedUpdateMade: rights in a namespace must not
// stay because the update that gave them stopped half-way and was then taken back.
func TestInstallationRemembersWhatAFailedUpdateMade(t *testing.T) {
	s, api := installing(t)
	config := map[string]any{"wait": false}
	state := s.Create(installationType, config)
	binding := "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings/keda-operator-watched"
	wider := s.Config(installationType, map[string]any{"wait": false, "watch_namespaces": []any{"shop"}})
	plan, _ := s.Plan(installationType, state, wider)
	api.Fail = func(r *http.Request) int {
		if r.Method == http.MethodPatch && strings.Contains(r.URL.Path, "/deployments/") {
			return http.StatusForbidden
		}
		return 0
	}
	state, diagnostics := s.Apply(installationType, state, plan, wider)
	contains(t, acctest.Text(diagnostics), "stopped in phase")
	if api.Object(binding) == nil {
		t.Fatal("the update stopped too early for this test")
	}
	api.Fail = nil
	state, _ = s.Read(installationType, state)
	plan, _ = s.Plan(installationType, state, s.Config(installationType, config))
	state, diagnostics = s.Apply(installationType, state, plan, s.Config(installationType, config))
	if api.Object(binding) != nil {
		t.Errorf("the rights in namespace shop are still there %s", acctest.Text(diagnostics))
	}
	unchanged(t, s, installationType, state, config)
}

// TestInstallationIsImportedFromItsOwnNamespace: with the namespace of nobody, its
// destruction would take the rights of the installation that there is.
func TestInstallationIsImportedFromItsOwnNamespace(t *testing.T) {
	s, api := installing(t)
	s.Create(installationType, map[string]any{"wait": false})
	if state, diagnostics := s.Import(installationType, "nope"); !state.IsNull() || len(diagnostics) > 0 {
		t.Errorf("namespace nope is imported as %s %s", state, acctest.Text(diagnostics))
	}
	state, _ := s.Import(installationType, "keda")
	if version, _ := convert.Known(state, "version"); version != "test" {
		t.Errorf("imported %s", state)
	}
	elsewhere, _ := installing(t)
	if gone, diagnostics := elsewhere.Read(installationType, state); !gone.IsNull() || len(diagnostics) > 0 {
		t.Errorf("an installation that was deleted is %s %s", gone, acctest.Text(diagnostics))
	}
	const operator = "/apis/apps/v1/namespaces/nope/deployments/keda-operator"
	api.Put(operator, map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"namespace": "nope", "name": "keda-operator",
		"labels": map[string]any{"app.kubernetes.io/version": "2.20.2", "app.kubernetes.io/managed-by": "Helm"}}})
	if state, _ := s.Import(installationType, "nope"); !state.IsNull() {
		t.Errorf("a controller of somebody else is imported as %s", state)
	}
}

func TestInstallationPlanNamesWhatAReleaseChanges(t *testing.T) {
	null := func(s *acctest.Session) tftypes.Value { return tftypes.NewValue(s.Type(installationType), nil) }
	old := acctest.NewSession(t, New("1.0.0")).Configure(map[string]any{"host": "http://localhost:1"})
	config := old.Config(installationType, map[string]any{})
	before, _ := old.Plan(installationType, null(old), config)
	again, _ := old.Plan(installationType, before, config)
	if !again.Equal(before) {
		t.Errorf("the same release plans a change:\n%s\n%s", before, again)
	}
	upgraded := acctest.NewSession(t, New("1.1.0")).Configure(map[string]any{"host": "http://localhost:1"})
	after, _ := upgraded.Plan(installationType, before, config)
	if version, _ := convert.Known(after, "version"); version != "1.1.0" {
		t.Errorf("planned version %q", version)
	}
	const id = "deployments.apps keda/keda-operator"
	if inventoryOf(before)[id] == inventoryOf(after)[id] {
		t.Error("the plan does not show that the controller changes")
	}
}

// The plan of a narrower scope names the access rights that change, come and go.
func TestInstallationPlanNamesWhatAScopeChanges(t *testing.T) {
	s := acctest.NewSession(t, New("1.0.0")).Configure(map[string]any{"host": "http://localhost:1"})
	planned := func(before tftypes.Value, config map[string]any) tftypes.Value {
		t.Helper()
		plan, diagnostics := s.Plan(installationType, before, s.Config(installationType, config))
		if text := acctest.Text(diagnostics); text != "" {
			t.Fatal(text)
		}
		return plan
	}
	wide := planned(tftypes.NewValue(s.Type(installationType), nil), map[string]any{})
	narrow := map[string]any{
		"watch_namespaces": []any{"shop"}, "restrict_secret_access": true,
		"service_account_tokens": map[string]any{"account": []any{map[string]any{"namespace": "shop", "name": "web"}}},
	}
	scoped := planned(wide, narrow)
	before, after := inventoryOf(wide), inventoryOf(scoped)
	const rbac = ".rbac.authorization.k8s.io "
	for id, want := range map[string]string{
		"clusterroles" + rbac + "keda-operator": "changes", "deployments.apps keda/keda-operator": "changes", "roles" + rbac + "keda/keda-operator": "stays",
		"clusterroles" + rbac + "keda-operator-watched": "comes", "rolebindings" + rbac + "shop/keda-operator-watched": "comes",
		"roles" + rbac + "keda/keda-operator-sources": "comes", "roles" + rbac + "shop/keda-operator-tokens": "comes", "roles" + rbac + "default/keda-operator-events": "comes",
		"deployments.apps keda/keda-metrics-apiserver": "stays",
	} {
		got := "changes"
		switch {
		case before[id] == after[id] && before[id] != "":
			got = "stays"
		case before[id] == "":
			got = "comes"
		}
		if got != want || after[id] == "" {
			t.Errorf("%s %s (%q, then %q), want that it %s", id, got, before[id], after[id], want)
		}
	}
	if again := planned(scoped, narrow); !again.Equal(scoped) {
		t.Error("the same scope plans a change")
	}
	if back := planned(scoped, map[string]any{}); !convert.Attribute(back, "inventory").Equal(convert.Attribute(wide, "inventory")) {
		t.Error("the way back does not lead to the same installation")
	}
}

func TestInstallationRefusesBadArguments(t *testing.T) {
	s := acctest.NewSession(t, New("test"))
	for _, test := range []struct {
		name   string
		config map[string]any
		want   string
	}{
		{"namespace", map[string]any{"namespace": "Keda"}, `"Keda" is not allowed`},
		{"watched", map[string]any{"watch_namespaces": []any{"a", "b/c"}}, "At watch_namespaces[1]."},
		{"quantity", map[string]any{"controller": map[string]any{"resources": map[string]any{"limits": map[string]any{"memory": "1Gb"}}}},
			`"1Gb" is not allowed: write a Kubernetes quantity such as 100m, 0.5 or 100Mi`},
		{"replicas", map[string]any{"metrics_adapter": map[string]any{"replicas": 0}}, "0 is less than 1"},
		{"log level", map[string]any{"log_level": "warn"}, `"warn" is not one of "debug", "info", "error"`},
		{"policy", map[string]any{"webhook": map[string]any{"failure_policy": "Igore"}}, `Did you mean "Ignore"?`},
		{"on_destroy", map[string]any{"on_destroy": "force"}, `"force" is not one of`},
		{"label", map[string]any{"controller": map[string]any{"pod_labels": map[string]any{"a": "b c"}}}, `"b c" is not allowed`},
		{"node", map[string]any{"node_selector": map[string]any{"a b": "c"}}, `"a b" is not allowed`},
		{"timeout", map[string]any{"timeouts": map[string]any{"create": "soon"}}, `"soon" is not a duration`},
		{"env", map[string]any{"controller": map[string]any{"env": []any{map[string]any{"value": "x"}}}}, "name is required"},
		{"selector", map[string]any{"watch_label_selector": "team in shop"}, `"team in shop" is not allowed: write it as in kubectl -l`},
		{"selector of authentications", map[string]any{"watch_label_selector_for_triggerauth": "team in"}, "At watch_label_selector_for_triggerauth."},
		{"central", map[string]any{"cluster_object_namespace": "my.secrets"}, `"my.secrets" is not allowed`},
		{"tokens", map[string]any{"service_account_tokens": map[string]any{"allow_all": true, "account": []any{map[string]any{"namespace": "a", "name": "b"}}}}, "remove one of the two"},
		{"account", map[string]any{"service_account_tokens": map[string]any{"account": []any{map[string]any{"namespace": "a", "name": "B"}}}}, "At service_account_tokens.account[0].name."},
		{"account without a namespace", map[string]any{"service_account_tokens": map[string]any{"account": []any{map[string]any{"name": "b"}}}}, "namespace is required"},
		{"target", map[string]any{"scale_target": []any{map[string]any{"group": "argoproj.io"}}}, "resource is required"},
		{"group", map[string]any{"scale_target": []any{map[string]any{"group": "argoproj.io/v1alpha1", "resource": "rollouts"}}}, "At scale_target[0].group."},
		{"plural", map[string]any{"scale_target": []any{map[string]any{"group": "argoproj.io", "resource": "Rollout"}}}, "plural name in lower case"},
		{"pull secret", map[string]any{"image_pull_secrets": []any{"a", "a"}}, "image_pull_secrets[0] is the same"},
		{"class", map[string]any{"priority_class_name": "Very High"}, "At priority_class_name."},
		{"registry", map[string]any{"image_registry": "https://mirror.test"}, `"https://mirror.test" is not allowed: write it as for docker pull`},
	} {
		refusesInstallation(t, s, test.name, test.config, test.want)
	}
}

func TestInventoryKeysCanBeReadBack(t *testing.T) {
	s := acctest.NewSession(t, New("test"))
	r := newInstallation("test").(*installation)
	values := s.Config(installationType, fullInstallation())
	wanted, err := r.wanted(convert.Expand(r.fields, values), values)
	if err != nil {
		t.Fatal(err)
	}
	for id := range wanted {
		ref, err := install.ParseID(id)
		if err != nil || ref.String() != id {
			t.Errorf("%q reads as %q: %v", id, ref, err)
		}
	}
	if len(wanted) < 25 {
		t.Errorf("only %d objects: %v", len(wanted), wanted)
	}
}
