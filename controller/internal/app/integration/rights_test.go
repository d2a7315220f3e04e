// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/app"
	"github.com/keda-tf/terraform-provider-keda/controller/manifests"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
)

// granted is an env whose controller has the rights of a rendered installation
// and no others: it speaks as the installation's ServiceAccount.
type granted struct {
	*env
	// home is the controller's namespace, central that of cluster-wide sources.
	home, central string
	options       manifests.Options

	mu        sync.Mutex
	forbidden []string
}

func newGranted(t *testing.T, options func(shop, home, central string) manifests.Options) *granted {
	t.Helper()
	g := &granted{env: newEnv(t, nil), home: testCluster.Namespace(t), central: testCluster.Namespace(t)}
	g.options = options(g.ns, g.home, g.central)
	g.options.Namespace = g.home
	if g.options.ClusterObjectNamespace == "" {
		g.central = g.home
	}
	g.install()
	g.lead("granted", func(o *app.Options) {
		o.Namespace, o.ClusterObjectNamespace, o.RestrictSecrets = g.home, g.central, g.options.RestrictSecretAccess
		o.WatchNamespaces = g.options.WatchNamespaces
		mine := labels.SelectorFromSet(labels.Set{"of": g.ns}) // other tests have objects too
		o.WatchLabels, o.WatchAuthenticationLabels = mine, mine
		account := "system:serviceaccount:" + g.home
		o.Config.Impersonate = rest.ImpersonationConfig{
			UserName: account + ":" + manifests.ControllerName,
			Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + g.home, "system:authenticated"},
		}
		inner := o.Config.WrapTransport
		o.Config.WrapTransport = func(next http.RoundTripper) http.RoundTripper { return g.note(inner(next)) }
	})
	return g
}

// install applies the access rights of the installation, and takes them away after
// the test.
func (g *granted) install() {
	g.Helper()
	phases, err := manifests.Render(g.options)
	if err != nil {
		g.Fatal(err)
	}
	at := slices.IndexFunc(phases, func(p manifests.Phase) bool { return p.Name == manifests.PhaseRBAC })
	for _, object := range phases[at].Objects {
		if err := g.c.Apply(g.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("terraform"), client.ForceOwnership); err != nil {
			g.Fatal(err)
		}
	}
	g.Cleanup(func() {
		for _, object := range phases[at].Objects {
			if err := client.IgnoreNotFound(g.c.Delete(context.Background(), object)); err != nil {
				g.Error(err)
			}
		}
	})
}

// note keeps what the API server forbids.
func (g *granted) note(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(request)
		if err == nil && response.StatusCode == http.StatusForbidden {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.forbidden = append(g.forbidden, request.Method+" "+request.URL.Path)
		}
		return response, err
	})
}

// mine labels an object as one that the controller works on.
func (g *granted) mine(manifest, name string) string {
	return labelled(manifest, name, "of: "+g.ns)
}

// TestRightsAreEnough runs the controller with exactly the rights that are
// rendered for each scope, through everything that it does: nothing is forbidden
// that it asks for, but what the scope means to forbid.
//
// Differs: Authentication
// KEDA: With KEDA_RESTRICT_SECRET_ACCESS a TriggerAuthentication that refers to a Secret of another namespace gives the trigger an empty value, and only a log line tells.
// Here: The object is Ready=False with the names of the Secret, of the option and of the namespace that may be read.
// Why: A connection without a password fails elsewhere, or succeeds.
// Old: not available
func TestRightsAreEnough(t *testing.T) {
	t.Parallel() // with others, but the scopes one after the other: their cluster roles have one name
	for _, scope := range []struct {
		name    string
		options func(shop, home, central string) manifests.Options
	}{
		{"TheCluster", func(string, string, string) manifests.Options { return manifests.Options{} }},
		{"Namespaces", func(shop, _, _ string) manifests.Options {
			return manifests.Options{WatchNamespaces: []string{shop}, ServiceAccountTokens: manifests.ServiceAccountTokens{AllowAll: true}}
		}},
		{"RestrictedSecrets", func(shop, _, _ string) manifests.Options {
			return manifests.Options{RestrictSecretAccess: true,
				ServiceAccountTokens: manifests.ServiceAccountTokens{Accounts: []manifests.ServiceAccount{{Namespace: shop, Name: "default"}}}}
		}},
		{"NamespacesAndRestrictedSecrets", func(shop, _, central string) manifests.Options {
			return manifests.Options{WatchNamespaces: []string{shop}, RestrictSecretAccess: true, ClusterObjectNamespace: central}
		}},
	} {
		t.Run(scope.name, func(t *testing.T) {
			g := newGranted(t, scope.options)
			redis := source.Redis(t, "requirepass "+firstPassword)
			g.scales(redis)
			g.runsJobs()
			g.reads(redis)
			g.asksForTokens(redis)
			g.delete(&v1alpha1.ScaledObject{}, "web")
			g.gone(&v1alpha1.ScaledObject{}, "web")
			g.mu.Lock()
			defer g.mu.Unlock()
			for _, request := range g.forbidden {
				t.Errorf("forbidden: %s", request)
			}
		})
	}
}

// scales lets a ScaledObject scale with a password that lies where the scope
// leaves it to be read.
func (g *granted) scales(redis *source.RedisServer) {
	g.Helper()
	central := fmt.Sprintf("{apiVersion: v1, kind: Secret, metadata: {name: %s, namespace: %s}, stringData: {password: %s}}", g.ns, g.central, firstPassword)
	cluster := fmt.Sprintf("{apiVersion: keda.sh/v1alpha1, kind: ClusterTriggerAuthentication, metadata: {name: %[1]s}, spec: {secretTargetRef: [{parameter: password, name: %[1]s, key: password}]}}", g.ns)
	local := "{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: redis}, spec: {secretTargetRef: [{parameter: password, name: redis, key: password}]}}"
	g.apply(deployment("web", 0), secret("redis", firstPassword), central, g.mine(cluster, g.ns), g.mine(local, "redis"), g.mine(g.authenticated("web", "name: redis", redis), "web"))
	if g.options.RestrictSecretAccess {
		g.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed,
			"Secret "+g.ns+"/redis must not be read", "KEDA_RESTRICT_SECRET_ACCESS", "namespace "+g.central)
		g.apply(g.mine(g.authenticated("web", "kind: ClusterTriggerAuthentication, name: "+g.ns, redis), "web"))
	}
	g.isReady("web")
	redis.Push(g.list("web"), 1)
	g.scaled("web", 1)
	g.event("web", v1alpha1.EventScaleTargetActivated)
	g.apply(deployment("mirror", 0), g.mine(g.authenticated("mirror", "kind: ClusterTriggerAuthentication, name: "+g.ns, redis), "mirror"))
	g.isReady("mirror")
	g.eventually("the cluster-wide authentication knows its users", func() error {
		used := &v1alpha1.ClusterTriggerAuthentication{}
		if err := g.c.Get(g.Context(), client.ObjectKey{Name: g.ns}, used); err != nil {
			return err
		}
		if !strings.Contains(used.Status.ScaledObjectNamesStr, "mirror") {
			return fmt.Errorf("they are %q", used.Status.ScaledObjectNamesStr)
		}
		return nil
	})
	g.apply(g.mine(strings.Replace(cluster, "spec: {", "spec: {podIdentity: {provider: none}, ", 1), g.ns))
	inDefault := *g.env // where Kubernetes keeps the events of kinds without a namespace
	inDefault.ns = metav1.NamespaceDefault
	inDefault.event(g.ns, v1alpha1.EventClusterTriggerAuthenticationUpdated)
	g.annotate("web", v1alpha1.AnnotationPausedReplicas, "3")
	g.scaled("web", 3)
}

// runsJobs lets a ScaledJob create and delete Jobs.
func (g *granted) runsJobs() {
	g.Helper()
	g.redis.Push(g.list("work"), 2)
	g.apply(g.mine(g.redisJob("work", longRunning, ""), "work"))
	running := func(want int, what string) {
		g.Helper()
		g.eventually(what, func() error {
			if got := unfinished(g.jobs()); got != want {
				return fmt.Errorf("there are %d", got)
			}
			return nil
		})
	}
	running(2, "two Jobs")
	g.redis.Do("DEL", g.list("work"))
	g.apply(g.mine(g.redisJob("work", longRunning+", changed: 'yes'", ""), "work"))
	running(0, "no Jobs of the earlier spec")
	g.delete(&v1alpha1.ScaledJob{}, "work")
	g.gone(&v1alpha1.ScaledJob{}, "work")
	if err := g.c.DeleteAllOf(g.Context(), &batchv1.Job{}, client.InNamespace(g.ns), client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		g.Error(err)
	}
}

// reads uses everything of the cluster that triggers can ask for: pods, endpoints,
// the environment of the workload and its ServiceAccount.
func (g *granted) reads(redis *source.RedisServer) {
	g.Helper()
	trigger := func(name, trigger string) string {
		return g.mine(fmt.Sprintf("{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: %s}, spec: {scaleTargetRef: {name: %[1]s}, pollingInterval: 1, triggers: [%s]}}", name, trigger), name)
	}
	g.apply(deployment("followers", 0), trigger("followers", `{type: kubernetes-workload, metadata: {podSelector: app=web, value: "1"}}`))
	g.isReady("followers")
	g.eventually("web has three pods, and so has who follows it", func() error {
		if got := g.replicas("followers"); got == 0 {
			return fmt.Errorf("it has %d", got)
		}
		return nil
	})
	g.apply(deployment("endpoints", 0), trigger("endpoints", `{type: metrics-api, metadata: {url: "http://nobody.`+g.ns+`.svc:80/", valueLocation: a, targetValue: "1", aggregateFromKubeServiceEndpoints: "true"}}`))
	g.condition(scaledObject("endpoints"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTriggerError, "nobody")

	if !g.options.RestrictSecretAccess {
		g.apply("{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {labels: {of: "+g.ns+"}, name: env}, spec: {env: [{parameter: password, name: REDIS_PASSWORD}]}}",
			g.withEnvironment("env"), g.mine(g.authenticated("env", "name: env", redis), "env"))
		g.isReady("env")
	}
	g.apply(deployment("identity", 0), "{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {labels: {of: "+g.ns+"}, name: identity}, spec: {podIdentity: {provider: aws, identityOwner: workload}}}",
		trigger("identity", `{type: aws-sqs-queue, authenticationRef: {name: identity}, metadata: {queueURL: "https://sqs.eu-west-1.amazonaws.com/1/q", awsRegion: eu-west-1}}`))
	g.condition(scaledObject("identity"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed,
		"ServiceAccount "+g.ns+"/default has no annotation eks.amazonaws.com/role-arn")
}

// asksForTokens asks for a token of a ServiceAccount. Where that is not allowed,
// the condition says what to allow.
func (g *granted) asksForTokens(redis *source.RedisServer) {
	g.Helper()
	g.apply("{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {labels: {of: "+g.ns+"}, name: token}, spec: {boundServiceAccountToken: [{parameter: password, serviceAccountName: default}]}}",
		deployment("token", 1), g.mine(g.authenticated("token", "name: token", redis), "token"))
	tokens := g.options.ServiceAccountTokens
	if tokens.AllowAll || len(tokens.Accounts) > 0 {
		g.condition(scaledObject("token"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTriggerError, "WRONGPASS") // it is no password
		return
	}
	g.condition(scaledObject("token"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed,
		"may not create tokens for ServiceAccount "+g.ns+"/default", "service_account_tokens")
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forbidden = slices.DeleteFunc(g.forbidden, func(request string) bool { return strings.HasSuffix(request, "/serviceaccounts/default/token") })
	g.delete(&v1alpha1.ScaledObject{}, "token") // it would ask again
}
