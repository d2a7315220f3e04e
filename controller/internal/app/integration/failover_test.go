// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/app"
	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
)

// leads waits until a controller holds the Lease.
func (e *env) leads(name string) {
	e.Helper()
	e.eventually(name+" leads", func() error {
		var lease coordinationv1.Lease
		e.get(&lease, manifests.LeaseName)
		if lease.Spec.HolderIdentity == nil || !strings.HasPrefix(*lease.Spec.HolderIdentity, name+"_") {
			return fmt.Errorf("the holder is %v", lease.Spec.HolderIdentity)
		}
		return nil
	})
}

// TestKilledWhileCreatingJobs kills the leader in the middle of a burst, once
// before and once after the API server has heard of the Job that was in flight.
// The one that stands by makes the rest, and not one more.
func TestKilledWhileCreatingJobs(t *testing.T) {
	for name, lost := range map[string]bool{"RequestLost": true, "AnswerLost": false} {
		t.Run(name, func(t *testing.T) {
			e := newOwnEnv(t)
			first, wire := e.lead("first", nil)
			e.leads("first")
			e.lead("second", nil)
			var created atomic.Int32
			died := make(chan struct{})
			wire.meddleWith(func(request *http.Request, ask func() (*http.Response, error)) (*http.Response, error) {
				if request.Method != http.MethodPost || !strings.HasSuffix(request.URL.Path, "/jobs") || created.Add(1) != 4 {
					return ask()
				}
				wire.kill()
				defer close(died)
				if !lost {
					if response, err := ask(); err == nil {
						response.Body.Close()
					}
				}
				return nil, errDead
			})
			e.redis.Push(e.list("work"), 9)
			e.apply(e.redisJob("work", longRunning, "maxReplicaCount: 12"))
			<-died
			first.stop()
			e.leads("second")
			e.running(9)
			if n := len(e.jobs()); n != 9 {
				t.Errorf("%d Jobs were made for 9 elements", n)
			}
		})
	}
}

// TestKilledLeader: no read of a metric fails once there is a sample, and nothing
// that happens while nobody leads is lost.
func TestKilledLeader(t *testing.T) {
	e := newOwnEnv(t)
	first, wire := e.lead("first", nil)
	e.leads("first")
	e.lead("second", nil)
	follower := e.followLeader(e.ns)
	e.apply(deployment("web", 0), e.redisObject("web", ""), deployment("late", 0), e.redisObject("late", ""))
	metric := e.isReady("web").Status.ExternalMetricNames[0]
	e.isReady("late")
	e.redis.Push(e.list("web"), 3)
	e.answers(follower, "web", metric, 3)

	reads, stop := make(chan error, 1), make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				close(reads)
				return
			default:
			}
			if answer, err := follower.Latest(e.ns, "web", metric); err != nil || answer.Error != "" {
				reads <- fmt.Errorf("a read failed: %+v, %w", answer, err)
				close(reads)
				return
			}
		}
	}()
	wire.kill()
	first.stop()
	e.redis.Push(e.list("late"), 1)
	e.redis.Push(e.list("web"), 2)
	e.leads("second")
	e.scaled("late", 1)
	e.answers(follower, "web", metric, 5)
	close(stop)
	if err := <-reads; err != nil {
		t.Error(err)
	}
	if got := e.replicas("web"); got != 1 {
		t.Errorf("the active target has %d replicas", got)
	}
}

// TestRestart: a controller that ends in order hands over at once, and the next
// one knows what the status says: a cooldown goes on, nothing is told twice.
func TestRestart(t *testing.T) {
	e := newOwnEnv(t)
	first, _ := e.lead("first", nil)
	e.apply(deployment("web", 0), e.redisObject("web", "cooldownPeriod: 300"))
	so := e.isReady("web")
	e.redis.Push(e.list("web"), 1)
	e.scaled("web", 1)
	e.redis.Do("DEL", e.list("web"))
	e.condition(so, v1alpha1.ConditionActive, metav1.ConditionFalse, v1alpha1.ReasonScalerCooldown)
	e.condition(so, v1alpha1.ConditionHPAActive, metav1.ConditionFalse, "FailedGetExternalMetric")
	before := e.so("web")
	first.stop()
	_, wire := e.lead("second", nil)
	e.leads("second")
	e.polled(3)
	if got := e.replicas("web"); got != 1 {
		t.Errorf("the cooldown ended with the controller: %d replicas", got)
	}
	if now := e.so("web"); now.ResourceVersion != before.ResourceVersion {
		t.Errorf("a restart wrote the object: %v\nthen %v\nby %q", before.Status, now.Status, wire.writes())
	}
	if n := len(e.eventsOf("web", v1alpha1.EventScaledObjectReady)); n != 1 {
		t.Errorf("being Ready was told %d times", n)
	}
}

// TestJobListFails: Jobs that cannot be listed are not no Jobs.
func TestJobListFails(t *testing.T) {
	e := newOwnEnv(t)
	first, _ := e.lead("first", nil)
	e.redis.Push(e.list("work"), 3)
	e.apply(e.redisJob("work", longRunning, "maxReplicaCount: 10"))
	e.running(3)
	first.stop()
	var failed atomic.Int32
	var heal atomic.Bool
	e.lead("second", func(o *app.Options) {
		w := &wire{}
		w.meddleWith(func(request *http.Request, ask func() (*http.Response, error)) (*http.Response, error) {
			// The informer selects by the label's presence, the engine by its value.
			if !heal.Load() && strings.HasSuffix(request.URL.Path, "/jobs") && strings.Contains(request.URL.Query().Get("labelSelector"), "=work") {
				failed.Add(1)
				return unavailable(request), nil
			}
			return ask()
		})
		o.Config.WrapTransport = w.wrap
	})
	e.redis.Push(e.list("work"), 2)
	e.eventually("the list failed often", func() error {
		if n := failed.Load(); n < 4 {
			return fmt.Errorf("%d times", n)
		}
		return nil
	})
	if n := len(e.jobs()); n != 3 {
		t.Errorf("%d Jobs were made while the list failed", n-3)
	}
	heal.Store(true)
	e.running(5)
	if n := len(e.jobs()); n != 5 {
		t.Errorf("%d Jobs, want 5", n)
	}
}

// TestTroubleWithTheAPIServer: what was decided before holds while the API server
// cannot be asked about a change.
func TestTroubleWithTheAPIServer(t *testing.T) {
	e := newOwnEnv(t)
	_, wire := e.lead("only", nil)
	follower := e.followLeader(e.ns)
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	metric := e.isReady("web").Status.ExternalMetricNames[0]
	var failed atomic.Int32
	wire.meddleWith(func(request *http.Request, ask func() (*http.Response, error)) (*http.Response, error) {
		if request.Method == http.MethodGet && strings.HasSuffix(request.URL.Path, "/scale") {
			failed.Add(1)
			return unavailable(request), nil
		}
		return ask()
	})
	e.annotate("web", "touched", "yes")
	e.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, "etcd is away")
	e.redis.Push(e.list("web"), 2)
	e.scaled("web", 1)
	e.answers(follower, "web", metric, 2)
	wire.meddleWith(nil)
	e.isReady("web")
}

// TestForeignJobsDoNotCount: a label makes nobody one of ours.
func TestForeignJobsDoNotCount(t *testing.T) {
	e := newOwnEnv(t)
	e.lead("only", nil)
	e.apply(`
apiVersion: batch/v1
kind: Job
metadata: {name: impostor, labels: {scaledjob.keda.sh/name: work}}
spec: {template: {metadata: {annotations: {` + longRunning + `}}, spec: {restartPolicy: Never, containers: [{name: main, image: none}]}}}
`)
	e.redis.Push(e.list("work"), 2)
	e.apply(e.redisJob("work", longRunning, "maxReplicaCount: 2"))
	e.running(3)
	e.get(&batchv1.Job{}, "impostor")
}
