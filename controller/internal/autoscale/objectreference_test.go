// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package autoscale

import (
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// executor says, by the documented rules alone and without package scale, what
// becomes of the replicas of a ScaledObject.
type executor struct {
	// The spec; idle is -1 without.
	minimum, maximum, idle int32
	cooldown, initial      time.Duration
	created                time.Time
	failsOver              bool
	fallback               v1alpha1.Fallback
	activations            []float64
	// The annotations.
	force, holdIn, holdOut bool
	// What has been.
	replicas   int32
	lastActive time.Time
	active     bool // as last reported
	ready      string
	failures   []int // in a row, by trigger
}

// glance is what the last poll said of one trigger.
type glance struct {
	value          float64
	failed, unread bool
}

// poll counts the failures of one poll.
func (x *executor) poll(triggers []glance) {
	for i, t := range triggers {
		x.failures[i]++
		if !t.failed {
			x.failures[i] = 0
		}
	}
}

// engaged says that the fallback answers for a trigger.
func (x *executor) engaged(i int) bool {
	return x.failsOver && x.failures[i] > int(x.fallback.FailureThreshold)
}

// fallbackReplicas is the number of replicas that the fallback asks for.
func (x *executor) fallbackReplicas() int32 {
	r, now := x.fallback.Replicas, x.replicas
	switch x.fallback.Behavior {
	case "currentReplicas":
		return now
	case "currentReplicasIfHigher":
		if now > r {
			return now
		}
	case "currentReplicasIfLower":
		if now < r {
			return now
		}
	}
	return r
}

// evaluate applies the rules and returns the reason of the Active condition; empty
// means that it stays as it was.
func (x *executor) evaluate(now time.Time, triggers []glance) (reason string) {
	active, lost, failing, unread := x.force, false, false, false
	for i, t := range triggers {
		switch {
		case t.unread:
			unread = true
		case !t.failed:
			active = active || t.value > x.activations[i]
		case x.engaged(i):
			failing, active = true, active || x.fallbackReplicas() > 0
		default:
			failing, lost = true, true
		}
	}
	x.judge(failing, lost, unread, active)
	switch {
	case active:
		x.activate(now)
		return "ScalerActive"
	case unread:
		return ""
	case lost:
		x.active = false
		return "ScalerNotActive"
	}
	x.active = false
	return x.deactivate(now)
}

// judge is the rule for Ready. A fallback that is not engaged yet leaves it alone.
func (x *executor) judge(failing, lost, unread, active bool) {
	switch {
	case !failing && !unread:
		x.ready = "True"
	case failing && (active || !lost):
		x.ready = "Unknown"
	case failing && !x.failsOver:
		x.ready = "False"
	}
}

// activate: at least one replica, and minReplicaCount.
func (x *executor) activate(now time.Time) {
	up := max(1, x.minimum)
	if x.replicas < up && !x.holdOut {
		x.replicas = up
	}
	x.lastActive, x.active = now, true
}

// deactivate: to idleReplicaCount, or to zero without minReplicaCount, at once from
// any count, when the cooldown is over; else at least minReplicaCount.
func (x *executor) deactivate(now time.Time) (reason string) {
	rest := int32(0)
	if x.idle >= 0 {
		rest = x.idle
	}
	if (x.idle >= 0 || x.minimum == 0) && x.replicas > rest {
		since, period := x.lastActive, x.cooldown
		if since.IsZero() {
			since, period = x.created, x.initial
		}
		switch {
		case x.holdIn:
		case now.Sub(since) < period:
			return "ScalerCooldown"
		default:
			x.replicas = rest
		}
		return "ScalerNotActive"
	}
	if x.idle < 0 && x.replicas < x.minimum && !x.holdOut {
		x.replicas = x.minimum
	}
	return "ScalerNotActive"
}
