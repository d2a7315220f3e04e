// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"maps"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// Ports of the two processes.
const (
	portMetrics = 8080
	portHealth  = 8081
	portFeed    = 9666
	portWebhook = 9443
	portAdapter = 6443
	portOld     = 9022 // of the adapter's metrics in KEDA until 2.8
	certDir     = "/certs"
)

func (o Options) controllerDeployment() *appsv1.Deployment {
	args := []string{
		"--leader-elect",
		"--zap-log-level=" + o.LogLevel,
		"--k8s-cluster-domain=" + o.ClusterDomain,
	}
	container := o.container(ControllerName, o.Controller, args)
	container.Env = append([]corev1.EnvVar{
		fieldEnv("POD_NAME", "metadata.name"),
		fieldEnv("POD_NAMESPACE", "metadata.namespace"),
		fieldEnv("POD_IP", "status.podIP"),
		{Name: "WATCH_NAMESPACE", Value: strings.Join(o.WatchNamespaces, ",")},
	}, append(o.scope(), container.Env...)...)
	container.Ports = []corev1.ContainerPort{
		port("metricsservice", portFeed), port("http", portMetrics), port("health", portHealth), port("webhooks", portWebhook),
	}
	container.LivenessProbe = probe("/healthz", portHealth, corev1.URISchemeHTTP, 10)
	container.LivenessProbe.InitialDelaySeconds = 15
	container.ReadinessProbe = probe("/readyz", portHealth, corev1.URISchemeHTTP, 2)
	return o.deployment(ControllerName, ControllerName, o.Controller, corev1.PodSpec{Containers: []corev1.Container{container}})
}

// scope is the environment that restricts the controller beside its namespaces;
// what it says by default is left out.
func (o Options) scope() []corev1.EnvVar {
	var env []corev1.EnvVar
	set := func(name, value string) {
		if value != "" {
			env = append(env, corev1.EnvVar{Name: name, Value: value})
		}
	}
	set("WATCH_LABEL_SELECTOR", o.WatchLabelSelector)
	set("WATCH_LABEL_SELECTOR_FOR_TRIGGERAUTH", o.WatchAuthenticationLabelSelector)
	if o.ClusterObjectNamespace != o.Namespace {
		set("KEDA_CLUSTER_OBJECT_NAMESPACE", o.ClusterObjectNamespace)
	}
	if o.RestrictSecretAccess {
		set("KEDA_RESTRICT_SECRET_ACCESS", "true")
	}
	return env
}

func (o Options) adapterDeployment() *appsv1.Deployment {
	args := []string{
		"--secure-port=6443",
		"--cert-dir=" + certDir,
		"--tls-cert-file=" + certDir + "/tls.crt",
		"--tls-private-key-file=" + certDir + "/tls.key",
	}
	if o.LogLevel == "debug" {
		args = append(args, "--v=4")
	}
	container := o.container(MetricsAdapterName, o.MetricsAdapter, args)
	container.Env = append([]corev1.EnvVar{fieldEnv("POD_NAMESPACE", "metadata.namespace")}, container.Env...)
	container.Ports = []corev1.ContainerPort{port("https", portAdapter), port("http", portMetrics), port("metrics", portOld)}
	container.LivenessProbe = probe("/livez", portAdapter, corev1.URISchemeHTTPS, 10)
	container.LivenessProbe.InitialDelaySeconds = 15
	container.ReadinessProbe = probe("/readyz", portAdapter, corev1.URISchemeHTTPS, 2)
	container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: "certificates", MountPath: certDir, ReadOnly: true})
	spec := corev1.PodSpec{
		Containers: []corev1.Container{container},
		// The controller makes the Secret; until then the pod waits for its volume.
		Volumes: []corev1.Volume{{Name: "certificates", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: CertSecretName,
			Items: []corev1.KeyToPath{
				{Key: "ca.crt", Path: "ca.crt"}, {Key: "tls.crt", Path: "tls.crt"}, {Key: "tls.key", Path: "tls.key"},
			},
		}}}},
	}
	return o.deployment(MetricsAdapterName, MetricsAdapterAccount, o.MetricsAdapter, spec)
}

// deployment wraps a pod in what both components share.
func (o Options) deployment(name, account string, c Component, pod corev1.PodSpec) *appsv1.Deployment {
	pod.ServiceAccountName = account
	pod.NodeSelector = map[string]string{corev1.LabelOSStable: "linux"}
	maps.Copy(pod.NodeSelector, o.NodeSelector)
	pod.Tolerations = o.Tolerations
	pod.PriorityClassName = o.PriorityClassName
	pod.TerminationGracePeriodSeconds = ptr.To[int64](10)
	pod.SecurityContext = &corev1.PodSecurityContext{
		RunAsNonRoot:   ptr.To(true),
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
	for _, secret := range o.ImagePullSecrets {
		pod.ImagePullSecrets = append(pod.ImagePullSecrets, corev1.LocalObjectReference{Name: secret})
	}
	selector := map[string]string{"app": name}
	// Replicas are there for the loss of a node, but better on one than pending.
	pod.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
		MaxSkew: 1, TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.ScheduleAnyway,
		LabelSelector: &metav1.LabelSelector{MatchLabels: selector},
	}}
	labels := maps.Clone(c.PodLabels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, selector)
	maps.Copy(labels, o.labels(name))
	deployment := &appsv1.Deployment{
		TypeMeta:   typeMeta(appsv1.SchemeGroupVersion, "Deployment"),
		ObjectMeta: o.meta(name),
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: selector},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: c.PodAnnotations},
				Spec:       pod,
			},
		},
	}
	if c.Replicas > 0 {
		deployment.Spec.Replicas = ptr.To(c.Replicas)
	}
	return deployment
}

func (o Options) container(name string, c Component, args []string) corev1.Container {
	resources := c.Resources
	if resources.Requests == nil && resources.Limits == nil {
		resources = corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("100Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1000Mi")},
		}
	}
	return corev1.Container{
		Name:            name,
		Image:           c.Image,
		ImagePullPolicy: o.ImagePullPolicy,
		Args:            append(args, c.Args...),
		Env:             c.Env,
		Resources:       resources,
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: ptr.To(false),
			ReadOnlyRootFilesystem:   ptr.To(true),
			RunAsNonRoot:             ptr.To(true),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
	}
}

func fieldEnv(name, path string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}}
}

func port(name string, number int32) corev1.ContainerPort {
	return corev1.ContainerPort{Name: name, ContainerPort: number, Protocol: corev1.ProtocolTCP}
}

func probe(path string, port int, scheme corev1.URIScheme, period int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt(port), Scheme: scheme}},
		PeriodSeconds: period,
	}
}
