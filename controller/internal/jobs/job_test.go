// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/jobs"
)

func TestOf(t *testing.T) {
	ended := metav1.NewTime(noon)
	condition := func(t batchv1.JobConditionType, status corev1.ConditionStatus) batchv1.JobStatus {
		return batchv1.JobStatus{Conditions: []batchv1.JobCondition{{Type: t, Status: status, LastTransitionTime: ended}}}
	}
	completed := condition(batchv1.JobComplete, corev1.ConditionTrue)
	completed.CompletionTime = new(metav1.NewTime(noon.Add(-time.Second)))
	for name, c := range map[string]struct {
		status      batchv1.JobStatus
		annotations map[string]string
		want        jobs.Job
	}{
		"no condition yet":                 {want: jobs.Job{}},
		"suspended":                        {status: condition(batchv1.JobSuspended, corev1.ConditionTrue), want: jobs.Job{}},
		"about to fail":                    {status: condition(batchv1.JobFailureTarget, corev1.ConditionTrue), want: jobs.Job{}},
		"a condition that is not true":     {status: condition(batchv1.JobFailed, corev1.ConditionFalse), want: jobs.Job{}},
		"complete at its completion time":  {status: completed, want: jobs.Job{State: jobs.Complete, Finished: noon.Add(-time.Second)}},
		"complete without completion time": {status: condition(batchv1.JobComplete, corev1.ConditionTrue), want: jobs.Job{State: jobs.Complete, Finished: noon}},
		"failed when its condition says":   {status: condition(batchv1.JobFailed, corev1.ConditionTrue), want: jobs.Job{State: jobs.Failed, Finished: noon}},
		"its generation":                   {annotations: map[string]string{v1alpha1.AnnotationJobGeneration: "7"}, want: jobs.Job{Generation: 7}},
		"a generation that is no number":   {annotations: map[string]string{v1alpha1.AnnotationJobGeneration: "x"}, want: jobs.Job{}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.Name = "orders-x7k2p"
			got := jobs.Of(&batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: c.want.Name, Annotations: c.annotations}, Status: c.status})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Job (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPending(t *testing.T) {
	pod := func(phase corev1.PodPhase, conditions ...corev1.PodConditionType) *corev1.Pod {
		p := &corev1.Pod{Status: corev1.PodStatus{Phase: phase}}
		for _, c := range conditions {
			p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: c, Status: corev1.ConditionTrue})
		}
		return p
	}
	half := pod(corev1.PodPending, "PodScheduled")
	half.Status.Conditions = append(half.Status.Conditions, corev1.PodCondition{Type: "AnyOther", Status: corev1.ConditionFalse})
	both := []corev1.PodConditionType{"PodScheduled", "AnyOther"}
	for name, c := range map[string]struct {
		pods       []*corev1.Pod
		conditions []corev1.PodConditionType
		want       bool
	}{
		"no pod yet":                              {want: true},
		"a pod waits for a node":                  {pods: []*corev1.Pod{pod(corev1.PodPending)}, want: true},
		"its only pod failed":                     {pods: []*corev1.Pod{pod(corev1.PodFailed)}, want: true},
		"one of its pods runs":                    {pods: []*corev1.Pod{pod(corev1.PodPending), pod(corev1.PodRunning)}},
		"one of its pods succeeded":               {pods: []*corev1.Pod{pod(corev1.PodSucceeded)}},
		"running without the condition":           {pods: []*corev1.Pod{pod(corev1.PodRunning)}, conditions: both[:1], want: true},
		"pending with the condition":              {pods: []*corev1.Pod{pod(corev1.PodPending, "PodScheduled")}, conditions: both[:1]},
		"a pod with one of two conditions":        {pods: []*corev1.Pod{half}, conditions: both, want: true},
		"two pods with one of two conditions":     {pods: []*corev1.Pod{pod("", "PodScheduled"), pod("", "AnyOther")}, conditions: both, want: true},
		"a pod with both conditions among others": {pods: []*corev1.Pod{half, pod("", both...)}, conditions: both},
	} {
		t.Run(name, func(t *testing.T) {
			if got := jobs.Pending(c.pods, c.conditions); got != c.want {
				t.Errorf("pending is %v, want %v", got, c.want)
			}
		})
	}
}

// TestUnseen: what was created counts until a list shows it, a live list does not
// show it, or, where no answer came, until the request can no longer be carried out.
func TestUnseen(t *testing.T) {
	after := func(d time.Duration) time.Time { return noon.Add(d) }
	fill := func() *jobs.Unseen {
		u := &jobs.Unseen{}
		u.Add("seen", "1", noon)
		u.Add("refused", "", noon)
		u.Add("answered", "2", noon)
		u.Add("lost", "", noon)
		u.Drop("refused", "")
		u.Drop("lost", "another Job of this name")
		return u
	}
	shown := []jobs.Job{{Name: "seen", UID: "1"}, {Name: "other", UID: "3"}}
	if n := new(jobs.Unseen).Expected(nil, true, noon); n != 0 {
		t.Errorf("an empty set expects %d", n)
	}
	if u := fill(); u.Expected(shown, false, noon) != 2 || u.Has("seen") || !u.Has("lost") || u.Expected(shown, false, after(time.Hour)) != 2 {
		t.Error("a cache cannot tell that what it does not show is gone")
	}
	if u := fill(); u.Expected(shown, true, after(time.Second)) != 1 || u.Has("answered") || !u.Has("lost") {
		t.Error("a live list can tell, unless a request may still be under way")
	}
	if u := fill(); u.Expected(shown, true, after(time.Minute)) != 0 {
		t.Error("no request is under way for so long")
	}
	if u := fill(); u.Expected([]jobs.Job{{Name: "seen", UID: "9"}, {Name: "lost", UID: "9"}}, false, noon) != 3 {
		t.Error("a Job of the same name is another one")
	}
	u := fill()
	u.Expected(shown, true, after(time.Second))
	if got := u.Expected(nil, false, after(time.Second)); got != 3 { // seen, other, lost
		t.Errorf("after a live list a cache that is behind shows nothing of it, and %d are expected", got)
	}
}

// TestOverdue: a cache that shows nothing for two seconds is not believed, and none
// is about a request without an answer.
func TestOverdue(t *testing.T) {
	var u jobs.Unseen
	u.Add("answered", "1", noon)
	if u.Overdue(noon.Add(2*time.Second-1)) || !u.Overdue(noon.Add(2*time.Second)) || new(jobs.Unseen).Overdue(noon) {
		t.Error("two seconds are what a cache may be behind")
	}
	if u.Add("lost", "", noon); !u.Overdue(noon) {
		t.Error("a cache is believed about a request without an answer")
	}
}

func TestStrategyOf(t *testing.T) {
	for want, s := range map[jobs.Strategy]v1alpha1.JobScaling{
		jobs.Default{}:  {Strategy: v1alpha1.StrategyDefault},
		jobs.Accurate{}: {Strategy: v1alpha1.StrategyAccurate},
		jobs.Eager{}:    {Strategy: v1alpha1.StrategyEager},
		jobs.Custom{Deduction: 2, RunningShare: 0.5}: {Strategy: v1alpha1.StrategyCustom, Deduction: 2, RunningPercentage: 0.5},
	} {
		if got := jobs.StrategyOf(s); got != want {
			t.Errorf("strategy %s is %#v, want %#v", s.Strategy, got, want)
		}
	}
}
