// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package reconcile

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/actuate"
)

// TestErrorsArePolicy: what an error is decides what becomes of the object.
func TestErrorsArePolicy(t *testing.T) {
	web := schema.GroupResource{Group: "apps", Resource: "deployments"}
	type policy struct{ overtaken, transient bool }
	for name, c := range map[string]struct {
		err  error
		want policy
	}{
		"a mistake":                {errors.New("spec.triggers is empty"), policy{}},
		"something missing":        {apierrors.NewNotFound(web, "web"), policy{}},
		"an unknown kind":          {&meta.NoKindMatchError{GroupKind: schema.GroupKind{Kind: "Widget"}}, policy{}},
		"something forbidden":      {apierrors.NewForbidden(web, "web", errors.New("no")), policy{}},
		"something invalid":        {apierrors.NewInvalid(schema.GroupKind{}, "web", nil), policy{}},
		"a conflict":               {apierrors.NewConflict(web, "web", errors.New("changed")), policy{overtaken: true}},
		"a target that moved":      {actuate.ErrMoved, policy{overtaken: true}},
		"an internal error":        {apierrors.NewInternalError(errors.New("etcd is away")), policy{transient: true}},
		"too many requests":        {apierrors.NewTooManyRequests("later", 1), policy{transient: true}},
		"no connection":            {&url.Error{Op: "Get", URL: "https://api", Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}, policy{transient: true}},
		"no answer in time":        {context.DeadlineExceeded, policy{transient: true}},
		"a mistake beside trouble": {errors.Join(errors.New("no key"), apierrors.NewServiceUnavailable("down")), policy{transient: true}},
	} {
		err := fmt.Errorf("cannot do it: %w", c.err)
		if got := (policy{overtaken(t.Context(), err), transient(err)}); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if !overtaken(ended, context.Canceled) {
		t.Error("the end of the process is told as a failure")
	}
}

func TestRetry(t *testing.T) {
	trouble, mistake := apierrors.NewInternalError(errors.New("etcd")), errors.New("a mistake")
	for name, c := range map[string]struct {
		failure, report error
		again, fails    bool
	}{
		"well":                         {nil, nil, false, false},
		"an unwritten status":          {nil, trouble, false, true},
		"trouble":                      {trouble, nil, false, true},
		"a mistake":                    {mistake, nil, true, false},
		"a mistake that was not noted": {mistake, trouble, false, true},
	} {
		result, err := retry(t.Context(), c.failure, c.report)
		if (err != nil) != c.fails || (result.RequeueAfter == mistakeRetry) != c.again {
			t.Errorf("%s: %+v, error %v", name, result, err)
		}
	}
}

// TestTroubleIsNotRetriedLaterThanMistakes: an object that could not be written, or
// let go, for an hour does not wait for a quarter of an hour more.
//
// Differs: Scaling
// KEDA: What fails again and again is retried ever later, up to every 1000 seconds; after an outage of the API server or of a webhook objects, also deleted ones, hang for a quarter of an hour more.
// Here: It is retried every minute at the latest.
// Why: A minute is no load, and nobody knows what to wait for.
// Old: not available
func TestTroubleIsNotRetriedLaterThanMistakes(t *testing.T) {
	limiter, web := backoff(), ctrl.Request{}
	if first := limiter.When(web); first > 10*time.Millisecond {
		t.Errorf("the first retry is after %s", first)
	}
	for range 60 {
		if wait := limiter.When(web); wait > mistakeRetry {
			t.Fatalf("a retry is after %s", wait)
		}
	}
}

// TestConclude walks an object through what the reconciler may find.
func TestConclude(t *testing.T) {
	var c v1alpha1.Conditions
	now := metav1.Now()
	c.Initialize(v1alpha1.KindScaledObject, now)
	mistake := errors.New("a mistake")
	paused, held := v1alpha1.Pause{Paused: true, Replicas: new(int32(2))}, v1alpha1.Pause{ScaleIn: true}
	for _, step := range []struct {
		pause   v1alpha1.Pause
		failure error
		want    string
	}{
		{v1alpha1.Pause{}, mistake, "Ready False ScaledObjectCheckFailed, Active Unknown UnknownState, Paused False "},
		{v1alpha1.Pause{}, nil, "Ready Unknown , Active Unknown UnknownState, Paused False "},
		{paused, nil, "Ready True ScaledObjectReady, Active False ScalerNotActive, Paused True ScaledObjectPaused"},
		{paused, mistake, "Ready False ScaledObjectCheckFailed, Active Unknown UnknownState, Paused True ScaledObjectPaused"},
		{paused, nil, "Ready True ScaledObjectReady, Active False ScalerNotActive, Paused True ScaledObjectPaused"},
		{v1alpha1.Pause{}, nil, "Ready Unknown , Active False ScalerNotActive, Paused False ScaledObjectUnpaused"}, // nothing was read yet
		{held, mistake, "Ready False ScaledObjectCheckFailed, Active Unknown UnknownState, Paused True ScaledObjectPaused"},
		{held, nil, "Ready Unknown , Active Unknown UnknownState, Paused True ScaledObjectPaused"},
		{v1alpha1.Pause{}, nil, "Ready Unknown , Active Unknown UnknownState, Paused False ScaledObjectUnpaused"},
	} {
		concludeScaledObject(&c, step.pause, step.failure, now)
		ready, active, pause := c.Get(v1alpha1.ConditionReady), c.Get(v1alpha1.ConditionActive), c.Get(v1alpha1.ConditionPaused)
		got := fmt.Sprintf("Ready %s %s, Active %s %s, Paused %s %s", ready.Status, ready.Reason, active.Status, active.Reason, pause.Status, pause.Reason)
		if got != step.want {
			t.Errorf("pause %+v, failure %v: %s, want %s", step.pause, step.failure, got, step.want)
		}
	}
}

func TestPauseMessage(t *testing.T) {
	for want, p := range map[string]v1alpha1.Pause{
		"scaling is paused at 0 replicas by the annotation autoscaling.keda.sh/paused-replicas": {Paused: true, Replicas: new(int32(0))},
		"scaling is paused by the annotation autoscaling.keda.sh/paused":                        {Paused: true},
		"scaling in is paused":         {ScaleIn: true},
		"scaling out is paused":        {ScaleOut: true},
		"scaling in and out is paused": {ScaleIn: true, ScaleOut: true},
	} {
		if got := pauseMessage(p); got != want {
			t.Errorf("%+v: %q, want %q", p, got, want)
		}
	}
}
