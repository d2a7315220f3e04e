// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package actuate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"pgregory.net/rapid"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/jobs"
)

// TestJobNames: whatever the object is called, its Jobs have names that the API
// server and their pods' label accept, and that differ, but not between leaders.
func TestJobNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?){0,2}`).Draw(t, "name")
		name := jobName(base, "uid", 1)
		if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 {
			t.Fatalf("%q: %v", name, problems)
		}
		if problems := validation.IsValidLabelValue(name); len(problems) > 0 {
			t.Fatalf("%q: %v", name, problems)
		}
		if !strings.HasPrefix(name, strings.TrimRight(base[:min(len(base), 50)], "-.")) ||
			name != jobName(base, "uid", 1) || name == jobName(base, "uid", 2) || name == jobName(base, "other", 1) {
			t.Fatalf("%q is called %q", base, name)
		}
	})
}

func TestNewJob(t *testing.T) {
	sj := &v1alpha1.ScaledJob{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "default", Name: "work", UID: "1", Generation: 7,
			Labels: map[string]string{"team": "a", "secret": "b"},
			Annotations: map[string]string{
				"note": "c", corev1.LastAppliedConfigAnnotation: "{}", v1alpha1.AnnotationJobExcludedLabels: "secret",
			},
		},
		Spec: v1alpha1.ScaledJobSpec{JobTargetRef: &batchv1.JobSpec{BackoffLimit: new(int32(2))}},
	}
	before := sj.DeepCopy()
	job := NewJob(sj, "1.2.3", 9)
	if diff := cmp.Diff(before, sj); diff != "" {
		t.Errorf("the ScaledJob was changed (-before +after):\n%s", diff)
	}
	wantLabels := map[string]string{
		"team": "a", v1alpha1.LabelAppName: "work", v1alpha1.LabelAppVersion: "1.2.3", v1alpha1.LabelAppPartOf: "work",
		v1alpha1.LabelAppManagedBy: "keda-operator", v1alpha1.LabelScaledJobName: "work",
	}
	wantAnnotations := map[string]string{"note": "c", v1alpha1.AnnotationJobExcludedLabels: "secret", v1alpha1.AnnotationJobGeneration: "7", jobs.AnnotationOrdinal: "9"}
	if diff := cmp.Diff(wantLabels, job.Labels) + cmp.Diff(wantAnnotations, job.Annotations); diff != "" {
		t.Errorf("labels and annotations (-want +got):\n%s", diff)
	}
	if owner := metav1.GetControllerOf(job); owner == nil || owner.UID != "1" {
		t.Errorf("owner %v", owner)
	}
	pod := job.Spec.Template
	if pod.Labels[v1alpha1.LabelScaledJobName] != "work" || pod.Spec.RestartPolicy != corev1.RestartPolicyOnFailure || *job.Spec.BackoffLimit != 2 {
		t.Errorf("spec %+v", job.Spec)
	}
}

// TestLabelsOfJobs: those of the ScaledJob win over the usual ones, but not over the one
// by which Jobs are found, and a version that no label may have does not keep the API
// server from accepting Jobs.
func TestLabelsOfJobs(t *testing.T) {
	sj := &v1alpha1.ScaledJob{
		ObjectMeta: metav1.ObjectMeta{Name: "work", Labels: map[string]string{
			v1alpha1.LabelAppName: "shop", v1alpha1.LabelAppManagedBy: "Helm", v1alpha1.LabelScaledJobName: "other",
		}},
		Spec: v1alpha1.ScaledJobSpec{JobTargetRef: &batchv1.JobSpec{}},
	}
	want := map[string]string{
		v1alpha1.LabelAppName: "shop", v1alpha1.LabelAppVersion: "1.2.3-built-here", v1alpha1.LabelAppPartOf: "work",
		v1alpha1.LabelAppManagedBy: "Helm", v1alpha1.LabelScaledJobName: "work",
	}
	if diff := cmp.Diff(want, NewJob(sj, "1.2.3+built-here", 1).Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}

func TestScalePatch(t *testing.T) {
	for want, c := range map[string][2]int32{
		`[{"op":"test","path":"/spec/replicas","value":null},{"op":"add","path":"/spec/replicas","value":1}]`: {0, 1},
		`[{"op":"test","path":"/spec/replicas","value":4},{"op":"add","path":"/spec/replicas","value":0}]`:    {4, 0},
	} {
		got, err := scalePatch(c[0], c[1])
		if err != nil || string(got) != want {
			t.Errorf("%d → %d is %s, error %v, want %s", c[0], c[1], got, err, want)
		}
	}
}
