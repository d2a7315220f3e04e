// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth"
)

// TestProblemOfAGoneUserIsToldAgain: who had a problem and is deleted does not come
// back to say that it is over. The next one's is news.
func TestProblemOfAGoneUserIsToldAgain(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	reader := fake.NewClientBuilder().WithScheme(scheme).WithObjects(
		&v1alpha1.TriggerAuthentication{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "ta"}}).Build()
	ta := auth.Reference{Kind: v1alpha1.KindTriggerAuthentication, Namespace: "default", Name: "ta"}
	synctest.Test(t, func(t *testing.T) {
		events := &told{}
		p := NewProblems(reader, events)
		problem := errors.New("no Secret")
		for range 60 { // as often as a mistake is looked at again
			p.Report(ta, "gone", problem)
			time.Sleep(mistakeRetry)
		}
		if len(events.events) != 1 {
			t.Errorf("told %q", events.events)
		}
		time.Sleep(time.Hour)
		p.Report(ta, "next", problem)
		if len(events.events) != 2 {
			t.Errorf("an hour later told %q", events.events)
		}
		if users := p.told[ta]; len(users) != 1 {
			t.Errorf("it remembers %v", users)
		}
	})
}

// TestProblems: each problem of an authentication is told once, however many
// objects have it and however often.
func TestProblems(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	reader := fake.NewClientBuilder().WithScheme(scheme).WithObjects(
		&v1alpha1.TriggerAuthentication{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "ta"}},
		&v1alpha1.ClusterTriggerAuthentication{ObjectMeta: metav1.ObjectMeta{Name: "cta"}},
	).Build()
	ta := auth.Reference{Kind: v1alpha1.KindTriggerAuthentication, Namespace: "default", Name: "ta"}
	cta := auth.Reference{Kind: v1alpha1.KindClusterTriggerAuthentication, Name: "cta"}
	gone := auth.Reference{Kind: v1alpha1.KindTriggerAuthentication, Namespace: "default", Name: "gone"}
	events := &told{}
	p := NewProblems(reader, events)
	first, second := errors.New("no Secret"), errors.New("no key")
	for _, step := range []struct {
		of      auth.Reference
		user    string
		problem error
		told    string
	}{
		{ta, "a", first, "TriggerAuthenticationFailed: no Secret"},
		{ta, "a", first, ""},
		{ta, "b", first, ""},
		{ta, "b", second, "TriggerAuthenticationFailed: no key"},
		{ta, "a", nil, ""},
		{ta, "b", nil, ""},
		{ta, "b", second, "TriggerAuthenticationFailed: no key"},
		{cta, "b", second, "ClusterTriggerAuthenticationFailed: no key"},
		{gone, "b", second, ""},
	} {
		events.events = nil
		p.Report(step.of, step.user, step.problem)
		var want []string
		if step.told != "" {
			want = []string{step.told}
		}
		if !slices.Equal(events.events, want) {
			t.Errorf("%v: told %q, want %q", step, events.events, want)
		}
	}
}
