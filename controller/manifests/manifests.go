// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package manifests holds everything that an installation puts into a cluster:
// the CRDs (generated, embedded), RBAC, Services, Deployments, the APIService and
// the admission webhook. Render is pure: keda_installation applies its result,
// and `make install` and the release YAML come from it too.
package manifests

import (
	"cmp"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Names that an installation is known by. They are KEDA's, so that dashboards,
// network policies and habits go on working.
const (
	// ControllerName is the Deployment, Service and ServiceAccount of the controller.
	ControllerName = "keda-operator"
	// MetricsAdapterName is the Deployment and Service of the metrics adapter.
	MetricsAdapterName = "keda-metrics-apiserver"
	// MetricsAdapterAccount is the ServiceAccount of the metrics adapter.
	MetricsAdapterAccount = "keda-metrics-server"
	// WebhookServiceName is the Service of the admission webhook, which the
	// controller serves.
	WebhookServiceName = "keda-admission-webhooks"
	// WebhookName is the ValidatingWebhookConfiguration.
	WebhookName = "keda-admission"
	// APIServiceName registers the metrics adapter with the API server.
	APIServiceName = "v1beta1.external.metrics.k8s.io"
	// CertSecretName is the Secret with the certificates of all three services.
	CertSecretName = "kedaorg-certs" //nolint:gosec // the name of a Secret, not its content
	// LeaseName is the Lease of the leading controller.
	LeaseName = "operator.keda.sh"
	// DefaultRegistry holds the images of releases: an organisation of the container
	// runtime's default registry.
	DefaultRegistry = "keda-tf"
	// ControllerImage and MetricsAdapterImage are the names of the images in a
	// registry; their tag is the version of the release.
	ControllerImage     = "keda-controller"
	MetricsAdapterImage = "keda-metrics-adapter"
	// LabelManagedBy marks what Terraform installed.
	LabelManagedBy = "app.kubernetes.io/managed-by"
	// ManagedBy is its value.
	ManagedBy = "terraform-provider-keda"
)

// Component configures one of the two Deployments.
type Component struct {
	// Image is the complete image reference; empty means the image of this
	// release in Options.ImageRegistry.
	Image string `json:"image,omitempty"`
	// Replicas is the number of pods; 0 leaves it to the API, which makes it 1
	// and lets others, such as an autoscaler, change it.
	Replicas int32 `json:"replicas,omitempty"`
	// Resources are the container's requests and limits; empty means requests of
	// 100m CPU and 100Mi, and a memory limit of 1000Mi.
	Resources corev1.ResourceRequirements `json:"resources,omitzero"`
	// Args are appended to the command line.
	Args []string `json:"args,omitempty"`
	// Env is appended to the environment.
	Env []corev1.EnvVar `json:"env,omitempty"`
	// AccountAnnotations are put on the ServiceAccount, for cloud identities
	// such as eks.amazonaws.com/role-arn.
	AccountAnnotations map[string]string `json:"accountAnnotations,omitempty"`
	// PodLabels are put on the pods, beside those that select them.
	PodLabels map[string]string `json:"podLabels,omitempty"`
	// PodAnnotations are put on the pods.
	PodAnnotations map[string]string `json:"podAnnotations,omitempty"`
}

// Webhook configures admission.
type Webhook struct {
	// Enabled says whether there is a webhook; nil means yes.
	Enabled *bool `json:"enabled,omitempty"`
	// FailurePolicy is Ignore or Fail; "Ignore" when empty.
	FailurePolicy string `json:"failurePolicy,omitempty"`
}

// Options describe one installation. The zero value of a field is its default.
// In JSON they are what keda_installation makes of its arguments.
type Options struct {
	// Namespace of everything that has one; "keda" when empty.
	Namespace string `json:"namespace,omitempty"`
	// CreateNamespace adds the namespace to the objects.
	CreateNamespace bool `json:"createNamespace,omitempty"`
	// Version is the release of the bundle: the tag of the default images and a
	// label of all objects; "dev" when empty.
	Version string `json:"version,omitempty"`
	// Controller and MetricsAdapter configure the Deployments.
	Controller     Component `json:"controller,omitzero"`
	MetricsAdapter Component `json:"metricsAdapter,omitzero"`
	// ImageRegistry is where the default images are: a registry and a path in
	// it; DefaultRegistry when empty.
	ImageRegistry string `json:"imageRegistry,omitempty"`
	// ImagePullPolicy is the API's default when empty.
	ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy,omitempty"`
	// ImagePullSecrets name Secrets in Namespace.
	ImagePullSecrets []string `json:"imagePullSecrets,omitempty"`
	// WatchNamespaces restricts the controller, and what it may read and write;
	// empty means all namespaces.
	WatchNamespaces []string `json:"watchNamespaces,omitempty"`
	// WatchLabelSelector restricts the controller to the ScaledObjects and
	// ScaledJobs with these labels, WatchAuthenticationLabelSelector to such
	// authentications; written as in kubectl -l, empty means all.
	WatchLabelSelector               string `json:"watchLabelSelector,omitempty"`
	WatchAuthenticationLabelSelector string `json:"watchAuthenticationLabelSelector,omitempty"`
	// ClusterObjectNamespace holds what ClusterTriggerAuthentications are made of;
	// Namespace when empty.
	ClusterObjectNamespace string `json:"clusterObjectNamespace,omitempty"`
	// RestrictSecretAccess lets the controller read the Secrets of
	// ClusterObjectNamespace and no others.
	RestrictSecretAccess bool `json:"restrictSecretAccess,omitempty"`
	// ServiceAccountTokens are the tokens that the controller may ask for.
	ServiceAccountTokens ServiceAccountTokens `json:"serviceAccountTokens,omitzero"`
	// ScaleTargets lists kinds with a /scale subresource that may be scaled, beside
	// Deployments, StatefulSets and ReplicaSets.
	ScaleTargets []ScaleTarget `json:"scaleTargets,omitempty"`
	// ClusterDomain of service names; "cluster.local" when empty.
	ClusterDomain string `json:"clusterDomain,omitempty"`
	// LogLevel is debug, info or error; "info" when empty.
	LogLevel string `json:"logLevel,omitempty"`
	// Webhook configures admission.
	Webhook Webhook `json:"webhook,omitzero"`
	// NodeSelector, Tolerations and PriorityClassName place the pods.
	NodeSelector      map[string]string   `json:"nodeSelector,omitempty"`
	Tolerations       []corev1.Toleration `json:"tolerations,omitempty"`
	PriorityClassName string              `json:"priorityClassName,omitempty"`
}

// ScaleTarget is a kind that may be scaled: its API group and its plural name,
// for example argoproj.io and rollouts.
type ScaleTarget struct {
	Group    string `json:"group"`
	Resource string `json:"resource"`
}

// ServiceAccountTokens say whose tokens the controller may ask for, on behalf of
// authentications that log in as a ServiceAccount; the zero value is nobody's.
type ServiceAccountTokens struct {
	// AllowAll allows those of all ServiceAccounts where the controller works.
	AllowAll bool `json:"allowAll,omitempty"`
	// Accounts allows those of some.
	Accounts []ServiceAccount `json:"accounts,omitempty"`
}

// ServiceAccount names a ServiceAccount.
type ServiceAccount struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Phase groups objects that are applied together; the phases are in the order of
// installation.
type Phase struct {
	// Name says in a word what the phase brings, for progress and errors.
	Name string
	// Objects are complete but for what the API server fills in.
	Objects []*unstructured.Unstructured
}

// The phases of an installation.
const (
	PhaseCRDs       = "crds"
	PhaseRBAC       = "rbac"
	PhaseController = "controller"
	PhaseAdapter    = "metrics-adapter"
	PhaseAPIService = "apiservice"
	PhaseWebhook    = "webhook"
)

// Render builds the objects of an installation, in the order in which they must
// be applied: CRDs, then access rights, the controller, the adapter (which mounts
// the certificates that the controller makes), the APIService, and the webhook
// last, so that nothing is refused by a webhook that does not answer yet.
func Render(options Options) ([]Phase, error) {
	o := options.withDefaults()
	crds, err := CRDs()
	if err != nil {
		return nil, err
	}
	for _, crd := range crds {
		o.label(crd)
	}
	phases := []Phase{{Name: PhaseCRDs, Objects: crds}}
	for _, p := range []struct {
		name    string
		objects []runtime.Object
	}{
		{PhaseRBAC, o.rbac()},
		{PhaseController, []runtime.Object{o.controllerService(), o.webhookService(), o.controllerDeployment()}},
		{PhaseAdapter, []runtime.Object{o.adapterService(), o.adapterDeployment()}},
		{PhaseAPIService, []runtime.Object{o.apiService()}},
		{PhaseWebhook, o.webhooks()},
	} {
		phase := Phase{Name: p.name}
		for _, object := range p.objects {
			u, err := o.toUnstructured(object)
			if err != nil {
				return nil, err
			}
			phase.Objects = append(phase.Objects, u)
		}
		if len(phase.Objects) > 0 {
			phases = append(phases, phase)
		}
	}
	return phases, nil
}

func (o Options) withDefaults() Options {
	o.Namespace = cmp.Or(o.Namespace, "keda")
	o.ClusterObjectNamespace = cmp.Or(o.ClusterObjectNamespace, o.Namespace)
	o.ClusterDomain = cmp.Or(o.ClusterDomain, "cluster.local")
	o.LogLevel = cmp.Or(o.LogLevel, "info")
	o.Webhook.FailurePolicy = cmp.Or(o.Webhook.FailurePolicy, "Ignore")
	o.Version = cmp.Or(o.Version, "dev")
	registry := cmp.Or(strings.TrimSuffix(o.ImageRegistry, "/"), DefaultRegistry)
	o.Controller.Image = cmp.Or(o.Controller.Image, registry+"/"+ControllerImage+":"+o.Version)
	o.MetricsAdapter.Image = cmp.Or(o.MetricsAdapter.Image, registry+"/"+MetricsAdapterImage+":"+o.Version)
	return o
}

// toUnstructured converts a typed object and removes what its Go type writes but
// nobody configured: creation timestamps and status.
func (o Options) toUnstructured(object runtime.Object) (*unstructured.Unstructured, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, fmt.Errorf("cannot convert %T: %w", object, err)
	}
	u := &unstructured.Unstructured{Object: content}
	unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp")
	unstructured.RemoveNestedField(u.Object, "spec", "template", "metadata", "creationTimestamp")
	unstructured.RemoveNestedField(u.Object, "status")
	o.label(u)
	return u, nil
}

// label adds the labels of every object; its own go before.
func (o Options) label(u *unstructured.Unstructured) {
	labels := u.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	for k, v := range o.labels(u.GetName()) {
		if _, set := labels[k]; !set {
			labels[k] = v
		}
	}
	u.SetLabels(labels)
}

// labelValue replaces what names and versions may have, but values of labels may
// not: keda:view, 1.2.3+build.
var labelValue = strings.NewReplacer(":", "-", "+", "_")

func (o Options) labels(name string) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":    labelValue.Replace(name),
		"app.kubernetes.io/part-of": ControllerName,
		"app.kubernetes.io/version": labelValue.Replace(o.Version),
		LabelManagedBy:              ManagedBy,
	}
}

// meta is the metadata of an object in the installation's namespace.
func (o Options) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: o.Namespace}
}

func typeMeta(gv schema.GroupVersion, kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: gv.String(), Kind: kind}
}

// Objects flattens phases.
func Objects(phases []Phase) []*unstructured.Unstructured {
	var all []*unstructured.Unstructured
	for _, p := range phases {
		all = append(all, p.Objects...)
	}
	return all
}
