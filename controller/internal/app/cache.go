// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/reconcile"
)

// cacheOptions trims what informers keep to what is read of it: clusters have
// many pods, and most of a pod is nobody's business here. Of Jobs only those that
// belong to a ScaledJob are kept, of Secrets and ConfigMaps only that they changed.
func cacheOptions(o Options) (cache.Options, error) {
	ours, err := labels.Parse(v1alpha1.LabelScaledJobName)
	if err != nil {
		return cache.Options{}, fmt.Errorf("selector of Jobs: %w", err)
	}
	options := cache.Options{DefaultTransform: cache.TransformStripManagedFields(), DefaultNamespaces: namespaces(o.WatchNamespaces...)}
	// ClusterTriggerAuthentications are made of what lies in one namespace.
	sources := namespaces(o.WatchNamespaces...)
	if sources != nil {
		sources[o.ClusterObjectNamespace] = cache.Config{}
	}
	secrets := sources
	if o.RestrictSecrets {
		secrets = namespaces(o.ClusterObjectNamespace)
	}
	options.ByObject = map[client.Object]cache.ByObject{
		&corev1.Pod{}:         {Transform: trimPod},
		&corev1.Secret{}:      {Transform: trimMetadata, Namespaces: secrets},
		&corev1.ConfigMap{}:   {Transform: trimMetadata, Namespaces: sources},
		&appsv1.Deployment{}:  {Transform: trimDeployment},
		&appsv1.StatefulSet{}: {Transform: trimStatefulSet},
		&batchv1.Job{}:        {Transform: trimJob, Label: ours},

		&v1alpha1.ScaledObject{}:                 {Label: o.WatchLabels},
		&v1alpha1.ScaledJob{}:                    {Label: o.WatchLabels},
		&v1alpha1.TriggerAuthentication{}:        {Label: o.WatchAuthenticationLabels},
		&v1alpha1.ClusterTriggerAuthentication{}: {Label: o.WatchAuthenticationLabels},
	}
	return options, nil
}

// namespaces to watch; nil means all.
func namespaces(names ...string) map[string]cache.Config {
	if len(names) == 0 {
		return nil
	}
	watched := make(map[string]cache.Config, len(names))
	for _, name := range names {
		watched[name] = cache.Config{}
	}
	return watched
}

// slim keeps the metadata that readers of the cache look at.
func slim(m metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: m.Name, Namespace: m.Namespace, UID: m.UID, ResourceVersion: m.ResourceVersion, Generation: m.Generation,
		CreationTimestamp: m.CreationTimestamp, DeletionTimestamp: m.DeletionTimestamp,
		Labels: m.Labels, OwnerReferences: m.OwnerReferences,
	}
}

// trimPod keeps labels (selectors), node, phase and conditions.
func trimPod(in any) (any, error) {
	pod, ok := in.(*corev1.Pod)
	if !ok {
		return in, nil
	}
	return &corev1.Pod{
		ObjectMeta: slim(pod.ObjectMeta),
		Spec:       corev1.PodSpec{NodeName: pod.Spec.NodeName},
		Status:     corev1.PodStatus{Phase: pod.Status.Phase, Conditions: pod.Status.Conditions},
	}, nil
}

// trimDeployment keeps the replica count and a hash of the template.
func trimDeployment(in any) (any, error) {
	d, ok := in.(*appsv1.Deployment)
	if !ok {
		return in, nil
	}
	return &appsv1.Deployment{ObjectMeta: hashed(d.ObjectMeta, &d.Spec.Template), Spec: appsv1.DeploymentSpec{Replicas: d.Spec.Replicas}}, nil
}

// trimStatefulSet keeps the replica count and a hash of the template.
func trimStatefulSet(in any) (any, error) {
	s, ok := in.(*appsv1.StatefulSet)
	if !ok {
		return in, nil
	}
	return &appsv1.StatefulSet{ObjectMeta: hashed(s.ObjectMeta, &s.Spec.Template), Spec: appsv1.StatefulSetSpec{Replicas: s.Spec.Replicas}}, nil
}

func hashed(m metav1.ObjectMeta, template *corev1.PodTemplateSpec) metav1.ObjectMeta {
	out := slim(m)
	out.Labels = nil
	sum := fnv.New64a()
	if err := json.NewEncoder(sum).Encode(template); err == nil {
		out.Annotations = map[string]string{reconcile.TemplateHash: strconv.FormatUint(sum.Sum64(), 36)}
	}
	return out
}

// trimMetadata keeps names and versions. What users annotate is dropped: kubectl
// notes a whole Secret there.
func trimMetadata(in any) (any, error) {
	object, ok := in.(*metav1.PartialObjectMetadata)
	if !ok {
		return in, nil
	}
	m := slim(object.ObjectMeta)
	m.Labels, m.OwnerReferences = nil, nil
	return &metav1.PartialObjectMetadata{TypeMeta: object.TypeMeta, ObjectMeta: m}, nil
}

// trimJob keeps owner, labels, generation annotation and status.
func trimJob(in any) (any, error) {
	job, ok := in.(*batchv1.Job)
	if !ok {
		return in, nil
	}
	meta := slim(job.ObjectMeta)
	if generation, ok := job.Annotations[v1alpha1.AnnotationJobGeneration]; ok {
		meta.Annotations = map[string]string{v1alpha1.AnnotationJobGeneration: generation}
	}
	return &batchv1.Job{ObjectMeta: meta, Status: job.Status}, nil
}
