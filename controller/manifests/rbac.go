// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

var (
	read      = []string{"get", "list", "watch"}
	readWrite = []string{"get", "list", "watch", "update", "patch"}
)

// rbac returns the namespace, the ServiceAccounts and all access rights. No rule
// has a wildcard; kinds to scale beside the built-in ones are named in
// Options.ScaleTargets.
func (o Options) rbac() []runtime.Object {
	var objects []runtime.Object
	if o.CreateNamespace {
		objects = append(objects, &corev1.Namespace{TypeMeta: typeMeta(corev1.SchemeGroupVersion, "Namespace"), ObjectMeta: metav1.ObjectMeta{Name: o.Namespace}})
	}
	return append(objects,
		o.serviceAccount(ControllerName, o.Controller.AccountAnnotations),
		o.serviceAccount(MetricsAdapterAccount, o.MetricsAdapter.AccountAnnotations),
		clusterRole(ControllerName, o.controllerRules()),
		clusterRoleBinding(ControllerName, ControllerName, o.account(ControllerName)),
		o.controllerRole(),
		o.roleBinding(o.Namespace, ControllerName, ControllerName, o.account(ControllerName)),
		o.adapterRole(),
		o.roleBinding(o.Namespace, MetricsAdapterAccount, MetricsAdapterAccount, o.account(MetricsAdapterAccount)),
		clusterRoleBinding("keda-system-auth-delegator", "system:auth-delegator", o.account(MetricsAdapterAccount)),
		o.roleBinding(metav1.NamespaceSystem, "keda-auth-reader", "extension-apiserver-authentication-reader", o.account(MetricsAdapterAccount)),
		clusterRole("keda-external-metrics-reader", []rbacv1.PolicyRule{
			rule("external.metrics.k8s.io", []string{"externalmetrics"}, "get", "list"),
		}),
		clusterRoleBinding("keda-external-metrics-reader", "keda-external-metrics-reader",
			rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: "horizontal-pod-autoscaler", Namespace: metav1.NamespaceSystem}),
		aggregatedRole("keda:edit", "edit", "get", "list", "watch", "create", "update", "patch", "delete"),
		aggregatedRole("keda:view", "view", read...),
	)
}

var kinds = []string{"scaledobjects", "scaledjobs", "triggerauthentications", "clustertriggerauthentications"}

func suffixed(suffix string) []string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = k + suffix
	}
	return out
}

// controllerRules are the rights of the controller in the whole cluster.
func (o Options) controllerRules() []rbacv1.PolicyRule {
	rules := []rbacv1.PolicyRule{
		rule("keda.sh", kinds, readWrite...),
		rule("keda.sh", suffixed("/status"), "get", "update", "patch"),
		rule("keda.sh", suffixed("/finalizers"), "update"),
		rule("autoscaling", []string{"horizontalpodautoscalers"}, "get", "list", "watch", "create", "update", "patch", "delete"),
		rule("batch", []string{"jobs"}, "get", "list", "watch", "create", "delete"),
		rule("apps", []string{"deployments", "statefulsets", "replicasets"}, read...),
		rule("apps", []string{"deployments/scale", "statefulsets/scale", "replicasets/scale"}, "get", "update", "patch"),
		rule("", []string{"pods", "services", "serviceaccounts", "configmaps", "secrets"}, read...),
		rule("", []string{"limitranges"}, "get", "list", "watch"),
		rule("discovery.k8s.io", []string{"endpointslices"}, read...),
		rule("", []string{"events"}, "create", "patch"),
		rule("events.k8s.io", []string{"events"}, "create", "patch"),
		named(rule("apiregistration.k8s.io", []string{"apiservices"}, "get", "patch"), APIServiceName),
		named(rule("admissionregistration.k8s.io", []string{"validatingwebhookconfigurations"}, "get", "patch"), WebhookName),
	}
	for _, target := range o.ScaleTargets {
		rules = append(rules,
			rule(target.Group, []string{target.Resource}, read...),
			rule(target.Group, []string{target.Resource + "/scale"}, "get", "update", "patch"))
	}
	return rules
}

// controllerRole are the rights of the controller in its own namespace: the lease
// and the certificates.
func (o Options) controllerRole() *rbacv1.Role {
	return &rbacv1.Role{
		TypeMeta:   typeMeta(rbacv1.SchemeGroupVersion, "Role"),
		ObjectMeta: o.meta(ControllerName),
		Rules: []rbacv1.PolicyRule{
			rule("coordination.k8s.io", []string{"leases"}, "create"),
			named(rule("coordination.k8s.io", []string{"leases"}, "get", "update", "patch"), LeaseName),
			rule("", []string{"secrets"}, "create"),
			named(rule("", []string{"secrets"}, "get", "update", "patch"), CertSecretName),
		},
	}
}

// adapterRole lets the adapter find the leading controller.
func (o Options) adapterRole() *rbacv1.Role {
	return &rbacv1.Role{
		TypeMeta:   typeMeta(rbacv1.SchemeGroupVersion, "Role"),
		ObjectMeta: o.meta(MetricsAdapterAccount),
		Rules:      []rbacv1.PolicyRule{named(rule("coordination.k8s.io", []string{"leases"}, "get"), LeaseName)},
	}
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

// aggregatedRole adds rights on our kinds to one of Kubernetes' user-facing roles.
func aggregatedRole(name, into string, verbs ...string) *rbacv1.ClusterRole {
	role := clusterRole(name, []rbacv1.PolicyRule{rule("keda.sh", kinds, verbs...)})
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

func (o Options) roleBinding(namespace, name, role string, subject rbacv1.Subject) *rbacv1.RoleBinding {
	return &rbacv1.RoleBinding{
		TypeMeta:   typeMeta(rbacv1.SchemeGroupVersion, "RoleBinding"),
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role},
		Subjects:   []rbacv1.Subject{subject},
	}
}
