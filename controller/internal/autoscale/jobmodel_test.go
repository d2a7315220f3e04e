// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/observe"
)

// settle ends all faults. In the end every message has had a Job, unless the
// strategy leaves some alone, and as many Jobs run as always should.
func (h *history) settle() {
	h.calm = true
	for range 40 + 8*h.arrived {
		h.clock.Step(time.Minute)
		h.late, h.reads = nil, map[string]reading{}
		h.leader.view.showAll(h.cluster)
		h.pollAll()
		h.evaluate()
		h.leader.view.showAll(h.cluster)
		h.pollAll()
		h.evaluate() // once more, for what a rollout or a spent sample has held up
		if got := len(h.cluster.unfinished()); got < h.least() {
			h.Fatalf("%d Jobs run, %d always should", got, h.least())
		}
		if h.quiet() {
			return
		}
		h.work()
	}
	h.Fatalf("of %d messages %d were worked on, %+v are left", h.arrived, h.cluster.worked, h.cluster.queues)
}

// work lets all Jobs go on: those that have a message are done with it, and all
// others take one or end.
func (h *history) work() {
	for _, name := range h.cluster.names() {
		if j := h.cluster.jobs[name]; j.job.DeletionTimestamp != nil {
			h.cluster.remove(name, metav1.DeletePropagationBackground)
			continue
		}
		h.finish(name, batchv1.JobComplete)
		h.cluster.start(name)
		h.cluster.take(name)
	}
}

// quiet says that nothing is left to do: every queue is inactive or, with strategy
// custom, what is left is what its deduction leaves alone.
func (h *history) quiet() bool {
	var left []measured
	active := false
	for i, q := range h.cluster.queues {
		m := measured{length: float64(q.waiting), target: h.targets[i], activation: h.activations[i]}
		left, active = append(left, m), active || m.active()
		if q.taken > 0 {
			return false
		}
	}
	return !active || h.strategy == "custom" && h.room() > 0 && h.fromQueue(left, 0, 0) == 0
}

func (h *history) close() {
	for _, p := range h.processes {
		p.queue.ShutDown()
	}
}

// TestNeverMoreJobsThanTheFormula plays thousands of histories against the engine and
// compares each decision with the documented formulas. Requests and answers get lost
// or late, lists and polls fail, caches are behind, Jobs start slowly, crash and are
// deleted, the spec changes, and leaders change in the middle of a creation. No
// decision leads to more Jobs than its formula allows, and with nothing in the way to
// exactly as many; there are never more than maxReplicaCount; and once the faults end
// every message gets its Job and minReplicaCount is kept.
//
// Covers: field ScaledJob.spec.scalingStrategy.strategy; field ScaledJob.spec.scalingStrategy.multipleScalersCalculation; field ScaledJob.spec.scalingStrategy.customScalingQueueLengthDeduction; field ScaledJob.spec.scalingStrategy.customScalingRunningJobPercentage; field ScaledJob.spec.scalingStrategy.pendingPodConditions
// Differs: Jobs
// KEDA: Counts the Jobs that its cache shows, so that a cache that is behind, a lost answer or a change of leader starts Jobs twice, and two leaders name their Jobs differently.
// Here: Creations count from the moment of the request, lists are live where the cache cannot be trusted, and Jobs are numbered, so that two leaders cannot both create the next one.
// Why: One message must not start two Jobs.
// Old: not available
// Differs: Jobs
// KEDA: Strategy custom looks at running Jobs only through its percentage, so that maxReplicaCount can be exceeded.
// Here: No strategy exceeds maxReplicaCount.
// Why: It is what the field says.
// Old: raise maxReplicaCount
func TestNeverMoreJobsThanTheFormula(t *testing.T) {
	metrics := observe.New(prometheus.NewRegistry(), "", "")
	histories(t, 3000, func(t *rapid.T) {
		h := newHistory(t, metrics)
		defer h.close()
		t.Repeat(h.actions())
		h.settle()
	})
}

// histories checks a property more often than is the default; the flag wins.
func histories(t *testing.T, n int, property func(*rapid.T)) {
	t.Helper()
	checks := flag.Lookup("rapid.checks")
	if before := checks.Value.String(); before == checks.DefValue {
		if err := checks.Value.Set(fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = checks.Value.Set(before) }()
	}
	rapid.Check(t, property)
}
