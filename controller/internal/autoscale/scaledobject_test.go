// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/modifiers"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scale"
)

// one starts to scale one object that was asked and looked at.
func one(t *testing.T, w *world, change func(*v1alpha1.ScaledObject)) (*v1alpha1.ScaledObject, sample.Object) {
	t.Helper()
	o := object("web", change)
	id := scaledObjectID(o)
	w.ScaleObject(w.plan(o))
	w.ask(t, id)
	w.look(t, id)
	return o, id
}

func (w *world) status(o *v1alpha1.ScaledObject) v1alpha1.ScaledObjectStatus {
	return w.ScaledObjects.Read(o)
}

func TestActivationAndCooldown(t *testing.T) {
	w := newWorld(t)
	o, id := one(t, w, nil)
	if got := w.status(o); !got.Conditions.IsTrue(v1alpha1.ConditionReady) || !got.Conditions.IsFalse(v1alpha1.ConditionActive) || got.ObservedGeneration != 1 {
		t.Fatalf("an idle object's status is %+v", got)
	}
	w.source.set(7, nil)
	w.ask(t, id)
	w.look(t, id)
	if got := w.api.written(); !strings.HasPrefix(got[len(got)-2], "scale ") || !w.status(o).Conditions.IsTrue(v1alpha1.ConditionActive) {
		t.Errorf("an activation wrote %q", got)
	}
	if answer, ok := w.Store.Latest(id, "s0-redis-web"); !ok || answer.Value != 7 {
		t.Errorf("the HPA is told %+v", answer)
	}
	w.api.replicas = 1
	w.source.set(0, nil)
	w.ask(t, id)
	if again := w.look(t, id); !again.Equal(w.clock.Now().Add(10 * time.Second)) {
		t.Errorf("the cooldown ends at %s", again)
	}
	w.clock.Step(11 * time.Second)
	w.look(t, id) // no new sample is needed
	if got := w.api.written(); !strings.Contains(strings.Join(got, "\n"), `"value":0`) {
		t.Errorf("the end of the cooldown wrote %q", got)
	}
}

// TestNothingNewWritesNothing: not the second look at a sample, nor a sample that
// says the same, nor a plan that is made again.
func TestNothingNewWritesNothing(t *testing.T) {
	w := newWorld(t)
	o, id := one(t, w, nil)
	before := len(w.api.written())
	for range 3 {
		w.look(t, id)
		w.ask(t, id)
		w.ScaleObject(w.plan(o))
		w.look(t, id)
	}
	if got := w.api.written()[before:]; len(got) > 0 {
		t.Errorf("nothing new wrote %q", got)
	}
}

// TestWaitingReportsNothing: before a source was asked, what is known of an object
// from before a restart holds, and so does its generation.
func TestWaitingReportsNothing(t *testing.T) {
	w := newWorld(t)
	o := object("web", func(o *v1alpha1.ScaledObject) {
		o.Generation = 2
		o.Status.ObservedGeneration = 1
		o.Status.Conditions.Set(v1alpha1.ConditionActive, metav1.ConditionTrue, v1alpha1.ReasonScalerActive, "", metav1.NewTime(start))
	})
	s := &scaledObject{Engine: w.Engine, id: scaledObjectID(o)}
	plan := w.plan(o)
	s.restore(plan)
	s.adopt(plan) // nobody polls for it
	if _, err := s.evaluate(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := w.api.written(); len(got) > 0 {
		t.Errorf("an object that nobody was asked about wrote %q", got)
	}
	if !s.active || !s.lastActive.Equal(w.clock.Now()) {
		t.Errorf("an object that was active when the last process ended is active %v, last at %s", s.active, s.lastActive)
	}
}

// TestFailuresAreCountedOnce: looking twice at a failure, and making the plan
// anew, are no further failures.
func TestFailuresAreCountedOnce(t *testing.T) {
	w := newWorld(t)
	w.source.set(0, errors.New("refused"))
	o, id := one(t, w, func(o *v1alpha1.ScaledObject) { o.Spec.Fallback = &v1alpha1.Fallback{FailureThreshold: 5, Replicas: 2} })
	for range 3 {
		w.look(t, id)
		w.ScaleObject(w.plan(o))
		w.look(t, id)
	}
	if got := *w.status(o).Health["s0-redis-web"].NumberOfFailures; got != 1 {
		t.Errorf("one failure counts as %d", got)
	}
	s := &scaledObject{Engine: w.Engine, id: id}
	if got := s.metricStates(w.plan(o))[0].health.Failures; got != 1 {
		t.Errorf("after a restart there were %d failures", got)
	}
}

// TestFailuresBelowTheHighestThreshold: a threshold that is never reached does not
// turn the count over.
func TestFailuresBelowTheHighestThreshold(t *testing.T) {
	w := newWorld(t)
	w.source.set(0, errors.New("refused"))
	o, _ := one(t, w, func(o *v1alpha1.ScaledObject) {
		o.Spec.Fallback = &v1alpha1.Fallback{FailureThreshold: math.MaxInt32, Replicas: 2}
	})
	if got := w.status(o).Health["s0-redis-web"]; *got.NumberOfFailures != 1 || got.Status != v1alpha1.HealthStatusFailing {
		t.Errorf("after a failure health is %s with %d", got.Status, *got.NumberOfFailures)
	}
}

// TestFormulaThatAnswersWithoutATrigger is a fallback too, and is told as one.
//
// Covers: condition ScaledObject/Fallback/FallbackExists
func TestFormulaThatAnswersWithoutATrigger(t *testing.T) {
	w := newWorld(t)
	w.source.set(0, errors.New("refused"))
	o := object("web", func(o *v1alpha1.ScaledObject) {
		o.Spec.Fallback = &v1alpha1.Fallback{Replicas: 2, Behavior: v1alpha1.FallbackScalingModifiers}
	})
	plan, id := w.plan(o), scaledObjectID(o)
	plan.Triggers[0].Name = "queue"
	var err error
	if plan.Modifiers, err = modifiers.Compile(&v1alpha1.ScalingModifiers{Formula: "queue ?? 9", Target: "3"}, []string{"queue"}); err != nil {
		t.Fatal(err)
	}
	w.ScaleObject(plan)
	w.ask(t, id)
	w.look(t, id)
	if answer, _ := w.Store.Latest(id, v1alpha1.CompositeMetricName); answer.Value != 9 || answer.Error != "" {
		t.Errorf("the HPA is told %+v", answer)
	}
	if c := w.status(o).Conditions.Get(v1alpha1.ConditionFallback); c.Reason != v1alpha1.ReasonFallbackExists || !strings.Contains(c.Message, "s0-redis-web") {
		t.Errorf("Fallback is %+v", c)
	}
}

// TestMessagesThatDifferEachTime are written once a minute.
func TestMessagesThatDifferEachTime(t *testing.T) {
	w := newWorld(t)
	w.source.set(0, errors.New("read tcp 10.0.0.1:40001->10.0.0.2:6379: i/o timeout"))
	o, id := one(t, w, nil)
	if c := w.status(o).Conditions.Get(v1alpha1.ConditionReady); c.Status != metav1.ConditionFalse || !strings.Contains(c.Message, "40001") {
		t.Fatalf("Ready is %+v", c)
	}
	before := len(w.api.written())
	s, _ := w.subject(id).(*scaledObject)
	fail := func(port int) {
		t.Helper()
		// The server rests after a failure, so the outcome is compared by itself.
		seen := s.observe(context.Background(), 0)
		seen.triggers[0].Err = fmt.Sprint("port ", port)
		if err := s.report(context.Background(), seen, scale.Decide(s.input(0, seen))); err != nil {
			t.Fatal(err)
		}
	}
	fail(1)
	fail(2)
	if got := w.api.written()[before:]; len(got) > 0 {
		t.Errorf("messages that differ wrote %q", got)
	}
	w.clock.Step(messageGrain)
	fail(3)
	if got := w.api.written()[before:]; len(got) != 1 || !strings.Contains(got[0], "port 3") {
		t.Errorf("after a minute they wrote %q", got)
	}
}

func TestUnreadableReplicas(t *testing.T) {
	w := newWorld(t)
	o, id := one(t, w, nil)
	w.api.readErr = errors.New("no such Deployment")
	if _, err := w.subject(id).evaluate(context.Background()); err == nil {
		t.Error("replicas that cannot be read are no error")
	}
	if c := w.status(o).Conditions.Get(v1alpha1.ConditionReady); c.Reason != v1alpha1.ReasonErrorGettingCurrentReplicas || !strings.Contains(c.Message, "no such Deployment") {
		t.Errorf("Ready is %+v", c)
	}
	w.api.readErr = nil
	w.look(t, id)
	if !w.status(o).Conditions.IsTrue(v1alpha1.ConditionReady) {
		t.Error("an object whose replicas can be read again is not Ready")
	}
}

// TestMovedReplicas: a decision that somebody else's write overtook is taken
// again, and is no failure.
func TestMovedReplicas(t *testing.T) {
	w := newWorld(t)
	_, id := one(t, w, nil)
	w.source.set(1, nil)
	w.api.scaleErr = apierrors.NewInvalid(schema.GroupKind{}, "web", nil)
	w.ask(t, id)
	w.look(t, id)
	w.api.scaleErr = apierrors.NewInternalError(errors.New("etcd is away"))
	if _, err := w.subject(id).evaluate(context.Background()); err == nil {
		t.Error("a write that failed is no error")
	}
	if told := strings.Join(w.events.told, "\n"); strings.Count(told, v1alpha1.EventScaleTargetActivationFailed) != 1 {
		t.Errorf("one failed write was told as %q", told)
	}
}

// TestStop: when it returns, nothing acts on the object any more, and nothing of
// it is left.
func TestStop(t *testing.T) {
	w := newWorld(t)
	_, id := one(t, w, nil)
	s, _ := w.subject(id).(*scaledObject)
	w.Stop(id)
	before := len(w.api.written())
	w.source.set(9, nil)
	if _, err := s.evaluate(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.publishLatest(context.Background()); err != nil {
		t.Error(err)
	}
	if got := w.api.written()[before:]; len(got) > 0 {
		t.Errorf("a stopped object wrote %q", got)
	}
	if _, ok := w.Store.Answers(id); ok {
		t.Error("a stopped object has answers")
	}
	if err := w.Refresh(context.Background(), id, "s0-redis-web"); err == nil {
		t.Error("a stopped object was refreshed")
	}
}

// keeping scales an object of so many replicas whose source is dead and whose fallback
// keeps the replicas.
func keeping(t *testing.T, replicas int32) (*world, sample.Object) {
	w := newWorld(t)
	w.api.replicas = replicas
	w.source.set(0, errors.New("refused"))
	o := object("web", func(o *v1alpha1.ScaledObject) {
		o.Spec.Fallback = &v1alpha1.Fallback{FailureThreshold: 2, Replicas: 3, Behavior: v1alpha1.FallbackCurrentReplicas}
		o.Status.Health = map[string]v1alpha1.HealthStatus{"s0-redis-web": {NumberOfFailures: new(int32(3)), Status: v1alpha1.HealthStatusFailing}}
	})
	w.ScaleObject(w.plan(o))
	return w, scaledObjectID(o)
}

// TestRefreshBeforeTheFirstEvaluation: a metrics adapter may want a fresher answer
// before a new leader has come to an object. A fallback that keeps the replicas must
// not take them for zero then, which would scale the target in.
func TestRefreshBeforeTheFirstEvaluation(t *testing.T) {
	w, id := keeping(t, 8)
	if err := w.Refresh(t.Context(), id, "s0-redis-web"); err != nil {
		t.Fatal(err)
	}
	if answers, ok := w.Store.Answers(id); ok {
		t.Errorf("before anybody read the replicas, the HPA is told %+v", answers.Metrics)
	}
	w.look(t, id)
	if answer, _ := w.Store.Latest(id, "s0-redis-web"); answer.Value != 8*5 {
		t.Errorf("the HPA is told %+v, want the value for 8 replicas", answer)
	}
}

// TestNewPlanOfAnObjectThatBecomesActive: a new plan that meets an evaluation leaves
// the object with the interval of its activity.
func TestNewPlanOfAnObjectThatBecomesActive(t *testing.T) {
	w := newWorld(t)
	paced := &recordedPoller{Poller: w.Poller}
	w.Poller = paced
	o, id := one(t, w, nil)
	w.source.set(7, nil)
	w.ask(t, id)
	s, _ := w.subject(id).(*scaledObject)
	paced.before = func() {
		if s.mu.TryLock() { // a worker may come to the object now
			s.mu.Unlock()
			w.look(t, id)
		}
	}
	w.ScaleObject(w.plan(o))
	w.look(t, id)
	if paced.interval != w.HPAPeriod {
		t.Errorf("an active object is polled every %s, want %s", paced.interval, w.HPAPeriod)
	}
}

// TestPanic: a bug costs one evaluation, and its value, which may be anything, is
// not told.
func TestPanic(t *testing.T) {
	w := newWorld(t)
	_, err := w.evaluate(context.Background(), sample.Object{Kind: "ScaledObject", Name: "web"}, panicking{})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a panic became %v", err)
	}
}

// TestPanicDuringRefresh: what a metrics adapter asks for ends the process as little as
// what a poll brings.
func TestPanicDuringRefresh(t *testing.T) {
	w := newWorld(t)
	_, id := one(t, w, nil)
	poller := w.Poller
	w.Poller = panickingPoller{poller}
	if err := w.Refresh(t.Context(), id, "s0-redis-web"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a panic became %v", err)
	}
	w.Poller = poller
	w.look(t, id) // nobody holds the object
}

type panickingPoller struct{ Poller }

func (panickingPoller) Latest(string, string) (sample.Sample, bool) { panic("hunter2") }

type panicking struct{}

func (panicking) evaluate(context.Context) (time.Time, error) { panic("hunter2") }
func (panicking) stop()                                       {}

// TestExpect: the answers are complete once every object that exists was
// published or stopped, whichever came first.
func TestExpect(t *testing.T) {
	w := newWorld(t)
	_, early := one(t, w, nil)
	late := sample.Object{Kind: "ScaledObject", Namespace: "default", Name: "late"}
	sub := w.Store.Subscribe()
	defer sub.Close()
	complete := func() bool {
		t.Helper()
		batch, err := sub.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return batch.Complete
	}
	w.Expect([]sample.Object{early, late})
	if complete() {
		t.Error("complete although one object is missing")
	}
	w.Stop(late)
	if !complete() {
		t.Error("not complete although no object is missing")
	}
}

// TestResourceTriggersAreLookedAtAgain: without a source that is polled, time brings the object
// back.
func TestResourceTriggersAreLookedAtAgain(t *testing.T) {
	w := newWorld(t)
	o := object("web", func(o *v1alpha1.ScaledObject) { o.Spec.MinReplicaCount = new(int32(2)) })
	plan := w.plan(o)
	plan.Triggers = nil
	w.ScaleObject(plan)
	if again := w.look(t, scaledObjectID(o)); !again.Equal(w.clock.Now().Add(o.PollInterval())) {
		t.Errorf("it is looked at again at %s", again)
	}
}
