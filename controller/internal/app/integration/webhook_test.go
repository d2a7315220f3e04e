// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/app"
	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
)

// warnings keeps what the API server warns of.
type warnings struct {
	mu   sync.Mutex
	text []string
}

// HandleWarningHeader implements rest.WarningHandler.
func (w *warnings) HandleWarningHeader(_ int, _ string, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, text)
}

func (w *warnings) has(words string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.text, func(text string) bool { return strings.Contains(text, words) })
}

// admit tells the API server to ask the controller's webhook about the namespace.
func admit(e *env, port int32) {
	e.Helper()
	e.apply(fmt.Sprintf("{apiVersion: v1, kind: Service, metadata: {name: %s}, spec: {type: ExternalName, externalName: localhost, ports: [{port: %d}]}}",
		manifests.WebhookServiceName, port))
	config := &admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: manifests.WebhookName}}
	for _, kind := range []string{"scaledobject", "scaledjob", "triggerauthentication", "clustertriggerauthentication"} {
		hook := admissionregistrationv1.ValidatingWebhook{
			Name: kind + ".keda.sh", AdmissionReviewVersions: []string{"v1"},
			SideEffects: new(admissionregistrationv1.SideEffectClassNone), FailurePolicy: new(admissionregistrationv1.Fail),
			ClientConfig: admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{
				Namespace: e.ns, Name: manifests.WebhookServiceName, Port: &port, Path: new("/validate-keda-sh-v1alpha1-" + kind)}},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{"keda.sh"}, APIVersions: []string{"v1alpha1"}, Resources: []string{kind + "s"}},
			}},
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": e.ns}},
		}
		if strings.HasPrefix(kind, "cluster") {
			hook.NamespaceSelector = nil
			hook.ObjectSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"of": e.ns}}
		}
		config.Webhooks = append(config.Webhooks, hook)
	}
	if err := e.c.Create(e.Context(), config); err != nil {
		e.Fatal(err)
	}
	e.Cleanup(func() {
		if err := e.c.Delete(cleanupContext(), config); err != nil {
			e.Error(err)
		}
	})
	e.eventually("the API server trusts the webhook", func() error {
		err := e.tryApply(strings.Replace(e.redisObject("probe", "idleReplicaCount: 1"), "pollingInterval: 1", "pollingInterval: 7", 1))
		if err == nil {
			err = e.c.Delete(e.Context(), &v1alpha1.ScaledObject{ObjectMeta: metav1.ObjectMeta{Namespace: e.ns, Name: "probe"}})
			return fmt.Errorf("a bad object was let through (%w)", err)
		}
		if !strings.Contains(err.Error(), "denied the request") {
			return err
		}
		return nil
	})
}

// TestWebhook lets the API server ask about what users apply.
func TestWebhook(t *testing.T) {
	e := newOwnEnv(t)
	_, text, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	e.lead("only", func(o *app.Options) { o.WebhookPort = port })
	admit(e, int32(port))
	said := &warnings{}
	config, err := testCluster.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	config.WarningHandler = said
	if e.c, err = client.New(config, client.Options{Scheme: scheme()}); err != nil {
		t.Fatal(err)
	}

	refusedWith := func(manifest string, words ...string) {
		t.Helper()
		err := e.tryApply(manifest)
		for _, word := range append(words, "denied the request") {
			if err == nil || !strings.Contains(err.Error(), word) {
				t.Errorf("the answer was %v, want %q", err, word)
			}
		}
	}
	refusedWith(`
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: bad}
spec:
  scaleTargetRef: {name: bad}
  minReplicaCount: 2
  idleReplicaCount: 5
  triggers: [{type: redis, metadata: {address: nowhere, listLength: many}}, {type: cpu, metadata: {value: x}}]
`, "spec.idleReplicaCount (5)", "spec.triggers[0].metadata.listName", "spec.triggers[0].metadata.listLength", "spec.triggers[0].metadata.address", "spec.triggers[1].metricType")
	refusedWith(`{apiVersion: keda.sh/v1alpha1, kind: ScaledJob, metadata: {name: bad}, spec: {
		jobTargetRef: {template: {spec: {restartPolicy: Always, containers: [{name: a, image: b}]}}},
		triggers: [{type: redis, metadata: {address: "a:1"}}]}}`, "restartPolicy", "listName")
	identity := `spec: {podIdentity: {provider: aws, roleArn: "arn:aws:iam::1:role/a", identityOwner: workload}}`
	refusedWith(`{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: bad}, `+identity+`}`, "spec.podIdentity")
	refusedWith(`{apiVersion: keda.sh/v1alpha1, kind: ClusterTriggerAuthentication, metadata: {name: `+e.ns+`, labels: {of: `+e.ns+`}}, `+identity+`}`, "spec.podIdentity")

	t.Run("Rivals", func(t *testing.T) { testAdmissionOfRivals(e, refusedWith) })
	t.Run("Warnings", func(t *testing.T) { testAdmissionWarnings(e, said) })
	if got := e.metric("keda_webhook_scaled_object_validation_errors_total"); got < 2 {
		t.Errorf("%v refusals were counted", got)
	}
}

// testAdmissionOfRivals: who comes second is refused; who came first may change.
func testAdmissionOfRivals(e *env, refusedWith func(string, ...string)) {
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	e.isReady("web")
	refusedWith(e.redisObject("second", "scaleTargetRef: {name: web}"), "ScaledObject "+e.ns+"/web already scales")
	e.apply(deployment("other", 0), foreignHPA("legacy", "other"))
	e.eventually("the HPA is seen", func() error {
		err := e.tryApply(e.redisObject("other", ""))
		if err == nil || !strings.Contains(err.Error(), "HorizontalPodAutoscaler "+e.ns+"/legacy already scales") {
			return fmt.Errorf("the answer was %w", err)
		}
		return nil
	})
	e.apply(e.redisObject("web", "maxReplicaCount: 3"))
	e.isReady("web")
}

// testAdmissionWarnings: what works although it is odd is let through with a
// warning, and a dry run leaves nothing behind.
func testAdmissionWarnings(e *env, said *warnings) {
	e.apply(strings.Replace(e.redisObject("warned", ""), "listName:", `listLenght: "3", listName:`, 1))
	if !said.has(`did you mean "listLength"?`) {
		e.Errorf("the warnings are %q", said.text)
	}
	so := &v1alpha1.ScaledObject{
		ObjectMeta: metav1.ObjectMeta{Namespace: e.ns, Name: "dry"},
		Spec: v1alpha1.ScaledObjectSpec{
			ScaleTargetRef: &v1alpha1.ScaleTarget{Name: "dry"},
			Triggers:       []v1alpha1.ScaleTrigger{{Type: "redis", Metadata: map[string]string{"address": "redis:6379", "listName": "x"}}},
		},
	}
	if err := e.c.Create(e.Context(), so, client.DryRunAll); err != nil {
		e.Errorf("a dry run failed: %v", err)
	}
	so.Spec.Triggers[0].Type = "reddis"
	if err := e.c.Create(e.Context(), so, client.DryRunAll); err == nil || !strings.Contains(err.Error(), "redis") {
		e.Errorf("a dry run of a bad object said %v", err)
	}
	if err := e.c.Get(e.Context(), client.ObjectKeyFromObject(so), so); !apierrors.IsNotFound(err) {
		e.Errorf("a dry run left something behind: %v", err)
	}
}
