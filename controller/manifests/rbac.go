// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// rbac returns the namespace, the ServiceAccounts and all access rights. No rule
// has a wildcard; kinds to scale beside the built-in ones are named in
// Options.ScaleTargets.
func (o Options) rbac() []runtime.Object {
	var objects []runtime.Object
	if o.CreateNamespace {
		objects = append(objects, &corev1.Namespace{TypeMeta: typeMeta(corev1.SchemeGroupVersion, "Namespace"), ObjectMeta: metav1.ObjectMeta{Name: o.Namespace}})
	}
	objects = append(objects,
		o.serviceAccount(ControllerName, o.Controller.AccountAnnotations),
		o.serviceAccount(MetricsAdapterAccount, o.MetricsAdapter.AccountAnnotations))
	objects = append(objects, o.controllerRights()...)
	return append(objects,
		role(o.Namespace, MetricsAdapterAccount, o.adapterRules()...),
		roleBinding(o.Namespace, MetricsAdapterAccount, "Role", MetricsAdapterAccount, o.account(MetricsAdapterAccount)),
		clusterRoleBinding("keda-system-auth-delegator", "system:auth-delegator", o.account(MetricsAdapterAccount)),
		roleBinding(metav1.NamespaceSystem, "keda-auth-reader", "Role", "extension-apiserver-authentication-reader", o.account(MetricsAdapterAccount)),
		clusterRole("keda-external-metrics-reader", []rbacv1.PolicyRule{
			rule("external.metrics.k8s.io", []string{"externalmetrics"}, "get", "list"),
		}),
		clusterRoleBinding("keda-external-metrics-reader", "keda-external-metrics-reader",
			rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: "horizontal-pod-autoscaler", Namespace: metav1.NamespaceSystem}),
		aggregatedRole("keda:edit", "edit", "get", "list", "watch", "create", "update", "patch", "delete"),
		aggregatedRole("keda:view", "view", read...),
	)
}

// adapterRules let the adapter find the leading controller.
func (o Options) adapterRules() []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{named(rule("coordination.k8s.io", []string{"leases"}, "get"), LeaseName)}
}

func (o Options) account(name string) rbacv1.Subject {
	return rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: name, Namespace: o.Namespace}
}

func (o Options) serviceAccount(name string, annotations map[string]string) *corev1.ServiceAccount {
	meta := o.meta(name)
	meta.Annotations = annotations
	return &corev1.ServiceAccount{TypeMeta: typeMeta(corev1.SchemeGroupVersion, "ServiceAccount"), ObjectMeta: meta}
}

func rule(group string, resources []string, verbs ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources, Verbs: verbs}
}

func named(r rbacv1.PolicyRule, names ...string) rbacv1.PolicyRule {
	r.ResourceNames = names
	return r
}

func clusterRole(name string, rules []rbacv1.PolicyRule) *rbacv1.ClusterRole {
	return &rbacv1.ClusterRole{TypeMeta: typeMeta(rbacv1.SchemeGroupVersion, "ClusterRole"), ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}
}

func role(namespace, name string, rules ...rbacv1.PolicyRule) *rbacv1.Role {
	return &rbacv1.Role{
		TypeMeta:   typeMeta(rbacv1.SchemeGroupVersion, "Role"),
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Rules:      rules,
	}
}

// aggregatedRole adds rights on our kinds to one of Kubernetes' user-facing roles.
func aggregatedRole(name, into string, verbs ...string) *rbacv1.ClusterRole {
	var rules []rbacv1.PolicyRule
	for _, k := range kinds {
		rules = append(rules, rule(k.group, append(slices.Clone(k.namespaced), k.cluster...), verbs...))
	}
	role := clusterRole(name, rules)
	role.Labels = map[string]string{"rbac.authorization.k8s.io/aggregate-to-" + into: "true"}
	return role
}

func clusterRoleBinding(name, role string, subject rbacv1.Subject) *rbacv1.ClusterRoleBinding {
	return &rbacv1.ClusterRoleBinding{
		TypeMeta:   typeMeta(rbacv1.SchemeGroupVersion, "ClusterRoleBinding"),
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{subject},
	}
}

func roleBinding(namespace, name, kind, role string, subject rbacv1.Subject) *rbacv1.RoleBinding {
	return &rbacv1.RoleBinding{
		TypeMeta:   typeMeta(rbacv1.SchemeGroupVersion, "RoleBinding"),
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: role},
		Subjects:   []rbacv1.Subject{subject},
	}
}
