// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"encoding/json"
	"hash/fnv"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/reconcile"
)

// cacheOptions trims what informers keep to what is read of it: clusters have
// many pods, and most of a pod is nobody's business here.
func cacheOptions(o Options) cache.Options {
	options := cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Pod{}:         {Transform: trimPod},
			&appsv1.Deployment{}:  {Transform: trimDeployment},
			&appsv1.StatefulSet{}: {Transform: trimStatefulSet},
			&batchv1.Job{}:        {Transform: trimJob},
		},
	}
	if len(o.WatchNamespaces) > 0 {
		options.DefaultNamespaces = map[string]cache.Config{}
		for _, namespace := range o.WatchNamespaces {
			options.DefaultNamespaces[namespace] = cache.Config{}
		}
	}
	return options
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

// trimJob keeps owner, labels, generation annotation and status.
func trimJob(in any) (any, error) {
	job, ok := in.(*batchv1.Job)
	if !ok {
		return in, nil
	}
	meta := slim(job.ObjectMeta)
	meta.Annotations = job.Annotations
	return &batchv1.Job{ObjectMeta: meta, Status: job.Status}, nil
}
