// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/app"
	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/port"
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
	for kind, group := range map[string]string{
		"scaledobject": "keda.sh", "scaledjob": "keda.sh", "triggerauthentication": "keda.sh", "clustertriggerauthentication": "keda.sh",
		"cloudeventsource": "eventing.keda.sh", "clustercloudeventsource": "eventing.keda.sh",
	} {
		hook := admissionregistrationv1.ValidatingWebhook{
			Name: kind + ".keda.sh", AdmissionReviewVersions: []string{"v1"},
			SideEffects: new(admissionregistrationv1.SideEffectClassNone), FailurePolicy: new(admissionregistrationv1.Fail),
			ClientConfig: admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{
				Namespace: e.ns, Name: manifests.WebhookServiceName, Port: &port, Path: new("/validate-" + strings.ReplaceAll(group, ".", "-") + "-v1alpha1-" + kind)}},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{group}, APIVersions: []string{"v1alpha1"}, Resources: []string{kind + "s"}},
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

// admitted is an env whose API server asks the env's own controller about what is
// applied, and which hears the warnings.
type admitted struct {
	*env
	said *warnings
}

// asking is held by the test that the API server's one webhook belongs to.
var asking sync.Mutex

func newAdmitted(t *testing.T, change func(*app.Options)) *admitted {
	t.Helper()
	e := newOwnEnv(t)
	asking.Lock()
	t.Cleanup(asking.Unlock)
	webhook := port.Free(t)
	e.lead("only", func(o *app.Options) {
		o.WebhookPort = webhook
		if change != nil {
			change(o)
		}
	})
	admit(e, int32(webhook))
	said := &warnings{}
	config, err := testCluster.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	config.WarningHandler = said
	if e.c, err = client.New(config, client.Options{Scheme: scheme()}); err != nil {
		t.Fatal(err)
	}
	return &admitted{env: e, said: said}
}

// refuses applies what is to be refused with the given words.
func (e *admitted) refuses(manifest string, words ...string) {
	e.Helper()
	err := e.tryApply(manifest)
	for _, word := range append(words, "denied the request") {
		if err == nil || !strings.Contains(err.Error(), word) {
			e.Errorf("the answer was %v, want %q", err, word)
		}
	}
}

// reasons are the refusals that were counted, by reason.
func (e *admitted) reasons() map[string]float64 {
	e.Helper()
	families, err := e.ctl.registry.Gather()
	if err != nil {
		e.Fatal(err)
	}
	counted := map[string]float64{}
	for _, family := range families {
		if family.GetName() != "keda_webhook_scaled_object_validation_errors_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				if label.GetName() == "reason" {
					counted[label.GetValue()] += m.GetCounter().GetValue()
				}
			}
		}
	}
	return counted
}

// TestWebhook lets the API server ask about what users apply: everything that is
// wrong is named at once, for each kind.
//
// Differs: Admission
// KEDA: Of a ScaledJob only the names and caches of its triggers are checked; a Job template that no Job can be made of, or an unknown trigger, is accepted.
// Here: Everything that the controller would refuse is refused at admission.
// Why: Who applies an object is still there to read the answer.
// Old: not available
func TestWebhook(t *testing.T) {
	e := newAdmitted(t, nil)
	e.refuses(`
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: bad}
spec:
  scaleTargetRef: {name: bad}
  minReplicaCount: 2
  idleReplicaCount: 5
  triggers: [{type: redis, metadata: {address: nowhere, listLength: many}}, {type: cpu, metadata: {value: x}}]
`, "spec.idleReplicaCount (5)", "spec.triggers[0].metadata.listName", "spec.triggers[0].metadata.listLength", "spec.triggers[0].metadata.address", "spec.triggers[1].metricType")
	e.refuses(`{apiVersion: keda.sh/v1alpha1, kind: ScaledJob, metadata: {name: bad}, spec: {
		jobTargetRef: {template: {spec: {restartPolicy: Always, containers: [{name: a, image: b}]}}},
		triggers: [{type: redis, metadata: {address: "a:1"}}, {type: sqs, metadata: {}}]}}`, "restartPolicy", "listName", `spec.triggers[1].type ("sqs") is no trigger type`)
	identity := `spec: {podIdentity: {provider: aws, roleArn: "arn:aws:iam::1:role/a", identityOwner: workload}, oauth2: {clientId: a, tokenUrl: "ftp://a", clientSecret: {valueFrom: {secretKeyRef: {name: a, key: b}}}}}`
	e.refuses(`{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: bad}, `+identity+`}`, "spec.podIdentity.roleArn", "spec.oauth2.tokenUrl")
	e.refuses(`{apiVersion: keda.sh/v1alpha1, kind: ClusterTriggerAuthentication, metadata: {name: `+e.ns+`, labels: {of: `+e.ns+`}}, `+identity+`}`, "spec.podIdentity.roleArn", "spec.oauth2.tokenUrl")

	t.Run("Rivals", func(t *testing.T) { testAdmissionOfRivals(e) })
	t.Run("Warnings", func(t *testing.T) { testAdmissionWarnings(e) })
}

// testAdmissionOfRivals: who comes second is refused; who came first may change.
func testAdmissionOfRivals(e *admitted) {
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	e.isReady("web")
	e.refuses(e.redisObject("second", "scaleTargetRef: {name: web}"), "ScaledObject "+e.ns+"/web already scales")
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
func testAdmissionWarnings(e *admitted) {
	e.apply(strings.Replace(e.redisObject("warned", ""), "listName:", `listLenght: "3", listName:`, 1))
	e.apply(e.redisObject("without-effect", "scaleTargetRef: {name: without-effect}\nminReplicaCount: 1"))
	for _, words := range []string{
		`did you mean "listLength"?`,
		"spec.pollingInterval (1) has no effect, because minReplicaCount is above 0",
		"spec.cooldownPeriod (1) has no effect, because minReplicaCount is above 0",
	} {
		if !e.said.has(words) {
			e.Errorf("%q is not among the warnings %q", words, e.said.text)
		}
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

// TestWebhookOfAScope: an object that the controller does not work on is accepted
// with a warning that says why nothing will happen.
//
// Differs: Admission
// KEDA: An object outside of WATCH_NAMESPACE or WATCH_LABEL_SELECTOR is accepted in silence, and stays without status and events.
// Here: Admission warns, with the option and its value.
// Why: An object that nobody looks at is otherwise indistinguishable from a controller that is down.
// Old: not available
func TestWebhookOfAScope(t *testing.T) {
	e := newAdmitted(t, func(o *app.Options) {
		o.WatchLabels = labels.SelectorFromSet(labels.Set{"team": "shop"})
	})
	e.apply(deployment("web", 0), e.redisObject("web", ""))
	if want := `its labels do not match "team=shop" (--watch-label-selector, WATCH_LABEL_SELECTOR)`; !e.said.has(want) {
		t.Errorf("%q is not among the warnings %q", want, e.said.text)
	}
	e.apply(deployment("ours", 0), strings.Replace(e.redisObject("ours", ""), "{name: ours}", "{name: ours, labels: {team: shop}}", 1))
	e.isReady("ours")
	if got := e.so("web"); len(got.Status.Conditions) > 0 || len(got.Finalizers) > 0 {
		t.Errorf("somebody worked on the other: %v", got)
	}
}
