// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/reconcile"
)

// crowded is the metadata of an object that users and controllers have written a
// lot to.
func crowded() metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: "web", Namespace: "default", UID: "1", ResourceVersion: "2", Generation: 3, CreationTimestamp: metav1.NewTime(time.Unix(1, 0)),
		Labels:          map[string]string{"app": "web"},
		Annotations:     map[string]string{corev1.LastAppliedConfigAnnotation: "a secret", v1alpha1.AnnotationJobGeneration: "4"},
		Finalizers:      []string{"theirs"},
		OwnerReferences: []metav1.OwnerReference{{Name: "owner"}},
		ManagedFields:   []metav1.ManagedFieldsEntry{{Manager: "kubectl"}},
	}
}

func text(t *testing.T, object any) string {
	t.Helper()
	b, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestTrims: what is read is kept, and nothing that may be secret or large.
func TestTrims(t *testing.T) {
	container := corev1.PodSpec{NodeName: "node", Containers: []corev1.Container{{Env: []corev1.EnvVar{{Name: "A", Value: "a secret"}}}}}
	template := corev1.PodTemplateSpec{Spec: container}
	for name, c := range map[string]struct {
		trim func(any) (any, error)
		in   any
		keep []string
	}{
		"a pod": {trimPod, &corev1.Pod{ObjectMeta: crowded(), Spec: container, Status: corev1.PodStatus{Phase: "Running", Conditions: []corev1.PodCondition{{Type: "Ready"}}}},
			[]string{`"app":"web"`, `"nodeName":"node"`, `"Running"`, `"Ready"`}},
		"a Deployment": {trimDeployment, &appsv1.Deployment{ObjectMeta: crowded(), Spec: appsv1.DeploymentSpec{Replicas: new(int32(5)), Template: template}},
			[]string{`"replicas":5`, reconcile.TemplateHash}},
		"a StatefulSet": {trimStatefulSet, &appsv1.StatefulSet{ObjectMeta: crowded(), Spec: appsv1.StatefulSetSpec{Replicas: new(int32(5)), Template: template}},
			[]string{`"replicas":5`, reconcile.TemplateHash}},
		"a Job": {trimJob, &batchv1.Job{ObjectMeta: crowded(), Spec: batchv1.JobSpec{Template: template}, Status: batchv1.JobStatus{Conditions: []batchv1.JobCondition{{Type: "Complete"}}}},
			[]string{`"app":"web"`, v1alpha1.AnnotationJobGeneration + `":"4"`, `"owner"`, `"Complete"`}},
		"a Secret": {trimMetadata, &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{Kind: "Secret"}, ObjectMeta: crowded()}, []string{`"kind":"Secret"`}},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := c.trim(c.in)
			if err != nil {
				t.Fatal(err)
			}
			got := text(t, out)
			for _, word := range append(c.keep, `"name":"web"`, `"namespace":"default"`, `"resourceVersion":"2"`, `"uid":"1"`) {
				if !strings.Contains(got, word) {
					t.Errorf("%s is lost: %s", word, got)
				}
			}
			for _, word := range []string{"a secret", "kubectl", "theirs"} {
				if strings.Contains(got, word) {
					t.Errorf("%s is kept: %s", word, got)
				}
			}
			if same, err := c.trim("not one of them"); same != any("not one of them") || err != nil {
				t.Errorf("something else became %v, error %v", same, err)
			}
		})
	}
}

// TestTemplateHash changes with the template and with nothing else.
func TestTemplateHash(t *testing.T) {
	hash := func(change func(*appsv1.Deployment)) string {
		d := &appsv1.Deployment{ObjectMeta: crowded(), Spec: appsv1.DeploymentSpec{Replicas: new(int32(1))}}
		d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "main", Env: []corev1.EnvVar{{Name: "A", Value: "1"}}}}
		change(d)
		out, err := trimDeployment(d)
		if err != nil {
			t.Fatal(err)
		}
		return out.(*appsv1.Deployment).Annotations[reconcile.TemplateHash]
	}
	before := hash(func(*appsv1.Deployment) {})
	if hash(func(d *appsv1.Deployment) { d.Spec.Replicas = new(int32(9)) }) != before {
		t.Error("a replica count changes the hash")
	}
	if hash(func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Env[0].Value = "2" }) == before {
		t.Error("a variable does not change the hash")
	}
}

func TestCacheOptions(t *testing.T) {
	o := Options{WatchNamespaces: []string{"a", "b"}, ClusterObjectNamespace: "keda"}
	options, err := cacheOptions(o)
	if err != nil {
		t.Fatal(err)
	}
	if len(options.DefaultNamespaces) != 2 {
		t.Errorf("namespaces %v", options.DefaultNamespaces)
	}
	for object, by := range options.ByObject {
		switch object.(type) {
		case *corev1.Secret, *corev1.ConfigMap:
			if _, ok := by.Namespaces["keda"]; !ok || len(by.Namespaces) != 3 {
				t.Errorf("%T is watched in %v", object, by.Namespaces)
			}
		case *batchv1.Job:
			if by.Label.Matches(labels.Set{}) || !by.Label.Matches(labels.Set{v1alpha1.LabelScaledJobName: "x"}) {
				t.Errorf("Jobs are selected by %v", by.Label)
			}
		default:
			if by.Namespaces != nil {
				t.Errorf("%T is watched in %v", object, by.Namespaces)
			}
		}
	}
	restricted := Options{WatchNamespaces: o.WatchNamespaces, ClusterObjectNamespace: "keda", RestrictSecrets: true,
		WatchLabels: labels.SelectorFromSet(labels.Set{"a": "b"}), WatchAuthenticationLabels: labels.SelectorFromSet(labels.Set{"c": "d"})}
	if options, err = cacheOptions(restricted); err != nil {
		t.Fatal(err)
	}
	for object, by := range options.ByObject {
		switch object.(type) {
		case *corev1.Secret:
			if _, ok := by.Namespaces["keda"]; !ok || len(by.Namespaces) != 1 {
				t.Errorf("restricted Secrets are watched in %v", by.Namespaces)
			}
		case *v1alpha1.ScaledObject, *v1alpha1.ScaledJob:
			if selectorText(by.Label) != "a=b" {
				t.Errorf("%T is selected by %v", object, by.Label)
			}
		case *v1alpha1.TriggerAuthentication, *v1alpha1.ClusterTriggerAuthentication:
			if selectorText(by.Label) != "c=d" {
				t.Errorf("%T is selected by %v", object, by.Label)
			}
		}
	}
	if options, err = cacheOptions(Options{ClusterObjectNamespace: "keda"}); err != nil || options.DefaultNamespaces != nil {
		t.Errorf("without namespaces %v are watched, error %v", options.DefaultNamespaces, err)
	}
}
