// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"slices"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
)

// request is what somebody asks of the API server; an empty namespace is all of
// them.
type request struct{ verb, group, resource, name, namespace string }

// rights are those of the controller, as the API server would work them out.
type rights struct {
	rules map[string][]rbacv1.PolicyRule // by "Kind namespace/name"
	bound map[string][]string            // by namespace: the roles that are bound there
}

func rightsOf(t *testing.T, options manifests.Options) rights {
	t.Helper()
	r := rights{rules: map[string][]rbacv1.PolicyRule{}, bound: map[string][]string{}}
	for _, object := range manifests.Objects(render(t, options)) {
		var role rbacv1.Role
		var binding rbacv1.RoleBinding
		switch object.GetKind() {
		case "Role", "ClusterRole":
			convert(t, object.Object, &role)
			r.rules[object.GetKind()+" "+object.GetNamespace()+"/"+object.GetName()] = role.Rules
		case "RoleBinding", "ClusterRoleBinding":
			convert(t, object.Object, &binding)
			in := ""
			if binding.RoleRef.Kind == "Role" {
				in = object.GetNamespace()
			}
			if binding.Subjects[0].Name == manifests.ControllerName {
				r.bound[object.GetNamespace()] = append(r.bound[object.GetNamespace()], binding.RoleRef.Kind+" "+in+"/"+binding.RoleRef.Name)
			}
		}
	}
	return r
}

func convert(t *testing.T, from map[string]any, to any) {
	t.Helper()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(from, to); err != nil {
		t.Fatal(err)
	}
}

func (r rights) allow(q request) bool {
	roles := r.bound[""]
	if q.namespace != "" {
		roles = slices.Concat(roles, r.bound[q.namespace])
	}
	for _, role := range roles {
		for _, rule := range r.rules[role] {
			if slices.Contains(rule.Verbs, q.verb) && slices.Contains(rule.APIGroups, q.group) && slices.Contains(rule.Resources, q.resource) &&
				(len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, q.name)) {
				return true
			}
		}
	}
	return false
}

// TestRightsFollowTheScope: what the controller may do is what it is told to work
// on, and no more.
//
// Differs: Installation
// KEDA: The operator may get every resource of the cluster, and read and list all Secrets, unless its Helm chart is told otherwise; watching one namespace only does not take rights away.
// Here: No rule has a wildcard. With watch_namespaces the rights hold in those namespaces, with restrict_secret_access the Secrets of one namespace can be read, and other kinds than Deployments, StatefulSets and ReplicaSets are scaled where scale_target names them.
// Why: What a controller cannot read, a flaw in it cannot leak.
// Old: Name further kinds with scale_target blocks; without watch_namespaces the rights hold in the whole cluster.
func TestRightsFollowTheScope(t *testing.T) {
	secret := func(namespace string) request { return request{"get", "", "secrets", "any", namespace} }
	watchSecrets := func(namespace string) request { return request{"watch", "", "secrets", "", namespace} }
	object := func(namespace string) request { return request{"watch", "keda.sh", "scaledobjects", "", namespace} }
	scale := func(namespace string) request { return request{"patch", "apps", "deployments/scale", "web", namespace} }
	token := func(namespace, name string) request {
		return request{"create", "", "serviceaccounts/token", name, namespace}
	}
	event := func(namespace string) request { return request{"create", "events.k8s.io", "events", "", namespace} }
	for name, test := range map[string]struct {
		options   manifests.Options
		may, wont []request
	}{
		"the cluster": {
			manifests.Options{},
			[]request{secret(""), watchSecrets(""), object(""), scale(""), event("default"), {"get", "", "serviceaccounts", "any", "shop"}, {"list", "", "limitranges", "", "shop"}},
			[]request{token("shop", "web"), {"get", "argoproj.io", "rollouts/scale", "web", "shop"}, {"update", "", "secrets", "any", "shop"}, {"delete", "apps", "deployments", "web", "shop"}},
		},
		"namespaces": {
			manifests.Options{WatchNamespaces: []string{"shop", "bank", "shop"}},
			[]request{secret("shop"), secret("bank"), object("shop"), scale("bank"), secret("keda"), watchSecrets("keda"), event("default"), event("shop"),
				{"watch", "keda.sh", "clustertriggerauthentications", "", ""}, {"get", "", "pods", "who-held-the-lease", "keda"}},
			[]request{secret(""), secret("other"), object(""), object("keda"), scale("keda"), scale("other"), event("other"), {"list", "", "pods", "", "keda"}},
		},
		"its own namespace among them": {
			manifests.Options{WatchNamespaces: []string{"keda", "default"}},
			[]request{object("keda"), scale("keda"), secret("keda"), event("default")},
			[]request{object("shop")},
		},
		"restricted Secrets": {
			manifests.Options{RestrictSecretAccess: true},
			[]request{secret("keda"), watchSecrets("keda"), {"watch", "", "configmaps", "", ""}, object("")},
			[]request{secret(""), secret("shop"), watchSecrets("")},
		},
		"restricted Secrets elsewhere, in namespaces": {
			manifests.Options{RestrictSecretAccess: true, ClusterObjectNamespace: "central", WatchNamespaces: []string{"shop"}},
			[]request{secret("central"), watchSecrets("central"), {"get", "", "configmaps", "any", "central"}, {"get", "", "configmaps", "any", "shop"}, {"get", "", "secrets", manifests.CertSecretName, "keda"}},
			[]request{secret("keda"), secret("shop"), scale("central")},
		},
		"some tokens": {
			manifests.Options{ServiceAccountTokens: manifests.ServiceAccountTokens{Accounts: []manifests.ServiceAccount{{Namespace: "shop", Name: "web"}, {Namespace: "shop", Name: "api"}, {Namespace: "keda", Name: "vault"}}}},
			[]request{token("shop", "web"), token("shop", "api"), token("keda", "vault")},
			[]request{token("shop", "vault"), token("keda", "web"), token("", "web"), token("bank", "web")},
		},
		"all tokens": {
			manifests.Options{ServiceAccountTokens: manifests.ServiceAccountTokens{AllowAll: true}},
			[]request{token("", "web"), token("shop", "web")}, nil,
		},
		"all tokens of namespaces": {
			manifests.Options{WatchNamespaces: []string{"shop"}, ServiceAccountTokens: manifests.ServiceAccountTokens{AllowAll: true}},
			[]request{token("shop", "web"), token("keda", "of-a-cluster-trigger-authentication")}, []request{token("bank", "web"), token("", "web")},
		},
		"other kinds": {
			manifests.Options{ScaleTargets: []manifests.ScaleTarget{{Group: "argoproj.io", Resource: "rollouts"}}},
			[]request{{"patch", "argoproj.io", "rollouts/scale", "web", "shop"}, {"get", "argoproj.io", "rollouts", "web", "shop"}}, []request{{"update", "argoproj.io", "rollouts", "web", "shop"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := rightsOf(t, test.options)
			for _, q := range test.may {
				if !got.allow(q) {
					t.Errorf("it may not %+v", q)
				}
			}
			for _, q := range test.wont {
				if got.allow(q) {
					t.Errorf("it may %+v", q)
				}
			}
		})
	}
}

// TestTheScopeReachesTheController: what bounds the rights also bounds what the
// controller looks at.
func TestTheScopeReachesTheController(t *testing.T) {
	scoped := func(options manifests.Options) map[string]any {
		env := map[string]any{}
		deployment := find(t, render(t, options), "Deployment", manifests.ControllerName)
		list, _ := nested(t, deployment, "spec", "template", "spec", "containers", 0, "env").([]any)
		for _, item := range list {
			variable, _ := item.(map[string]any)
			name, _ := variable["name"].(string)
			if variable["value"] != nil {
				env[name] = variable["value"]
			}
		}
		return env
	}
	got := scoped(manifests.Options{
		WatchNamespaces: []string{"shop", "bank"}, WatchLabelSelector: "team=shop", WatchAuthenticationLabelSelector: "team in (shop,bank)",
		ClusterObjectNamespace: "central", RestrictSecretAccess: true,
	})
	for name, want := range map[string]string{
		"WATCH_NAMESPACE": "shop,bank", "WATCH_LABEL_SELECTOR": "team=shop", "WATCH_LABEL_SELECTOR_FOR_TRIGGERAUTH": "team in (shop,bank)",
		"KEDA_CLUSTER_OBJECT_NAMESPACE": "central", "KEDA_RESTRICT_SECRET_ACCESS": "true",
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %s", name, got[name], want)
		}
	}
	if len(scoped(manifests.Options{})) != 0 {
		t.Errorf("without a scope the environment is %v", scoped(manifests.Options{}))
	}
}
