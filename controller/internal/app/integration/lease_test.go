// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/app"
	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
)

// TestForceDeletedLeader deletes the leader's pod by force: the Lease, which nobody
// renews or releases, is good for an hour, and the one that stands by does not wait
// for that. While the pod is there, it does.
//
// Differs: Installation
// KEDA: After a leader that could not say goodbye nothing is scaled from zero until its Lease has expired, 15 s by default.
// Here: A replica that stands by takes the Lease as soon as the holder has missed two renewals and its pod does not exist any more.
// Why: Who deletes a pod by force says that nothing of it runs, and activations should not wait.
// Old: not available
func TestForceDeletedLeader(t *testing.T) {
	e := newOwnEnv(t)
	patient := func(o *app.Options) { o.LeaseDuration, o.RenewDeadline = time.Hour, 50*time.Minute }
	for _, name := range []string{"first", "second"} { // nobody runs them, so they are there until they are deleted
		pod := fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: %s}, spec: {schedulerName: nobody, containers: [{name: main, image: none}]}}`, name)
		e.eventually("the pod "+name, func() error { return e.tryApply(pod) }) // once its service account is there
	}
	first, wire := e.lead("first", patient)
	e.leads("first")
	var asked atomic.Int32
	e.lead("second", func(o *app.Options) {
		patient(o)
		o.Config = rest.CopyConfig(o.Config)
		o.Config.WrapTransport = func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(request *http.Request) (*http.Response, error) {
				if strings.HasSuffix(request.URL.Path, "/pods/first") {
					asked.Add(1)
				}
				return next.RoundTrip(request)
			})
		}
	})
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	e.isReady("web")
	wire.kill()
	first.stop()
	e.redis.Push(e.list("web"), 1)
	e.eventually("the second looks after the first", func() error {
		if n := asked.Load(); n < 4 {
			return fmt.Errorf("it looked %d times", n)
		}
		return nil
	})
	var lease coordinationv1.Lease
	e.get(&lease, manifests.LeaseName)
	if holder := *lease.Spec.HolderIdentity; !strings.HasPrefix(holder, "first_") {
		t.Errorf("the Lease of a pod that exists was taken: %s", holder)
	}
	e.delete(&corev1.Pod{}, "first")
	e.leads("second")
	e.scaled("web", 1)
}

// TestStandbyIsNotAskedForMetrics: a replica that stands by is ready, because it
// could lead at once, and metrics adapters still connect to the one that leads.
//
// Differs: Installation
// KEDA: Metrics servers connect to a Service that also selects the replica which stands by; it is ready and refuses the connection, so that reads of metrics fail with two replicas.
// Here: Metrics adapters find the leader by its Lease. Ready means able to lead.
// Why: A second replica is there for reads that never fail.
// Old: not available
func TestStandbyIsNotAskedForMetrics(t *testing.T) {
	e := newOwnEnv(t)
	e.lead("leader", nil)
	e.leads("leader")
	standby, _ := e.lead("standby", nil)
	if err := probe(t.Context(), standby.HealthAddress, "/readyz"); err != nil {
		t.Errorf("the one that stands by: %v", err)
	}
	e.redis.Push(e.list("web"), 3)
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	metric := e.isReady("web").Status.ExternalMetricNames[0]
	for range 5 { // adapters that start at any time
		e.answers(e.followLeader(e.ns), "web", metric, 3)
	}
}

// TestProbesBeforeTheInstallationIsComplete: a controller that waits for its custom
// resource definitions is alive and not ready.
func TestProbesBeforeTheInstallationIsComplete(t *testing.T) {
	e := newOwnEnv(t)
	var installed atomic.Bool
	ctl := startController(t, func(o *app.Options) {
		o.Namespace, o.WatchNamespaces = e.ns, []string{e.ns}
		o.Config = rest.CopyConfig(o.Config)
		o.Config.WrapTransport = func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(request *http.Request) (*http.Response, error) {
				if !installed.Load() && strings.Contains(request.URL.Path, "/apis/keda.sh") {
					return unavailable(request), nil
				}
				return next.RoundTrip(request)
			})
		}
	})
	e.eventually("it is alive", func() error { return probe(t.Context(), ctl.HealthAddress, "/healthz") })
	if err := probe(t.Context(), ctl.HealthAddress, "/readyz"); err == nil {
		t.Error("it is ready without its kinds")
	}
	installed.Store(true)
	ctl.ready(t)
}

// TestOneWriteOfTheHPAForEachChange: whatever an update of a ScaledObject changes,
// its HPA is written once, and not at all where it does not concern it.
//
// Differs: HPA
// KEDA: An update of a ScaledObject writes the HPA up to three times, for spec, labels and annotations.
// Here: It is written once.
// Why: Each write wakes everything that watches HPAs.
// Old: not available
func TestOneWriteOfTheHPAForEachChange(t *testing.T) {
	e := newOwnEnv(t)
	_, wire := e.lead("only", nil)
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	e.isReady("web")
	writes := func() (n int) {
		for _, request := range wire.writes() {
			if strings.Contains(request, "/horizontalpodautoscalers") {
				n++
			}
		}
		return n
	}
	if n := writes(); n != 1 {
		t.Errorf("%d writes made the HPA", n)
	}
	e.patch(&v1alpha1.ScaledObject{}, "web", `{"metadata":{"labels":{"team":"shop"},"annotations":{"note":"x"}},"spec":{"maxReplicaCount":9,"advanced":{"horizontalPodAutoscalerConfig":{"behavior":{"scaleDown":{"stabilizationWindowSeconds":7}}}}}}`)
	e.isReady("web")
	e.patch(&v1alpha1.ScaledObject{}, "web", `{"spec":{"cooldownPeriod":77}}`)
	e.isReady("web")
	if h := e.hpa("keda-hpa-web"); h.Spec.MaxReplicas != 9 || h.Labels["team"] != "shop" || h.Annotations["note"] != "x" || *h.Spec.Behavior.ScaleDown.StabilizationWindowSeconds != 7 {
		t.Errorf("the HPA is %+v", h)
	}
	if n := writes() - 1; n != 1 {
		t.Errorf("a change was written %d times", n)
	}
}
