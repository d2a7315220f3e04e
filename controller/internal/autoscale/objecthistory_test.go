// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	testclock "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/actuate"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/report"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/sample"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/workload"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// life is that of one ScaledObject under a real engine, beside what the documented
// rules say.
type life struct {
	*rapid.T
	*Engine
	clock   *testclock.FakeClock
	metrics *observe.Metrics
	samples *samples
	object  *v1alpha1.ScaledObject
	want    executor
	last    []glance
	target  *target
	ended   []*Engine
}

// target is the API server's part: one Deployment.
type target struct {
	client.Client
	replicas   int32
	unreadable bool
	overtaken  bool // somebody else writes just before the engine does
}

func (w *target) Get(_ context.Context, _ client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	d, ok := o.(*appsv1.Deployment)
	if !ok || w.unreadable {
		return errors.New("cannot be read")
	}
	d.Spec.Replicas = new(w.replicas)
	return nil
}

func (w *target) Status() client.SubResourceWriter { return scaleOf{of: w} }

func (w *target) SubResource(string) client.SubResourceClient { return scaleOf{of: w, scale: true} }

// scaleOf is a subresource of the Deployment, or a status that nobody looks at.
type scaleOf struct {
	client.SubResourceClient
	of    *target
	scale bool
}

func (s scaleOf) Patch(_ context.Context, o client.Object, patch client.Patch, _ ...client.SubResourcePatchOption) error {
	if !s.scale {
		return nil
	}
	data, err := patch.Data(o)
	if err != nil {
		return err
	}
	var steps []struct{ Value *int32 }
	if err := json.Unmarshal(data, &steps); err != nil {
		return err
	}
	if s.of.overtaken {
		s.of.replicas++
	}
	if from := steps[0].Value; from == nil && s.of.replicas != 0 || from != nil && *from != s.of.replicas {
		return apierrors.NewInvalid(schema.GroupKind{}, "web", nil)
	}
	s.of.replicas = *steps[1].Value
	return nil
}

func seconds(t *rapid.T, what string) int32 { return rapid.Int32Range(0, 20).Draw(t, what) }

func newLife(t *rapid.T, metrics *observe.Metrics) *life {
	l := &life{T: t, clock: testclock.NewFakeClock(start), metrics: metrics, target: &target{}}
	x := &l.want
	x.created, x.replicas = start, rapid.Int32Range(0, 4).Draw(t, "replicas")
	x.minimum = rapid.Int32Range(0, 2).Draw(t, "min")
	x.maximum = x.minimum + rapid.Int32Range(1, 4).Draw(t, "max")
	x.idle = rapid.Int32Range(-1, x.minimum-1).Draw(t, "idle")
	cooldown, initial := seconds(t, "cooldown"), seconds(t, "initial cooldown")
	x.cooldown, x.initial = time.Duration(cooldown)*time.Second, time.Duration(initial)*time.Second
	if x.failsOver = rapid.Bool().Draw(t, "has fallback"); x.failsOver {
		x.fallback = v1alpha1.Fallback{
			FailureThreshold: rapid.Int32Range(0, 2).Draw(t, "threshold"), Replicas: rapid.Int32Range(0, 3).Draw(t, "fallback"),
			Behavior: rapid.SampledFrom([]v1alpha1.FallbackBehavior{"", "static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"}).Draw(t, "behavior"),
		}
	}
	for range rapid.IntRange(1, 3).Draw(t, "triggers") {
		x.activations = append(x.activations, float64(rapid.IntRange(0, 2).Draw(t, "activation")))
		x.failures = append(x.failures, 0)
		l.last = append(l.last, glance{unread: true})
	}
	l.target.replicas = x.replicas
	l.object = object("web", func(o *v1alpha1.ScaledObject) {
		o.CreationTimestamp = metav1.NewTime(start)
		o.Spec.MinReplicaCount, o.Spec.MaxReplicaCount = &x.minimum, &x.maximum
		o.Spec.CooldownPeriod, o.Spec.InitialCooldownPeriod = &cooldown, &initial
		if x.failsOver {
			o.Spec.Fallback = &x.fallback
		}
		if x.idle >= 0 {
			o.Spec.IdleReplicaCount = &x.idle
		}
	})
	l.begin()
	return l
}

// begin starts a process.
func (l *life) begin() {
	l.samples = &samples{latest: map[string]sample.Sample{}}
	l.Engine = New(Options{
		Poller: l.samples, Store: sample.NewStore(), Workloads: &workload.Reader{Cache: l.target, Live: l.target},
		Actuator: &actuate.Actuator{Client: l.target}, Cache: l.target, Live: l.target,
		ScaledObjects: report.NewScaledObjects(l.target, &recorder{}, l.clock), ScaledJobs: report.NewScaledJobs(l.target, &recorder{}, l.clock),
		Metrics: l.metrics, Clock: l.clock, Log: logr.Discard(),
	})
	l.ended = append(l.ended, l.Engine)
	l.ScaleObject(l.plan())
}

func (l *life) plan() *ScaledObjectPlan {
	plan := &ScaledObjectPlan{
		Object: l.object, Target: workload.Ref{Namespace: "default", Name: "web", GVK: appsv1.SchemeGroupVersion.WithKind("Deployment"), Resource: "deployments"},
	}
	for i, activation := range l.want.activations {
		plan.Triggers = append(plan.Triggers, Trigger{
			Index: i, Type: "redis", MetricType: "AverageValue",
			Metrics: []Metric{{Metric: trigger.Metric{Target: 2.5, Activation: activation}, FullName: fmt.Sprint("s", i)}},
			Binding: &scaler.Binding{Server: "fake", Query: scaler.Query{Key: queueName(i)}},
		})
	}
	return plan
}

// restart begins a process that knows only what the status says. An object that was
// active counts as active until now.
func (l *life) restart() {
	l.object = l.object.DeepCopy()
	l.object.Status = l.ScaledObjects.Read(l.object)
	if l.begin(); l.want.active {
		l.want.lastActive = l.clock.Now()
	}
	for i := range l.last {
		l.last[i] = glance{unread: true}
	}
}

// annotate changes what the annotations say.
func (l *life) annotate() {
	flag := func(name string) bool { return rapid.IntRange(0, 2).Draw(l.T, name) == 0 }
	x := &l.want
	x.force, x.holdIn, x.holdOut = flag("force"), flag("hold in"), flag("hold out")
	l.object = l.object.DeepCopy()
	l.object.Annotations = map[string]string{
		v1alpha1.AnnotationForceActivation: fmt.Sprint(x.force),
		v1alpha1.AnnotationPausedScaleIn:   fmt.Sprint(x.holdIn), v1alpha1.AnnotationPausedScaleOut: fmt.Sprint(x.holdOut),
	}
	l.ScaleObject(l.plan())
}

// poll asks all triggers.
func (l *life) poll() {
	for i := range l.last {
		l.last[i] = glance{value: float64(rapid.IntRange(0, 3).Draw(l.T, "value")), failed: rapid.IntRange(0, 3).Draw(l.T, "failed") == 0}
		var err error
		if l.last[i].failed {
			err = errors.New("no answer")
		}
		l.samples.answer(queueName(i), reading{began: l.clock.Now(), length: l.last[i].value}, l.clock.Now(), err)
	}
	l.evaluate()
	l.want.poll(l.last)
	l.decide()
}

// evaluate lets the engine look at the object.
func (l *life) evaluate() {
	id := scaledObjectID(l.object)
	if _, err := l.subject(id).evaluate(context.Background()); err != nil && !l.target.unreadable {
		l.Fatalf("%v", err)
	}
}

// decide compares with what the rules say.
func (l *life) decide() {
	before := l.want
	wantReplicas := before.replicas
	reason := l.want.evaluate(l.clock.Now(), l.last)
	if l.target.overtaken && l.want.replicas != wantReplicas {
		l.want.replicas = wantReplicas + 1 // what somebody else wrote stays
	}
	status := l.ScaledObjects.Read(l.object)
	if l.target.replicas != l.want.replicas {
		l.Fatalf("%d replicas became %d, want %d (%+v, %+v)", before.replicas, l.target.replicas, l.want.replicas, l.last, before)
	}
	if got := status.Conditions.Get(v1alpha1.ConditionActive); reason != "" && got.Reason != reason {
		l.Fatalf("Active is %s (%s), want %s", got.Reason, got.Message, reason)
	}
	if got := status.Conditions.Get(v1alpha1.ConditionReady); l.want.ready != "" && string(got.Status) != l.want.ready {
		l.Fatalf("Ready is %s (%s), want %s", got.Status, got.Message, l.want.ready)
	}
	l.compareAnswers(before.replicas)
}

// compareAnswers: in fallback the HPA is told the target times the replicas.
func (l *life) compareAnswers(replicas int32) {
	published, ok := l.Store.Answers(scaledObjectID(l.object))
	if !ok {
		return
	}
	for i, t := range l.last {
		got, there := published.Metric(fmt.Sprint("s", i))
		if t.unread || !there {
			continue
		}
		want := t.value
		x := l.want
		x.replicas = replicas
		switch {
		case t.failed && x.engaged(i):
			want = 2.5 * float64(x.fallbackReplicas())
		case t.failed:
			want = 0
		}
		if got.Value != want || (got.Error != "") != (t.failed && !x.engaged(i)) {
			l.Fatalf("the answer to s%d is %+v, want %v", i, got, want)
		}
	}
}

func (l *life) actions() map[string]func(*rapid.T) {
	trouble := func(flag *bool, act func()) {
		*flag = true
		act()
		*flag = false
	}
	return map[string]func(*rapid.T){
		"poll":        func(*rapid.T) { l.poll() },
		"poll again":  func(*rapid.T) { l.poll() },
		"look again":  func(*rapid.T) { l.evaluate(); l.decide() },
		"time passes": func(t *rapid.T) { l.clock.Step(time.Duration(rapid.IntRange(1, 9).Draw(t, "seconds")) * time.Second) },
		"somebody scales": func(t *rapid.T) {
			l.want.replicas = rapid.Int32Range(0, 6).Draw(t, "replicas")
			l.target.replicas = l.want.replicas
		},
		"annotate":           func(*rapid.T) { l.annotate() },
		"restart":            func(*rapid.T) { l.restart() },
		"somebody is faster": func(*rapid.T) { trouble(&l.target.overtaken, func() { l.evaluate(); l.decide() }) },
		"replicas are unreadable": func(*rapid.T) {
			trouble(&l.target.unreadable, l.evaluate)
			if l.target.replicas != l.want.replicas {
				l.Fatalf("%d replicas were written blindly", l.target.replicas)
			}
			l.want.ready = "False"
			l.evaluate()
			l.decide()
		},
	}
}

// TestReplicasFollowTheRules plays thousands of lives of ScaledObjects: triggers that
// are active, inactive and failing, cooldowns, idle and minimum counts, annotations,
// fallbacks, people who scale by hand, and restarts that lose all but the status.
//
// Covers: field ScaledObject.spec.cooldownPeriod; field ScaledObject.spec.initialCooldownPeriod; field ScaledObject.spec.idleReplicaCount; field ScaledObject.spec.minReplicaCount; field ScaledObject.status.lastActiveTime
// Covers: annotation autoscaling.keda.sh/paused-scale-in; annotation autoscaling.keda.sh/paused-scale-out; annotation autoscaling.keda.sh/force-activation; field ScaledObject.spec.fallback.behavior
// Differs: Scaling
// KEDA: While one trigger is active and another one fails, lastActiveTime stands still, so that the target may go to zero at once when the active one ends.
// Here: An active object is active, and its cooldown begins when it ends.
// Why: A cooldown must not depend on the health of another trigger.
// Old: not available
// Differs: Fallback
// KEDA: With fallback.replicas 0 the first error lets an inactive target go to zero, before failureThreshold is reached.
// Here: Replicas are kept until failureThreshold is exceeded.
// Why: failureThreshold says how many failures are tolerated.
// Old: set failureThreshold to 0
// Kept: Scaling
// KEDA: An inactive target goes to zero, or to idleReplicaCount, from any count at once, whatever the scaleDown behavior of its HPA says.
// Why: The HPA cannot go there, and the cooldown is the policy for it.
// Kept: Scaling
// KEDA: initialCooldownPeriod counts only until the object was active for the first time.
// Why: It protects a fresh workload; from then on cooldownPeriod does.
// Kept: Scaling
// KEDA: An idleReplicaCount other than 0 does not last, because the HPA lifts any count between 1 and minReplicaCount.
// Why: The HPA's minimum cannot be lower than minReplicaCount; use 0.
// Kept: Scaling
// KEDA: The annotation force-activation counts as activity: it also begins the cooldown anew.
// Why: Removing it is meant to end like a queue that runs empty.
func TestReplicasFollowTheRules(t *testing.T) {
	metrics := observe.New(prometheus.NewRegistry(), "", "")
	histories(t, 2000, func(t *rapid.T) {
		l := newLife(t, metrics)
		defer func() {
			for _, e := range l.ended {
				e.queue.ShutDown()
			}
		}()
		t.Repeat(l.actions())
	})
}
