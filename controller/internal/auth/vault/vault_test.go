// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package vault_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/auth/vault"
	source "github.com/keda-tf/terraform-provider-keda/internal/testkit/source/vault"
)

const planted = "planted-secret"

// at is the clock of a test, which the fake follows too.
type at struct{ time.Time }

func (a *at) now() time.Time { return a.Time }

// start runs Vault with an engine of each kind, and a token "root" for all of them.
func start(t *testing.T) (*source.Server, *at) {
	t.Helper()
	t.Setenv("VAULT_TOKEN", "")
	s, clock := source.Start(t), &at{time.Now()}
	s.Clock(clock.now)
	s.KV1("", "kv")
	s.KV2("", "secret")
	s.PKI("", "pki", 10*time.Hour)
	s.Dynamic("", "database", time.Hour)
	s.Allow("root", source.Grant{Paths: []string{""}})
	s.Put("", "kv", "redis", map[string]any{"password": planted, "port": 6379, "tls": true, "hosts": []string{"a", "b"}, "more": map[string]any{}})
	s.Put("", "secret", "redis", map[string]any{"password": planted})
	return s, clock
}

func byToken(s *source.Server, secrets ...v1alpha1.VaultSecret) *v1alpha1.HashiCorpVault {
	return &v1alpha1.HashiCorpVault{
		Address: s.URL, Authentication: v1alpha1.VaultAuthenticationToken,
		Credential: &v1alpha1.VaultCredential{Token: "root"}, Secrets: secrets,
	}
}

func secret(parameter, path, key string, kind v1alpha1.VaultSecretType) v1alpha1.VaultSecret {
	return v1alpha1.VaultSecret{Parameter: parameter, Path: path, Key: key, Type: kind}
}

func open(t *testing.T, spec *v1alpha1.HashiCorpVault, clock *at) *vault.Session {
	t.Helper()
	session, err := vault.Open(spec, func(context.Context) (string, error) { return jwt("default:reader"), nil }, clock.now)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func read(t *testing.T, session *vault.Session, doubted bool) map[string]string {
	t.Helper()
	values, _, err := session.Read(t.Context(), doubted)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// jwt is a service account token without a signature that anybody would believe.
func jwt(account string) string {
	claims := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"system:serviceaccount:` + account + `"}`))
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256"}`)) + "." + claims + ".c2lnbmF0dXJl"
}

// TestEngines reads both versions of the key-value engine, whatever the type of the
// secret says, with one request for each path.
//
// Covers: field TriggerAuthentication.spec.hashiCorpVault.secrets.type
func TestEngines(t *testing.T) {
	s, clock := start(t)
	values := read(t, open(t, byToken(s,
		secret("v1", "kv/redis", "password", v1alpha1.VaultSecretTypeSecret),
		secret("v2", "secret/data/redis", "password", v1alpha1.VaultSecretTypeSecretV2),
		secret("guessed1", "kv/redis", "password", ""),
		secret("guessed2", "/secret/data/redis", "password", ""),
		secret("number", "kv/redis", "port", ""),
		secret("flag", "kv/redis", "tls", ""),
		secret("list", "kv/redis", "hosts", ""),
	), clock), false)
	want := map[string]string{"v1": planted, "v2": planted, "guessed1": planted, "guessed2": planted, "number": "6379", "flag": "true", "list": "a\nb"}
	if diff := cmp.Diff(want, values); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if a, b := s.Calls("kv/redis"), s.Calls("secret/data/redis"); a != 1 || b != 1 {
		t.Errorf("the two paths were read %d and %d times", a, b)
	}
}

// TestCertificatesAreKeptWhileTheyLive issues one certificate per distinct request, and keeps it for
// most of its life.
//
// Covers: field TriggerAuthentication.spec.hashiCorpVault.secrets.pkiData.*
// Differs: Authentication
// KEDA: issues a certificate, and leases credentials anew, at every build of a trigger, so failing triggers fill Vault with them.
// Here: what Vault makes is kept until 80 % of its life; a failing trigger has it made again at most every five minutes.
// Why: each certificate and lease stays in Vault until its end.
// Old: not available
func TestCertificatesAreKeptWhileTheyLive(t *testing.T) {
	s, clock := start(t)
	data := &v1alpha1.VaultPkiData{CommonName: "keda", AltNames: "keda.example.test", TTL: "1h"}
	spec := byToken(s)
	for _, key := range []string{"certificate", "private_key", "ca_chain"} {
		spec.Secrets = append(spec.Secrets, v1alpha1.VaultSecret{Parameter: key, Path: "pki/issue/web", Key: key, Type: v1alpha1.VaultSecretTypePki, PkiData: data})
	}
	session := open(t, spec, clock)
	first, renew, err := session.Read(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if left := renew.Sub(clock.Time).Round(time.Minute); left != 48*time.Minute {
		t.Errorf("a certificate of an hour is to be renewed after %s", left)
	}
	block, _ := pem.Decode([]byte(first["certificate"]))
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil || certificate.Subject.CommonName != "keda" || certificate.DNSNames[1] != "keda.example.test" {
		t.Errorf("certificate of %v for %v, error %v", certificate.Subject, certificate.DNSNames, err)
	}
	if strings.Count(first["ca_chain"], "BEGIN CERTIFICATE") != 2 || !strings.Contains(first["private_key"], "PRIVATE KEY") {
		t.Error("the chain or the key is not there")
	}
	for _, step := range []struct {
		wait    time.Duration
		doubted bool
		issued  int
	}{{time.Minute, true, 1}, {5 * time.Minute, false, 1}, {0, true, 2}, {40 * time.Minute, false, 2}, {10 * time.Minute, false, 3}} {
		clock.Time = clock.Add(step.wait)
		read(t, session, step.doubted)
		if got := s.Calls("pki/issue/web"); got != step.issued {
			t.Errorf("after %+v %d certificates were issued", step, got)
		}
	}
}

// TestLeases keeps leased credentials as it keeps certificates.
func TestLeases(t *testing.T) {
	s, clock := start(t)
	session := open(t, byToken(s, secret("user", "database/creds/app", "username", ""), secret("password", "database/creds/app", "password", "")), clock)
	first := read(t, session, false)
	clock.Time = clock.Add(47 * time.Minute)
	if diff := cmp.Diff(first, read(t, session, false)); diff != "" {
		t.Errorf("another lease after 47 of 60 minutes:\n%s", diff)
	}
	clock.Time = clock.Add(2 * time.Minute)
	if again := read(t, session, false); again["user"] != "v-2" || s.Calls("database/creds/app") != 2 {
		t.Errorf("after 49 minutes the user is %s, leases %d", again["user"], s.Calls("database/creds/app"))
	}
}

// byLogin is a spec whose role may use those paths with a token that lives for an
// hour.
func byLogin(s *source.Server, paths []string, secrets ...v1alpha1.VaultSecret) *v1alpha1.HashiCorpVault {
	s.Role("kubernetes", "keda", source.Grant{Paths: paths, TTL: time.Hour}, "default:reader")
	return &v1alpha1.HashiCorpVault{
		Address: s.URL, Authentication: v1alpha1.VaultAuthenticationKubernetes, Role: "keda", Mount: "kubernetes",
		Credential: &v1alpha1.VaultCredential{ServiceAccountName: "reader"}, Secrets: secrets,
	}
}

// TestLeasesEndWithTheirLogin: Vault takes back what it leased to a token when the
// token ends, however long the lease; values are of a login that goes on.
func TestLeasesEndWithTheirLogin(t *testing.T) {
	s, clock := start(t)
	s.Dynamic("", "database", 10*time.Hour)
	session := open(t, byLogin(s, []string{"database/"}, secret("user", "database/creds/app", "username", "")), clock)
	for minute := 0; minute < 300; minute += 7 {
		if user := read(t, session, false)["user"]; !s.Lives(user) {
			t.Fatalf("after %d minutes the user is %s, whom Vault has removed", minute, user)
		}
		clock.Time = clock.Add(7 * time.Minute)
	}
	s.Revoke()
	if user := read(t, session, true)["user"]; !s.Lives(user) {
		t.Errorf("after its login was revoked the user is %s", user)
	}
	if n := s.Calls("database/creds/app"); n > 9 {
		t.Errorf("%d leases in 5 hours, with a login an hour", n)
	}
}

// TestForbiddenPathCostsOneLogin: a login helps only where the token of the last
// one has ended, and every login stays in Vault until its end.
func TestForbiddenPathCostsOneLogin(t *testing.T) {
	s, clock := start(t)
	session := open(t, byLogin(s, []string{"secret/"}, secret("password", "kv/redis", "password", "")), clock)
	for range 10 {
		if _, _, err := session.Read(t.Context(), false); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Fatalf("error %v", err)
		}
		clock.Time = clock.Add(30 * time.Second)
	}
	if n := s.Calls("auth/kubernetes/login"); n != 1 {
		t.Errorf("%d logins", n)
	}
}

// TestFailedLoginIsMadeAgain: while a login is refused there is no token, and some
// versions of Vault answer to a request without one as to a mistake in it.
func TestFailedLoginIsMadeAgain(t *testing.T) {
	s, clock := start(t)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Vault-Token") == "" && !strings.HasSuffix(r.URL.Path, "/login") {
			http.Error(w, `{"errors":["missing client token"]}`, http.StatusBadRequest)
			return
		}
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	spec := byLogin(s, []string{"kv/"}, secret("password", "kv/redis", "password", ""))
	spec.Address = front.URL
	session := open(t, spec, clock)
	read(t, session, false)
	s.Revoke()
	s.Role("kubernetes", "keda", source.Grant{})
	if _, _, err := session.Read(t.Context(), false); err == nil || !strings.Contains(err.Error(), "logging in") {
		t.Errorf("error %v", err)
	}
	byLogin(s, []string{"kv/"})
	read(t, session, false)
}

// TestCertificateOfUnknownEndIsNotMadeAtOnceAgain: what is issued without saying
// when it ends, or has ended by a clock that differs, is made once per look.
func TestCertificateOfUnknownEndIsNotMadeAtOnceAgain(t *testing.T) {
	_, clock := start(t)
	for _, end := range []string{``, `,"expiration":1`} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"data":{"certificate":"c"%s}}`, end)
		}))
		t.Cleanup(server.Close)
		session := open(t, &v1alpha1.HashiCorpVault{
			Address: server.URL, Authentication: v1alpha1.VaultAuthenticationToken, Credential: &v1alpha1.VaultCredential{Token: "root"},
			Secrets: []v1alpha1.VaultSecret{secret("c", "pki/issue/web", "certificate", v1alpha1.VaultSecretTypePki)},
		}, clock)
		values, renew, err := session.Read(t.Context(), false)
		if err != nil || values["c"] != "c" || !renew.IsZero() {
			t.Errorf("%q: %v, to be renewed at %s, error %v", end, values, renew, err)
		}
	}
}

// TestCertificatesOfTheConnectionAreReadAgain: the files that VAULT_CACERT and its
// like name are replaced while the controller runs.
func TestCertificatesOfTheConnectionAreReadAgain(t *testing.T) {
	s, clock := start(t)
	front := httptest.NewUnstartedServer(s)
	front.Config.ErrorLog = log.New(io.Discard, "", 0) // of refused handshakes
	front.StartTLS()
	t.Cleanup(front.Close)
	file := filepath.Join(t.TempDir(), "ca.crt")
	trust := func(der []byte) {
		t.Helper()
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.PKI("", "old", time.Hour)
	old, _, err := open(t, byToken(s, v1alpha1.VaultSecret{Parameter: "ca", Path: "old/issue/ca", Key: "certificate",
		Type: v1alpha1.VaultSecretTypePki, PkiData: &v1alpha1.VaultPkiData{CommonName: "old"}}), clock).Read(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(old["ca"]))
	trust(block.Bytes)
	t.Setenv("VAULT_CACERT", file)
	spec := byLogin(s, []string{"kv/"}, secret("password", "kv/redis", "password", ""))
	spec.Address = front.URL
	session := open(t, spec, clock)
	if _, _, err := session.Read(t.Context(), false); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("error %v", err)
	}
	trust(front.Certificate().Raw)
	read(t, session, false)
}

// TestKubernetes logs in with the token of a service account, by request or from a
// file, keeps the login while it lives, and logs in again when Vault forgot it.
//
// Covers: field TriggerAuthentication.spec.hashiCorpVault.credential.serviceAccount; field TriggerAuthentication.spec.hashiCorpVault.role; field TriggerAuthentication.spec.hashiCorpVault.mount; field TriggerAuthentication.spec.hashiCorpVault.namespace
func TestKubernetes(t *testing.T) {
	s, clock := start(t)
	s.KV2("team", "secret")
	s.Put("team", "secret", "redis", map[string]any{"password": planted})
	s.Role("kubernetes", "keda", source.Grant{Namespace: "team", Paths: []string{"secret/data/redis"}, TTL: time.Hour}, "default:reader")
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(jwt("default:reader")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, credential := range []v1alpha1.VaultCredential{{ServiceAccountName: "reader"}, {ServiceAccount: file}} {
		before := s.Calls("auth/kubernetes/login")
		logins := func() int { return s.Calls("auth/kubernetes/login") - before }
		session := open(t, &v1alpha1.HashiCorpVault{
			Address: s.URL, Namespace: "team", Authentication: v1alpha1.VaultAuthenticationKubernetes, Role: "keda", Mount: "kubernetes",
			Credential: &credential, Secrets: []v1alpha1.VaultSecret{secret("password", "secret/data/redis", "password", "")},
		}, clock)
		for _, step := range []struct {
			wait   time.Duration
			revoke bool
			logins int
		}{{0, false, 1}, {47 * time.Minute, false, 1}, {2 * time.Minute, false, 2}, {0, true, 3}} {
			clock.Time = clock.Add(step.wait)
			if step.revoke {
				s.Revoke()
			}
			if got := read(t, session, false)["password"]; got != planted || logins() != step.logins {
				t.Errorf("after %+v the password is %q, logins %d", step, got, logins())
			}
		}
	}
}

// TestOwnTokenFirst: the token of the controller's environment is used before that
// of the authentication.
//
// Covers: field TriggerAuthentication.spec.hashiCorpVault.credential.token
func TestOwnTokenFirst(t *testing.T) {
	s, clock := start(t)
	spec := byToken(s, secret("password", "kv/redis", "password", ""))
	read(t, open(t, spec, clock), false)
	t.Setenv("VAULT_TOKEN", "own")
	if _, _, err := open(t, spec, clock).Read(t.Context(), false); err == nil {
		t.Error("a token that Vault does not know was not used")
	}
	s.Allow("own", source.Grant{Paths: []string{"kv/"}})
	spec.Credential = nil
	read(t, open(t, spec, clock), false)
}

// TestTokenIsRenewed: a given token that can be renewed is, as long as it is used.
func TestTokenIsRenewed(t *testing.T) {
	s, clock := start(t)
	s.Allow("short", source.Grant{Paths: []string{""}, TTL: 20 * time.Minute, Renewable: true})
	spec := byToken(s, secret("password", "kv/redis", "password", ""))
	spec.Credential.Token = "short"
	session := open(t, spec, clock)
	for range 10 {
		_, renew, err := session.Read(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		if left := renew.Sub(clock.Time); left <= 0 || left > 10*time.Minute {
			t.Fatalf("it is to be renewed in %s", left)
		}
		clock.Time = clock.Add(9 * time.Minute)
	}
}

// TestMissingTokenIsAnErrorInsteadOfACrash: token authentication without a token is
// an error that says where one could be.
//
// Differs: Authentication
// KEDA: token authentication of Vault with neither VAULT_TOKEN nor credential ends the operator by a nil pointer.
// Here: the object is not Ready, and its message says where to put a token.
// Why: one wrong object must not stop all others.
// Old: not available
func TestMissingTokenIsAnErrorInsteadOfACrash(t *testing.T) {
	s, clock := start(t)
	for _, credential := range []*v1alpha1.VaultCredential{nil, {}} {
		spec := byToken(s, secret("password", "kv/redis", "password", ""))
		spec.Credential = credential
		_, err := vault.Open(spec, nil, clock.now)
		if err == nil || !strings.Contains(err.Error(), "VAULT_TOKEN") || !strings.Contains(err.Error(), "credential.token") {
			t.Errorf("error %v", err)
		}
	}
}

// TestProblems: whatever is wrong is named with its remedy, and no value is told.
func TestProblems(t *testing.T) {
	s, clock := start(t)
	s.Put("", "secret", "gone", map[string]any{"password": planted})
	s.Put("", "secret", "gone", nil)
	s.Allow("narrow", source.Grant{Paths: []string{"secret/"}})
	s.Role("kubernetes", "theirs", source.Grant{}, "default:somebody")
	noToken := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(noToken, []byte(planted), 0o600); err != nil {
		t.Fatal(err)
	}
	login := func(role string, credential v1alpha1.VaultCredential) func(*v1alpha1.HashiCorpVault) {
		return func(v *v1alpha1.HashiCorpVault) {
			v.Authentication, v.Role, v.Mount, v.Credential = v1alpha1.VaultAuthenticationKubernetes, role, "kubernetes", &credential
		}
	}
	as := func(secret v1alpha1.VaultSecret) func(*v1alpha1.HashiCorpVault) {
		return func(v *v1alpha1.HashiCorpVault) { v.Secrets = []v1alpha1.VaultSecret{secret} }
	}
	for want, change := range map[string]func(*v1alpha1.HashiCorpVault){
		`parameter p: Vault at ` + s.URL + `: reading "kv/nothing": there is nothing`: as(secret("p", "kv/nothing", "a", "")),
		`data/ follows its mount`: as(secret("p", "secret/redis", "a", "")),
		`"kv/redis" has no key "passwort": it has [hosts more password port tls]`:           as(secret("p", "kv/redis", "passwort", "")),
		`"kv/redis" is no secret of a version 2 engine`:                                     as(secret("p", "kv/redis", "password", "secretV2")),
		`"secret/data/redis" has no key "password": it has [data metadata]`:                 as(secret("p", "secret/data/redis", "password", "secret")),
		`the latest version of "secret/data/gone" is deleted`:                               as(secret("p", "secret/data/gone", "password", "")),
		`key "more" of "kv/redis" is neither text nor a number`:                             as(secret("p", "kv/redis", "more", "")),
		`issuing a certificate at "pki/issue/web": it answered 400: the common_name field`:  as(secret("p", "pki/issue/web", "certificate", "pki")),
		`reading "kv/redis": it answered 403: 1 error occurred: * permission denied: check`: func(v *v1alpha1.HashiCorpVault) { v.Credential.Token = "narrow" },
		`it answered 403`: func(v *v1alpha1.HashiCorpVault) { v.Namespace = "elsewhere" },
		`logging in under role theirs at auth/kubernetes/login: it answered 403: service account name not authorized: check`: login("theirs", v1alpha1.VaultCredential{ServiceAccountName: "reader"}),
		`it answered 400: invalid role name "none"`: login("none", v1alpha1.VaultCredential{ServiceAccountName: "reader"}),
		`holds no service account token`:            login("theirs", v1alpha1.VaultCredential{ServiceAccount: noToken}),
		`/none: no such file`:                       login("theirs", v1alpha1.VaultCredential{ServiceAccount: "/none"}),
		`needs credential.serviceAccountName or`:    login("theirs", v1alpha1.VaultCredential{}),
		`authentication kubernetes needs role`:      login("", v1alpha1.VaultCredential{}),
		`authentication "ldap" is neither`:          func(v *v1alpha1.HashiCorpVault) { v.Authentication = "ldap" },
		`address must be a URL`:                     func(v *v1alpha1.HashiCorpVault) { v.Address = "vault" },
		`connection refused`:                        func(v *v1alpha1.HashiCorpVault) { v.Address = "http://user:" + planted + "@127.0.0.1:1" },
	} {
		t.Run(want, func(t *testing.T) {
			spec := byToken(s, secret("p", "kv/redis", "password", ""))
			change(spec)
			session, err := vault.Open(spec, func(context.Context) (string, error) { return jwt("default:reader"), nil }, clock.now)
			if err == nil {
				_, _, err = session.Read(t.Context(), false)
			}
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), planted) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v", err)
			}
		})
	}
	spec := byToken(s, secret("p", "kv/redis", "password", ""))
	login("theirs", v1alpha1.VaultCredential{ServiceAccountName: "reader"})(spec)
	refused := errors.New("refused")
	session, err := vault.Open(spec, func(context.Context) (string, error) { return "", refused }, clock.now)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := session.Read(t.Context(), false); !errors.Is(err, refused) {
		t.Errorf("error %v", err)
	}
}
