// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	testclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)

// api takes status patches.
type api struct {
	client.Client // panics when something else is asked

	mu      sync.Mutex
	err     error
	patches []string
	version int
}

func (a *api) Status() client.SubResourceWriter { return status{api: a} }

type status struct {
	client.SubResourceWriter // panics too
	api                      *api
}

func (a status) Patch(_ context.Context, o client.Object, patch client.Patch, _ ...client.SubResourcePatchOption) error {
	a.api.mu.Lock()
	defer a.api.mu.Unlock()
	data, err := patch.Data(o)
	a.api.patches = append(a.api.patches, o.GetName()+" "+string(data))
	a.api.version += 10
	o.SetResourceVersion(strconv.Itoa(a.api.version))
	return errors.Join(err, a.api.err)
}

// recorder keeps events as "Type Reason: note".
type recorder struct {
	mu      sync.Mutex
	told    []string
	actions []string
}

func (r *recorder) Eventf(_, _ runtime.Object, kind, reason, action, note string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.actions = append(r.actions, action)
	r.told = append(r.told, kind+" "+reason+": "+fmt.Sprintf(note, args...))
}

func newWriter() (*report.ScaledObjects, *api, *recorder, *testclock.FakeClock) {
	a, r, clk := &api{}, &recorder{}, testclock.NewFakeClock(start)
	return report.NewScaledObjects(a, r, clk), a, r, clk
}

func object() *v1alpha1.ScaledObject {
	return &v1alpha1.ScaledObject{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web", UID: "1"}}
}

func set(kind v1alpha1.ConditionType, status metav1.ConditionStatus, reason, message string) func(*v1alpha1.ScaledObjectStatus, metav1.Time) {
	return func(s *v1alpha1.ScaledObjectStatus, now metav1.Time) {
		s.Conditions.Set(kind, status, reason, message, now)
	}
}

func update(t *testing.T, w *report.ScaledObjects, o *v1alpha1.ScaledObject, change func(*v1alpha1.ScaledObjectStatus, metav1.Time)) {
	t.Helper()
	if err := w.Update(t.Context(), o, change); err != nil {
		t.Fatal(err)
	}
}

func TestUpdateSendsWhatDiffers(t *testing.T) {
	w, api, _, clk := newWriter()
	o := object()
	update(t, w, o, func(s *v1alpha1.ScaledObjectStatus, now metav1.Time) {
		s.HpaName = "keda-hpa-web"
		s.LastActiveTime = &now
	})
	clk.Step(time.Hour)
	update(t, w, o, set(v1alpha1.ConditionReady, metav1.ConditionTrue, "ScaledObjectReady", "all is well"))
	if len(api.patches) != 2 || strings.Contains(api.patches[1], "hpaName") || !strings.Contains(api.patches[1], `"lastTransitionTime":"2026-01-02T04:04:05Z"`) {
		t.Fatalf("patches %q", api.patches)
	}
	clk.Step(time.Hour)
	for range 2 { // the same again, in other words
		update(t, w, o, func(s *v1alpha1.ScaledObjectStatus, now metav1.Time) {
			set(v1alpha1.ConditionReady, metav1.ConditionTrue, "ScaledObjectReady", "all is well")(s, now)
			local := metav1.NewTime(s.LastActiveTime.In(time.FixedZone("", 3600)))
			s.LastActiveTime, s.ExternalMetricNames = &local, []string{}
		})
	}
	if len(api.patches) != 2 {
		t.Errorf("what means the same was written: %q", api.patches[2:])
	}
}

func TestUpdateThatFails(t *testing.T) {
	w, api, events, _ := newWriter()
	o := object()
	ready := set(v1alpha1.ConditionReady, metav1.ConditionTrue, "ScaledObjectReady", "all is well")
	api.err = apierrors.NewInternalError(errors.New("etcd is away"))
	if err := w.Update(t.Context(), o, ready); err == nil || !strings.Contains(err.Error(), "default/web") {
		t.Errorf("error %v", err)
	}
	if s := w.Read(o); len(events.told) > 0 || len(s.Conditions) > 0 {
		t.Errorf("what was not written counts as %v, told %q", s, events.told)
	}
	api.err = nil
	update(t, w, o, ready)
	if len(events.told) != 1 {
		t.Errorf("events %q", events.told)
	}
	api.err = apierrors.NewNotFound(schema.GroupResource{}, "web")
	update(t, w, o, set(v1alpha1.ConditionReady, metav1.ConditionFalse, "ScaledObjectCheckFailed", "gone"))
	if s := w.Read(o); len(s.Conditions) > 0 || len(events.told) != 1 {
		t.Errorf("of an object that is gone is left %v, told %q", s, events.told)
	}
}

// TestSameNameAgain: an object that was made again begins with its own status.
func TestSameNameAgain(t *testing.T) {
	w, _, _, _ := newWriter()
	update(t, w, object(), func(s *v1alpha1.ScaledObjectStatus, _ metav1.Time) { s.OriginalReplicaCount = new(int32(3)) })
	again := object()
	again.UID = "2"
	again.Status.HpaName = "its-own"
	if diff := cmp.Diff(v1alpha1.ScaledObjectStatus{HpaName: "its-own"}, w.Read(again)); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	w.Forget(client.ObjectKeyFromObject(again))
	again.Status.HpaName = "read anew"
	if got := w.Read(again).HpaName; got != "read anew" {
		t.Errorf("a forgotten object has %q", got)
	}
}

// TestTransitions walks an object through its life and looks at what is told.
func TestTransitions(t *testing.T) {
	const (
		yes, no, unknown = metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown
	)
	w, _, events, _ := newWriter()
	o := object()
	for _, step := range []struct {
		condition v1alpha1.ConditionType
		status    metav1.ConditionStatus
		reason    string
		message   string
		want      string
	}{
		{v1alpha1.ConditionFallback, no, "NoFallbackFound", "none", ""},
		{v1alpha1.ConditionReady, no, "ScaledObjectCheckFailed", "no target", "Warning ScaledObjectCheckFailed: no target"},
		{v1alpha1.ConditionReady, no, "ScaledObjectCheckFailed", "no secret", "Warning ScaledObjectCheckFailed: no secret"},
		{v1alpha1.ConditionReady, unknown, "", "being read", ""},
		{v1alpha1.ConditionReady, yes, "ScaledObjectReady", "well", "Normal ScaledObjectReady: well"},
		{v1alpha1.ConditionReady, unknown, "PartialTriggerError", "refused", "Warning KEDAScalerFailed: refused"},
		{v1alpha1.ConditionReady, no, "TriggerError", "refused", "Warning KEDAScalerFailed: refused"},
		{v1alpha1.ConditionFallback, yes, "FallbackExists", "s0", "Normal ScaledObjectFallbackActivated: s0"},
		{v1alpha1.ConditionFallback, no, "NoFallbackFound", "none", "Normal ScaledObjectFallbackDeactivated: none"},
		{v1alpha1.ConditionActive, yes, "ScalerActive", "up", ""}, // the scaling itself is told
		{v1alpha1.ConditionPaused, yes, "ScaledObjectPaused", "paused", "Normal ScaledObjectPaused: paused"},
		{v1alpha1.ConditionPaused, no, "ScaledObjectUnpaused", "on", "Normal ScaledObjectUnpaused: on"},
		{v1alpha1.ConditionReady, yes, "ScaledObjectReady", "well", "Normal ScaledObjectReady: well"},
	} {
		events.told = nil
		update(t, w, o, set(step.condition, step.status, step.reason, step.message))
		if got := strings.Join(events.told, "; "); got != step.want {
			t.Errorf("%s %s %s told %q, want %q", step.condition, step.status, step.reason, got, step.want)
		}
	}
}

// TestWarningsThatDifferAreNotCountedAsOne: Kubernetes counts events of one action as
// one, with the first note.
func TestWarningsThatDifferAreNotCountedAsOne(t *testing.T) {
	w, _, events, _ := newWriter()
	for _, note := range []string{"no route to 10.0.0.1", "no route to 10.0.12.7", "NOAUTH", strings.Repeat("ä", 2000)} {
		w.Event(object(), report.Warning(v1alpha1.EventScalerFailed, note))
	}
	w.Event(object(), report.Normal(v1alpha1.EventJobsCreated, "Created 3 Jobs"))
	a := events.actions
	if a[0] != a[1] || a[1] == a[2] || a[2] == v1alpha1.EventScalerFailed || len(a[3]) > 128 || a[4] != v1alpha1.EventJobsCreated {
		t.Errorf("the actions are %q", a)
	}
}

func TestLongNotes(t *testing.T) {
	w, _, events, _ := newWriter()
	w.Event(object(), report.Warning("Long", strings.Repeat("ä", 2000)))
	note := strings.TrimPrefix(events.told[0], "Warning Long: ")
	if len(note) > 1024 || !strings.HasSuffix(note, "ä…") {
		t.Errorf("a note of %d bytes ends with %q", len(note), note[len(note)-8:])
	}
}

// TestStatusThatOthersWriteIsPutRight: as soon as the cache shows it, and without a word.
func TestStatusThatOthersWriteIsPutRight(t *testing.T) {
	w, api, events, _ := newWriter()
	o := object()
	o.ResourceVersion = "1"
	update(t, w, o, set(v1alpha1.ConditionReady, metav1.ConditionTrue, "ScaledObjectReady", "well"))
	ours := w.Read(o)
	foreign := v1alpha1.ScaledObjectStatus{PausedReplicaCount: new(int32(3))}
	for _, c := range []struct {
		version string
		status  v1alpha1.ScaledObjectStatus
		want    string
	}{
		{"9", foreign, ""}, // has yet to hear of our write
		{"10", ours, ""},
		{"11", ours, ""},
		{"12", foreign, `"pausedReplicaCount":null`},
		{"19", foreign, ""}, // of before that
		{"20", ours, ""},
	} {
		api.patches, events.told = nil, nil
		o.ResourceVersion, o.Status = c.version, c.status
		if err := w.Repair(t.Context(), o); err != nil {
			t.Error(err)
		}
		if got := strings.Join(api.patches, ""); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("at version %s it patched %s, want %s", c.version, got, c.want)
		}
		if len(events.told) > 0 {
			t.Errorf("at version %s told was %q", c.version, events.told)
		}
	}
}

// TestManyWriters: the reconciler and the engine write one status at the same
// time, and neither is lost.
func TestManyWriters(t *testing.T) {
	w, api, _, _ := newWriter()
	o := object()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			update(t, w, o, func(s *v1alpha1.ScaledObjectStatus, _ metav1.Time) {
				s.ExternalMetricNames = append(s.ExternalMetricNames, fmt.Sprint(i))
			})
		})
	}
	all.Wait()
	if got := w.Read(o).ExternalMetricNames; len(got) != 8 || len(api.patches) != 8 {
		t.Errorf("of 8 changes %v are left, in %d patches", got, len(api.patches))
	}
}

// TestRefusedWritesAreToldOnce: missing rights are told, once until they are
// there; what a retry may cure is not.
func TestRefusedWritesAreToldOnce(t *testing.T) {
	w, api, events, _ := newWriter()
	o := object()
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "scaledobjects/status"}, "web", errors.New("no right to patch"))
	told := func(want int) {
		t.Helper()
		if got := strings.Count(strings.Join(events.told, "\n"), "Warning "+v1alpha1.EventScaledObjectUpdateFailed); got != want {
			t.Errorf("there are %d events, want %d: %q", got, want, events.told)
		}
	}
	write := func(message string) {
		_ = w.Update(t.Context(), o, set(v1alpha1.ConditionReady, metav1.ConditionTrue, "ScaledObjectReady", message)) // told is looked at
	}
	for _, err := range []error{forbidden, forbidden, apierrors.NewInternalError(errors.New("etcd is away")), forbidden} {
		api.err = err
		write("well")
	}
	told(1)
	api.err = nil
	write("well")
	api.err = forbidden
	write("still well")
	told(2)

	w.Wrote(o, fmt.Errorf("cannot remove the finalizer: %w", forbidden))
	w.Wrote(o, fmt.Errorf("cannot remove the finalizer: %w", forbidden))
	w.Wrote(o, apierrors.NewConflict(schema.GroupResource{}, "web", errors.New("changed")))
	told(3)
	w.Wrote(o, nil)
	w.Wrote(o, fmt.Errorf("cannot remove the finalizer: %w", forbidden))
	told(4)
}

// TestTriggerFailures: alerts look for KEDAScalerFailed, whether a trigger cannot
// be used or cannot be read, and a formula that lacks an input says so.
func TestTriggerFailures(t *testing.T) {
	w, _, events, _ := newWriter()
	o := object()
	update(t, w, o, set(v1alpha1.ConditionReady, metav1.ConditionFalse, "ScaledObjectCheckFailed", "spec.triggers[0] (redis): no listName"))
	update(t, w, o, set(v1alpha1.ConditionReady, metav1.ConditionFalse, "TriggerError", "s0-redis: refused"))
	update(t, w, o, func(s *v1alpha1.ScaledObjectStatus, _ metav1.Time) {
		s.CompositeScalerName = v1alpha1.CompositeMetricName
	})
	update(t, w, o, set(v1alpha1.ConditionReady, metav1.ConditionFalse, "TriggerError", "s0-redis: no route"))
	want := []string{
		"Warning ScaledObjectCheckFailed: spec.triggers[0] (redis): no listName", "Warning KEDAScalerFailed: spec.triggers[0] (redis): no listName",
		"Warning KEDAScalerFailed: s0-redis: refused",
		"Warning KEDAScalerFailed: s0-redis: no route", "Warning KEDAMetricSourceFailed: The formula lacks an input: s0-redis: no route",
	}
	if diff := cmp.Diff(want, events.told); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestReadyIsToldAtEachLook: also where nothing is written, as after a restart.
func TestReadyIsToldAtEachLook(t *testing.T) {
	w, api, _, _ := newWriter()
	var told []string
	w.Ready = func(key types.NamespacedName, ready bool) { told = append(told, fmt.Sprint(key, " ", ready)) }
	o := object()
	ready := set(v1alpha1.ConditionReady, metav1.ConditionTrue, "ScaledObjectReady", "all is well")
	update(t, w, o, ready)
	update(t, w, o, ready)
	update(t, w, o, set(v1alpha1.ConditionReady, metav1.ConditionUnknown, "PartialTriggerError", "one is broken"))
	api.err = errors.New("no")
	if w.Update(t.Context(), o, ready) == nil {
		t.Error("a refused write is no error")
	}
	if want := []string{"default/web true", "default/web true", "default/web false"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
