// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

func quantity(text string) *resource.Quantity { return new(resource.MustParse(text)) }

// forbidden is what an API server says to somebody without rights.
func forbidden(request *http.Request) *http.Response {
	body := `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no right to do this","reason":"Forbidden","code":403}`
	response := unavailable(request)
	response.StatusCode, response.Status = http.StatusForbidden, "403 Forbidden"
	response.Body = io.NopCloser(bytes.NewBufferString(body))
	return response
}

// TestRefusedWritesAreToldOnce: what the API server will not let us do is an event,
// once and not at each attempt, and goes on when it lets us.
//
// Covers: event ScaledObjectUpdateFailed; event ScaledJobUpdateFailed; event KEDAScaleTargetActivationFailed; event KEDAScaleTargetDeactivationFailed
// Covers: event KEDAJobCreateFailed; event ScaledJobRolloutCleanupFailed; condition ScaledObject/Ready/ErrorGettingCurrentReplicas
//
// Differs: Events
// KEDA: A failed write of the scale is an event at each poll.
// Here: It is one event until the reason changes or a write goes through.
// Why: A hundred equal events hide the others, and the API server drops events of who sends too many.
// Old: not available
func TestRefusedWritesAreToldOnce(t *testing.T) {
	e := newOwnEnv(t)
	_, wire := e.lead("only", nil)
	var refuse atomic.Pointer[func(*http.Request) bool]
	refused := func(what func(method, path string) bool) {
		f := func(r *http.Request) bool { return what(r.Method, r.URL.Path) }
		refuse.Store(&f)
	}
	refused(func(string, string) bool { return false })
	wire.meddleWith(func(request *http.Request, ask func() (*http.Response, error)) (*http.Response, error) {
		if (*refuse.Load())(request) {
			return forbidden(request), nil
		}
		return ask()
	})
	warned := func(object, reason string, words ...string) {
		t.Helper()
		if ev := e.event(object, reason, append(words, "no right to do this")...); ev.Type != corev1.EventTypeWarning {
			t.Errorf("%s is %s", reason, ev.Type)
		}
	}
	e.apply(deployment("web", 0), e.redisObject("web", ""), e.redisJob("work", longRunning, ""), widget("thing"), e.widgetObject("thing"))
	e.isReady("web")
	e.isReady("thing")
	e.condition(scaledJob("work"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonScaledJobReady)

	refused(func(method, path string) bool { return method == http.MethodPatch && strings.HasSuffix(path, "/scale") })
	e.redis.Push(e.list("web"), 1)
	warned("web", v1alpha1.EventScaleTargetActivationFailed, "from 0 to 1")
	e.polled(3)
	if got := e.eventsOf("web", v1alpha1.EventScaleTargetActivationFailed); len(got) != 1 || got[0].Series != nil {
		t.Errorf("one reason was told %d times", len(got))
	}
	refused(func(string, string) bool { return false })
	e.scaled("web", 1)
	refused(func(method, path string) bool { return method == http.MethodPatch && strings.HasSuffix(path, "/scale") })
	e.redis.Do("DEL", e.list("web"))
	warned("web", v1alpha1.EventScaleTargetDeactivationFailed, "from 1 to 0")

	refused(func(method, path string) bool {
		return method == http.MethodPatch && strings.HasSuffix(path, "/status") || method == http.MethodPost && strings.HasSuffix(path, "/jobs")
	})
	e.redis.Push(e.list("web"), 1)
	e.redis.Push(e.list("work"), 1)
	warned("web", v1alpha1.EventScaledObjectUpdateFailed, "status")
	warned("work", v1alpha1.EventScaledJobUpdateFailed, "status")
	warned("work", v1alpha1.EventJobCreateFailed)

	refused(func(method, path string) bool {
		return method == http.MethodGet && strings.HasSuffix(path, "/thing/scale") || method == http.MethodDelete && strings.Contains(path, "/jobs/")
	})
	e.condition(scaledObject("thing"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonErrorGettingCurrentReplicas, "no right to do this")
	e.running(1)
	e.apply(e.redisJob("work", longRunning+`, changed: "yes"`, ""))
	warned("work", v1alpha1.EventScaledJobRolloutCleanupFailed)

	refused(func(string, string) bool { return false })
	e.isReady("web")
	e.isReady("thing")
}

func widget(name string) string {
	return fmt.Sprintf("\n{apiVersion: example.test/v1, kind: Widget, metadata: {name: %s}, spec: {replicas: 1}}\n", name)
}

// widgetObject is a ScaledObject of a Widget of the same name.
func (e *env) widgetObject(name string) string {
	return strings.Replace(e.redisObject(name, ""), "scaleTargetRef: {name: "+name+"}", "scaleTargetRef: {apiVersion: example.test/v1, kind: Widget, name: "+name+"}", 1)
}
