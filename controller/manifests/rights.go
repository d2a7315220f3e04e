// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"maps"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

var (
	read      = []string{"get", "list", "watch"}
	readWrite = []string{"get", "list", "watch", "update", "patch"}
)

// kinds are our own, by API group.
var kinds = []struct {
	group               string
	namespaced, cluster []string
}{
	{"keda.sh", []string{"scaledobjects", "scaledjobs", "triggerauthentications"}, []string{"clustertriggerauthentications"}},
	{"eventing.keda.sh", []string{"cloudeventsources"}, []string{"clustercloudeventsources"}},
}

// Roles of the controller beside the one that has its name.
const (
	// watchedRole holds its rights in the namespaces that it watches.
	watchedRole = ControllerName + "-watched"
	// sourcesRole lets it read what ClusterTriggerAuthentications are made of.
	sourcesRole = ControllerName + "-sources"
	// eventsRole lets it write the events of kinds without a namespace, which
	// Kubernetes keeps in the namespace default.
	eventsRole = ControllerName + "-events"
	// tokensRole lets it ask for the tokens of some ServiceAccounts.
	tokensRole = ControllerName + "-tokens"
)

// controllerRights give the controller one role in the whole cluster, or, when it
// watches some namespaces only, its rights on objects there and no others.
func (o Options) controllerRights() []runtime.Object {
	account := o.account(ControllerName)
	wide := clusterRules()
	if len(o.WatchNamespaces) == 0 {
		wide = append(wide, o.namespaceRules()...)
	}
	objects := []runtime.Object{
		clusterRole(ControllerName, wide), clusterRoleBinding(ControllerName, ControllerName, account),
		role(o.Namespace, ControllerName, ownRules()...), roleBinding(o.Namespace, ControllerName, "Role", ControllerName, account),
	}
	if len(o.WatchNamespaces) > 0 {
		objects = append(objects, clusterRole(watchedRole, o.namespaceRules()))
		for _, namespace := range slices.Compact(slices.Sorted(slices.Values(o.WatchNamespaces))) {
			objects = append(objects, roleBinding(namespace, watchedRole, "ClusterRole", watchedRole, account))
		}
		if !slices.Contains(o.WatchNamespaces, metav1.NamespaceDefault) {
			objects = append(objects, o.grant(metav1.NamespaceDefault, eventsRole, eventRules()...)...)
		}
	}
	if len(o.WatchNamespaces) > 0 || o.RestrictSecretAccess {
		sources := []rbacv1.PolicyRule{rule("", []string{"configmaps", "secrets"}, read...)}
		if o.ServiceAccountTokens.AllowAll {
			sources = append(sources, tokenRule())
		}
		objects = append(objects, o.grant(o.ClusterObjectNamespace, sourcesRole, sources...)...)
	}
	return append(objects, o.tokenRights()...)
}

// grant gives the controller rights in one namespace.
func (o Options) grant(namespace, name string, rules ...rbacv1.PolicyRule) []runtime.Object {
	return []runtime.Object{role(namespace, name, rules...), roleBinding(namespace, name, "Role", name, o.account(ControllerName))}
}

// tokenRights let the controller ask for the tokens of the ServiceAccounts that
// are named, and of no others.
func (o Options) tokenRights() []runtime.Object {
	if o.ServiceAccountTokens.AllowAll {
		return nil // part of namespaceRules, and of what ClusterTriggerAuthentications are made of
	}
	names := map[string][]string{}
	for _, account := range o.ServiceAccountTokens.Accounts {
		names[account.Namespace] = append(names[account.Namespace], account.Name)
	}
	var objects []runtime.Object
	for _, namespace := range slices.Sorted(maps.Keys(names)) {
		accounts := slices.Compact(slices.Sorted(slices.Values(names[namespace])))
		objects = append(objects, o.grant(namespace, tokensRole, named(tokenRule(), accounts...))...)
	}
	return objects
}

func tokenRule() rbacv1.PolicyRule { return rule("", []string{"serviceaccounts/token"}, "create") }

// kindRules are the rights of the controller on its own kinds.
func kindRules(group string, kinds []string) []rbacv1.PolicyRule {
	suffixed := func(suffix string) []string {
		out := make([]string, len(kinds))
		for i, k := range kinds {
			out[i] = k + suffix
		}
		return out
	}
	return []rbacv1.PolicyRule{
		rule(group, kinds, readWrite...),
		rule(group, suffixed("/status"), "get", "update", "patch"),
		rule(group, suffixed("/finalizers"), "update"),
	}
}

// clusterRules are the rights of the controller on what has no namespace.
func clusterRules() []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	for _, k := range kinds {
		rules = append(rules, kindRules(k.group, k.cluster)...)
	}
	return append(rules,
		named(rule("apiregistration.k8s.io", []string{"apiservices"}, "get", "patch"), APIServiceName),
		named(rule("admissionregistration.k8s.io", []string{"validatingwebhookconfigurations"}, "get", "patch"), WebhookName),
	)
}

// namespaceRules are the rights of the controller in namespaces.
func (o Options) namespaceRules() []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	for _, k := range kinds {
		rules = append(rules, kindRules(k.group, k.namespaced)...)
	}
	sources := []string{"configmaps", "secrets"}
	if o.RestrictSecretAccess {
		sources = []string{"configmaps"}
	}
	rules = append(rules,
		rule("autoscaling", []string{"horizontalpodautoscalers"}, "get", "list", "watch", "create", "update", "patch", "delete"),
		rule("batch", []string{"jobs"}, "get", "list", "watch", "create", "delete"),
		rule("apps", []string{"deployments", "statefulsets", "replicasets"}, read...),
		rule("apps", []string{"deployments/scale", "statefulsets/scale", "replicasets/scale"}, "get", "update", "patch"),
		rule("", sources, read...),
		rule("", []string{"pods", "limitranges"}, read...),
		rule("", []string{"serviceaccounts"}, "get"),
		rule("discovery.k8s.io", []string{"endpointslices"}, read...),
	)
	rules = append(rules, eventRules()...)
	if o.ServiceAccountTokens.AllowAll {
		rules = append(rules, tokenRule())
	}
	for _, target := range o.ScaleTargets {
		rules = append(rules,
			rule(target.Group, []string{target.Resource}, read...),
			rule(target.Group, []string{target.Resource + "/scale"}, "get", "update", "patch"))
	}
	return rules
}

func eventRules() []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{
		rule("", []string{"events"}, "create", "patch"),
		rule("events.k8s.io", []string{"events"}, "create", "patch"),
	}
}

// ownRules are the rights of the controller in its own namespace: the lease, the
// pods that may hold it, and the certificates.
func ownRules() []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{
		rule("", []string{"pods"}, "get"),
		rule("coordination.k8s.io", []string{"leases"}, "create"),
		named(rule("coordination.k8s.io", []string{"leases"}, "get", "update", "patch"), LeaseName),
		rule("", []string{"secrets"}, "create"),
		named(rule("", []string{"secrets"}, "get", "update", "patch"), CertSecretName),
	}
}
