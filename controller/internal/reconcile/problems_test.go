// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"errors"
	"fmt"
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

// listener keeps events as "Reason: note".
type listener struct{ told []string }

func (l *listener) Eventf(_, _ runtime.Object, _, reason, _, note string, args ...any) {
	l.told = append(l.told, reason+": "+fmt.Sprintf(note, args...))
}

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
		events := &listener{}
		p := NewProblems(reader, events)
		problem := errors.New("no Secret")
		for range 60 { // as often as a mistake is looked at again
			p.Report(ta, "gone", problem)
			time.Sleep(mistakeRetry)
		}
		if len(events.told) != 1 {
			t.Errorf("told %q", events.told)
		}
		time.Sleep(time.Hour)
		p.Report(ta, "next", problem)
		if len(events.told) != 2 {
			t.Errorf("an hour later told %q", events.told)
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
	events := &listener{}
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
		events.told = nil
		p.Report(step.of, step.user, step.problem)
		var want []string
		if step.told != "" {
			want = []string{step.told}
		}
		if !slices.Equal(events.told, want) {
			t.Errorf("%v: told %q, want %q", step, events.told, want)
		}
	}
}
