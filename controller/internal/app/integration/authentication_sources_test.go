// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/vault"
)

// authenticationTests are the tests of where parameters come from.
var authenticationTests = map[string]func(*env){
	"AuthenticationFinalizer": testDeletingAuthenticationsWaitsForNobody,
	"AuthenticationSources":   testAuthenticationSources,
	"AuthenticationUsers":     testAuthenticationUsers,
	"BoundToken":              testBoundToken,
	"ClusterAuthentication":   testClusterAuthentication,
	"DeletedAuthentication":   testDeletedAuthenticationIsNamedInsteadOfPollingWithoutCredentials,
	"File":                    testFile,
	"JobAuthentication":       testJobAuthentication,
	"MissingParts":            testMissingPartsAreNamedInsteadOfEmpty,
	"MissingSources":          testMissingSources,
	"Rotation":                testRotatedSecretIsUsedAtOnceInsteadOfAfterAFailure,
	"Vault":                   testVault,
	"VaultOutage":             testVaultOutage,
}

// vaultAuthentication is a TriggerAuthentication whose password is in a Vault, which
// knows the ServiceAccount "reader" of the namespace.
func (e *env) vaultAuthentication(name string, redisPassword string) (*vault.Server, string) {
	e.Helper()
	server := vault.Start(e.T)
	server.KV2("team", "secret")
	server.Put("team", "secret", "redis", map[string]any{"password": redisPassword})
	server.Role("kubernetes", "keda", vault.Grant{Namespace: "team", Paths: []string{"secret/data/redis"}}, e.ns+":reader")
	return server, fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata: {name: %s}
spec:
  hashiCorpVault:
    address: %s
    namespace: team
    authentication: kubernetes
    mount: kubernetes
    role: keda
    credential: {serviceAccountName: reader}
    secrets: [{parameter: password, path: secret/data/redis, key: password}]
`, name, server.URL)
}

const reader = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: reader}}"

// testVault takes a password from Vault, under a ServiceAccount of the namespace,
// and notices that it was rotated there: objects that fail look at once, and others
// within the interval. The login is kept.
//
// Covers: field TriggerAuthentication.spec.hashiCorpVault.address; field TriggerAuthentication.spec.hashiCorpVault.authentication; field TriggerAuthentication.spec.hashiCorpVault.credential.serviceAccountName; field TriggerAuthentication.spec.hashiCorpVault.secrets.parameter; field TriggerAuthentication.spec.hashiCorpVault.secrets.path; field TriggerAuthentication.spec.hashiCorpVault.secrets.key
// Differs: Authentication
// KEDA: a value of a secret store is read when a trigger is built, and again only after the trigger failed or its object changed.
// Here: it is read again every --external-secret-refresh-interval (5 min), and at once, at most every 30 s, when a trigger that uses it fails.
// Why: a rotated credential is in use before the old one ends.
// Old: not available
func testVault(e *env) {
	redis := source.Redis(e.T, "requirepass "+firstPassword)
	server, ta := e.vaultAuthentication("web", firstPassword)
	e.apply(reader, ta, deployment("web", 0), e.authenticated("web", "name: web", redis))
	e.isReady("web")
	redis.Push(e.list("web"), 1)
	e.scaled("web", 1)
	reads := server.Calls("secret/data/redis")
	e.eventually("it is read again", func() error {
		if n := server.Calls("secret/data/redis"); n < reads+2 {
			return fmt.Errorf("it was read %d times", n-reads)
		}
		return nil
	})
	redis.Do("CONFIG", "SET", "requirepass", secondPassword)
	redis.Do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	e.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTriggerError, "WRONGPASS")
	server.Put("team", "secret", "redis", map[string]any{"password": secondPassword})
	e.isReady("web")
	redis.Do("DEL", e.list("web"))
	e.scaled("web", 0)
	if n := server.Calls("auth/kubernetes/login"); n != 1 {
		e.Errorf("there were %d logins", n)
	}
	e.unspoken("web")
}

// testVaultOutage: scaling goes on with the values of before while Vault is away,
// and the authentication says so, once. When they are too old the object is not
// Ready, until Vault is back.
//
// Covers: event TriggerAuthenticationFailed
func testVaultOutage(e *env) {
	redis := source.Redis(e.T, "requirepass "+firstPassword)
	server, ta := e.vaultAuthentication("web", firstPassword)
	e.apply(reader, ta, deployment("web", 0), e.authenticated("web", "name: web", redis))
	e.isReady("web")
	server.Down(true)
	redis.Push(e.list("web"), 1)
	e.scaled("web", 1)
	e.event("web", v1alpha1.EventTriggerAuthenticationFailed, "spec.hashiCorpVault cannot be read again", "Vault is sealed", "serve until")
	e.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed,
		"TriggerAuthentication web: hashiCorpVault: parameter password: Vault at "+server.URL, "Vault is sealed")
	e.event("web", v1alpha1.EventTriggerAuthenticationFailed, "TriggerAuthentication web: hashiCorpVault: ")
	told := len(e.eventsOf("web", v1alpha1.EventTriggerAuthenticationFailed))
	reads := server.Calls("secret/data/redis")
	e.eventually("it is tried again", func() error {
		if server.Calls("secret/data/redis") < reads+3 {
			return errors.New("it is not")
		}
		return nil
	})
	if got := e.eventsOf("web", v1alpha1.EventTriggerAuthenticationFailed); len(got) != told {
		e.Errorf("the same problem was told %d times more", len(got)-told)
	}
	server.Down(false)
	e.isReady("web")
	redis.Do("DEL", e.list("web"))
	e.scaled("web", 0)
	e.unspoken("web")
}

// testBoundToken: a trigger shows a token that the API server issued for a
// ServiceAccount of the namespace, and that it accepts as that ServiceAccount.
//
// Covers: field TriggerAuthentication.spec.boundServiceAccountToken.*
func testBoundToken(e *env) {
	server := source.HTTP(e.T)
	var mu sync.Mutex
	var shown string
	server.Route("/value", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		shown = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		_, _ = w.Write([]byte(`{"value": 7}`))
	})
	e.apply(`{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: web},
		spec: {boundServiceAccountToken: [{parameter: token, serviceAccountName: reader}]}}`,
		deployment("web", 0), fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: web}
spec:
  scaleTargetRef: {name: web}
  pollingInterval: 1
  triggers:
    - type: metrics-api
      authenticationRef: {name: web}
      metadata: {url: "%s/value", valueLocation: value, targetValue: "1", authMode: bearer}
`, server.URL))
	e.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed,
		"boundServiceAccountToken for parameter token: ServiceAccount "+e.ns+"/reader does not exist: create it")
	e.apply(reader)
	e.isReady("web")
	e.scaled("web", 1)
	mu.Lock()
	review := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: shown}}
	mu.Unlock()
	if err := e.c.Create(e.Context(), review); err != nil {
		e.Fatal(err)
	}
	if got := review.Status.User.Username; !review.Status.Authenticated || got != "system:serviceaccount:"+e.ns+":reader" {
		e.Errorf("the token is that of %q: %s", got, review.Status.Error)
	}
	if strings.Contains(e.ctl.log.String(), shown) {
		e.Error("the token is in the log")
	}
}

// testJobAuthentication: a ScaledJob uses a cluster-wide authentication and one of
// its namespace, and its status names both.
//
// Covers: field ScaledJob.spec.triggers.authenticationRef.kind; field ScaledJob.spec.triggers.authenticationRef.name; field ScaledJob.status.authenticationsTypes
func testJobAuthentication(e *env) {
	redis := source.Redis(e.T, "requirepass "+firstPassword)
	central := "job-" + e.ns
	e.apply(secret("redis", firstPassword), fmt.Sprintf(`{apiVersion: v1, kind: Secret, metadata: {name: %s, namespace: keda}, stringData: {password: %s}}`, central, firstPassword),
		fmt.Sprintf(`{apiVersion: keda.sh/v1alpha1, kind: ClusterTriggerAuthentication, metadata: {name: %[1]s},
		  spec: {secretTargetRef: [{parameter: password, name: %[1]s, key: password}]}}`, central),
		`{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: redis},
		  spec: {secretTargetRef: [{parameter: password, name: redis, key: password}]}}`,
		fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: work}
spec:
  pollingInterval: 1
  jobTargetRef: {template: {metadata: {annotations: {%s}}, spec: {restartPolicy: Never, containers: [{name: main, image: none}]}}}
  triggers:
    - {type: redis, authenticationRef: {kind: ClusterTriggerAuthentication, name: %s}, metadata: {address: "%[3]s", listName: "%[4]s", listLength: "1"}}
    - {type: redis, authenticationRef: {name: redis}, metadata: {address: "%[3]s", listName: "%[4]s-other", listLength: "1"}}
`, longRunning, central, redis.Address, e.list("work")))
	e.condition(scaledJob("work"), v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonScaledJobReady)
	redis.Push(e.list("work")+"-other", 2)
	e.eventually("a Job for each element", func() error {
		if n := unfinished(e.jobs()); n != 2 {
			return fmt.Errorf("there are %d", n)
		}
		return nil
	})
	if got := e.sj("work").Status.AuthenticationsTypes; got == nil || *got != central+",redis" {
		e.Errorf("status.authenticationsTypes is %q", *got)
	}
}

// testFile: a file of the controller gives the parameters of a cluster-wide
// authentication, and a changed file is noticed.
//
// Covers: field ClusterTriggerAuthentication.spec.filePath
func testFile(e *env) {
	redis := source.Redis(e.T, "requirepass "+firstPassword)
	write := func(password string) {
		e.Helper()
		if err := os.WriteFile(filepath.Join(e.ctl.FileRoot, e.ns+".json"), []byte(`{"password": "`+password+`"}`), 0o600); err != nil {
			e.Fatal(err)
		}
	}
	write(firstPassword)
	e.apply(fmt.Sprintf(`{apiVersion: keda.sh/v1alpha1, kind: ClusterTriggerAuthentication, metadata: {name: %[1]s}, spec: {filePath: %[1]s.json}}`, e.ns),
		deployment("web", 0), e.authenticated("web", "kind: ClusterTriggerAuthentication, name: "+e.ns, redis))
	e.isReady("web")
	redis.Do("CONFIG", "SET", "requirepass", secondPassword)
	redis.Do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	write(secondPassword)
	redis.Push(e.list("web"), 1)
	e.scaled("web", 1)
	e.isReady("web")
	e.unspoken("web")
}

// testDeletedAuthenticationIsNamedInsteadOfPollingWithoutCredentials deletes the
// authentication of an object that works, and creates it again.
//
// Differs: Authentication
// KEDA: an authentication that does not exist is only logged, and the trigger is built without its parameters.
// Here: the object is not Ready and names it, nothing is asked, and the replicas stay; when it appears, scaling goes on at once.
// Why: without its credentials a trigger asks the wrong question, or fails with an error that does not name the cause.
// Old: not available
func testDeletedAuthenticationIsNamedInsteadOfPollingWithoutCredentials(e *env) {
	redis := source.Redis(e.T, "requirepass "+firstPassword)
	ta := `{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: redis},
		spec: {secretTargetRef: [{parameter: password, name: redis, key: password}]}}`
	e.apply(secret("redis", firstPassword), ta, deployment("web", 0), e.authenticated("web", "name: redis", redis))
	redis.Push(e.list("web"), 1)
	e.scaled("web", 1)
	e.delete(&v1alpha1.TriggerAuthentication{}, "redis")
	e.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed,
		"spec.triggers[0] (redis): TriggerAuthentication "+e.ns+"/redis does not exist: create it")
	redis.Do("DEL", e.list("web"))
	if got := e.replicas("web"); got != 1 {
		e.Errorf("%d replicas are left of 1", got)
	}
	e.apply(ta)
	e.isReady("web")
	e.scaled("web", 0)
	e.unspoken("web")
}

// testMissingPartsAreNamedInsteadOfEmpty names every part of an authentication that
// is missing, by its field, in the Ready condition of the object and in an event of
// the authentication.
//
// Covers: event ClusterTriggerAuthenticationFailed
// Differs: Authentication
// KEDA: a missing Secret, ConfigMap, key, environment variable or token becomes an empty parameter and a line in the log.
// Here: the object is not Ready, its message names the part and the remedy, and the authentication has an event.
// Why: an empty password is a login failure at best, and a query without its filter at worst.
// Old: not available
func testMissingPartsAreNamedInsteadOfEmpty(e *env) {
	server, _ := e.vaultAuthentication("", firstPassword)
	server.Allow("root", vault.Grant{Namespace: "team", Paths: []string{"secret/"}})
	inVault := func(path, key string) string {
		return fmt.Sprintf(`hashiCorpVault: {address: "%s", namespace: team, authentication: token, credential: {token: root},
			secrets: [{parameter: password, path: %s, key: %s}]}`, server.URL, path, key)
	}
	e.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: there}, data: {user: default}}", deployment("web", 0))
	for name, part := range map[string]struct{ spec, says string }{
		"secret":     {"secretTargetRef: [{parameter: password, name: none, key: a}]", "secretTargetRef for parameter password: Secret " + e.ns + "/none does not exist: create it"},
		"configmap":  {"configMapTargetRef: [{parameter: password, name: none, key: a}]", "configMapTargetRef for parameter password: ConfigMap " + e.ns + "/none does not exist"},
		"key":        {"configMapTargetRef: [{parameter: password, name: there, key: a}]", "ConfigMap " + e.ns + `/there has no key "a": it has [user]`},
		"env":        {"env: [{parameter: password, name: NONE}]", "env NONE for parameter password: container main of Deployment " + e.ns + "/web has no environment variable NONE"},
		"container":  {"env: [{parameter: password, name: NONE, containerName: other}]", `has no container named "other"`},
		"token":      {"boundServiceAccountToken: [{parameter: password, serviceAccountName: none}]", "ServiceAccount " + e.ns + "/none does not exist: create it, or correct serviceAccountName"},
		"vault-path": {inVault("secret/data/none", "password"), `hashiCorpVault: parameter password: Vault at ` + server.URL + `: reading "secret/data/none": there is nothing: write it`},
		"vault-key":  {inVault("secret/data/redis", "none"), `"secret/data/redis" has no key "none": it has [password]`},
		"oauth2": {"oauth2: {clientId: app, tokenUrl: 'https://login.test', clientSecret: {valueFrom: {secretKeyRef: {name: none, key: a}}}}",
			"oauth2.clientSecret: Secret " + e.ns + "/none does not exist"},
		"role": {"podIdentity: {provider: aws, identityOwner: workload}", "podIdentity: ServiceAccount " + e.ns + "/default has no annotation eks.amazonaws.com/role-arn"},
	} {
		e.apply(fmt.Sprintf("{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: %s}, spec: {%s}}", name, part.spec),
			fmt.Sprintf(`{apiVersion: keda.sh/v1alpha1, kind: ScaledJob, metadata: {name: %s}, spec: {
				jobTargetRef: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: none}]}}},
				triggers: [{type: redis, authenticationRef: {name: %[1]s}, metadata: {address: "127.0.0.1:1", listName: none}}]}}`, name))
		says := strings.ReplaceAll(part.says, "Deployment "+e.ns+"/web", "ScaledJob "+e.ns+"/"+name)
		e.condition(scaledJob(name), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledJobCheckFailed,
			"spec.triggers[0] (redis): TriggerAuthentication "+name+": ", says)
		e.event(name, v1alpha1.EventTriggerAuthenticationFailed, says)
	}
	cta := "missing-" + e.ns
	e.apply(fmt.Sprintf("{apiVersion: keda.sh/v1alpha1, kind: ClusterTriggerAuthentication, metadata: {name: %s}, spec: {filePath: none.json}}", cta),
		e.authenticated("web", "kind: ClusterTriggerAuthentication, name: "+cta, e.redis))
	says := `ClusterTriggerAuthentication ` + cta + `: filePath: "none.json" does not exist below ` + e.ctl.FileRoot
	e.condition(scaledObject("web"), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScaledObjectCheckFailed, says)
	(&env{T: e.T, c: e.c, ns: metav1.NamespaceDefault}).event(cta, v1alpha1.EventClusterTriggerAuthenticationFailed, says)
}

// testAuthenticationUsers: an authentication knows who uses it, and tells what
// happens to it under the name of its kind.
//
// Covers: field TriggerAuthentication.status.scaledobjects; field TriggerAuthentication.status.scaledjobs; field ClusterTriggerAuthentication.status.scaledobjects; field ClusterTriggerAuthentication.status.scaledjobs
// Covers: event TriggerAuthenticationAdded; event TriggerAuthenticationUpdated; event TriggerAuthenticationDeleted; event ClusterTriggerAuthenticationAdded; event ClusterTriggerAuthenticationUpdated; event ClusterTriggerAuthenticationDeleted
func testAuthenticationUsers(e *env) {
	for kind, object := range map[string]client.Object{
		v1alpha1.KindTriggerAuthentication: &v1alpha1.TriggerAuthentication{}, v1alpha1.KindClusterTriggerAuthentication: &v1alpha1.ClusterTriggerAuthentication{},
	} {
		at, name := e, "users-"+e.ns
		if kind == v1alpha1.KindClusterTriggerAuthentication { // its events are in the namespace default
			at = &env{T: e.T, c: e.c, ns: metav1.NamespaceDefault}
		}
		manifest := "{apiVersion: keda.sh/v1alpha1, kind: " + kind + ", metadata: {name: " + name + "}, spec: {podIdentity: {provider: %s}}}"
		e.apply(fmt.Sprintf(manifest, "none"))
		at.event(name, kind+"Added", kind)
		e.apply(fmt.Sprintf(manifest, "gcp"))
		at.event(name, kind+"Updated", kind)
		ref := "authenticationRef: {kind: " + kind + ", name: " + name + "}"
		for _, user := range []string{"b", "a"} {
			e.apply(fmt.Sprintf(`{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {name: %s}, spec: {scaleTargetRef: {name: %[1]s},
				triggers: [{type: redis, %s, metadata: {address: "%s", listName: none}}]}}`, user, ref, e.redis.Address))
		}
		e.apply(fmt.Sprintf(`{apiVersion: keda.sh/v1alpha1, kind: ScaledJob, metadata: {name: c}, spec: {
			jobTargetRef: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: none}]}}},
			triggers: [{type: redis, %s, metadata: {address: "%s", listName: none}}]}}`, ref, e.redis.Address))
		users := func(objects, jobs string) {
			e.Helper()
			e.eventually("its users are "+objects+" and "+jobs, func() error {
				if err := e.c.Get(e.Context(), client.ObjectKey{Namespace: namespaceOf(e, kind), Name: name}, object); err != nil {
					return err
				}
				var status v1alpha1.TriggerAuthenticationStatus
				switch o := object.(type) {
				case *v1alpha1.TriggerAuthentication:
					status = o.Status
				case *v1alpha1.ClusterTriggerAuthentication:
					status = o.Status
				}
				if status.ScaledObjectNamesStr != objects || status.ScaledJobNamesStr != jobs {
					return fmt.Errorf("they are %+v", status)
				}
				return nil
			})
		}
		users("a,b", "c")
		e.delete(&v1alpha1.ScaledObject{}, "a")
		e.delete(&v1alpha1.ScaledJob{}, "c")
		users("b", "")
		e.gone(&v1alpha1.ScaledJob{}, "c")
		if err := e.c.Delete(e.Context(), object); err != nil {
			e.Fatal(err)
		}
		at.event(name, kind+"Deleted", kind)
		for _, ev := range at.events(name) {
			if !strings.HasPrefix(ev.Reason, kind) {
				e.Errorf("a %s has the event %s", kind, ev.Reason)
			}
		}
	}
}

func namespaceOf(e *env, kind string) string {
	if kind == v1alpha1.KindClusterTriggerAuthentication {
		return ""
	}
	return e.ns
}

// testDeletingAuthenticationsWaitsForNobody deletes an authentication that has the
// finalizer of KEDA, and one that was made here, which has none.
//
// Differs: Authentication
// KEDA: puts a finalizer on TriggerAuthentications and ClusterTriggerAuthentications, so that they, and their namespaces, cannot be deleted once the operator is gone.
// Here: they have no finalizer, and one that KEDA left is removed when the object is deleted.
// Why: nothing has to be undone when one goes; who used it is told by a watch.
// Old: not available
func testDeletingAuthenticationsWaitsForNobody(e *env) {
	e.apply(`{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: old, finalizers: [finalizer.keda.sh]}, spec: {podIdentity: {provider: none}}}`,
		`{apiVersion: keda.sh/v1alpha1, kind: TriggerAuthentication, metadata: {name: new}, spec: {podIdentity: {provider: none}}}`)
	e.event("new", v1alpha1.EventTriggerAuthenticationAdded)
	ta := &v1alpha1.TriggerAuthentication{}
	if e.get(ta, "new"); len(ta.Finalizers) > 0 {
		e.Errorf("it has the finalizers %v", ta.Finalizers)
	}
	for _, name := range []string{"old", "new"} {
		e.delete(&v1alpha1.TriggerAuthentication{}, name)
		e.gone(&v1alpha1.TriggerAuthentication{}, name)
	}
	e.event("old", v1alpha1.EventTriggerAuthenticationDeleted)
	if n := len(e.eventsOf("old", v1alpha1.EventTriggerAuthenticationDeleted)); n != 1 {
		e.Errorf("the deletion was told %d times", n)
	}
}
