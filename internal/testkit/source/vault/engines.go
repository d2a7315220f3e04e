// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// kind is what an engine does.
type kind int

const (
	kv1 kind = iota
	kv2
	dynamic
	pki
)

// engine is a mounted secrets engine.
type engine struct {
	kind    kind
	secrets map[string]map[string]any // kv; nil is a deleted version
	version map[string]int
	ttl     time.Duration // of leases, and the default of certificates
	serial  int64
}

func (s *Server) mount(namespace, path string, e *engine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.secrets, e.version = map[string]map[string]any{}, map[string]int{}
	s.engines[place{namespace, path}] = e
}

// KV1 mounts a key-value engine of version 1.
func (s *Server) KV1(namespace, mount string) { s.mount(namespace, mount, &engine{kind: kv1}) }

// KV2 mounts a key-value engine of version 2.
func (s *Server) KV2(namespace, mount string) { s.mount(namespace, mount, &engine{kind: kv2}) }

// Dynamic mounts an engine that makes up a user and a password at every read of
// creds/<role>, leased for so long.
func (s *Server) Dynamic(namespace, mount string, ttl time.Duration) {
	s.mount(namespace, mount, &engine{kind: dynamic, ttl: ttl})
}

// lease is a user of a dynamic engine.
type lease struct {
	by   *token
	ends time.Time
}

// Lives says whether a user of a dynamic engine has not been taken away: with the
// end of the lease, or with that of the token that it was made with.
func (s *Server) Lives(user string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, known := s.leases[user]
	return known && s.now().Before(l.ends) && s.tokens[l.by.id] == l.by && !l.by.over(s.now())
}

// PKI mounts an engine that issues certificates at issue/<role>, which live so
// long unless the request says otherwise.
func (s *Server) PKI(namespace, mount string, ttl time.Duration) {
	s.mount(namespace, mount, &engine{kind: pki, ttl: ttl})
}

// Put writes a secret of a key-value engine. nil deletes its latest version.
func (s *Server) Put(namespace, mount, path string, values map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.engines[place{namespace, mount}]
	e.secrets[path] = values
	e.version[path]++
}

func (s *Server) secret(t *token, at place, method string, in map[string]any) (int, any) {
	for mounted, e := range s.engines {
		rest, ok := strings.CutPrefix(at.path, mounted.path+"/")
		if mounted.namespace != at.namespace || !ok {
			continue
		}
		switch e.kind {
		case kv1:
			return e.readKV1(rest)
		case kv2:
			return e.readKV2(rest, s.now())
		case dynamic:
			return s.lease(t, e, at.path, rest)
		case pki:
			return e.issue(rest, method, in, s.now())
		}
	}
	return failure(http.StatusNotFound, "no handler for route \""+at.path+"\". route entry not found.")
}

func (e *engine) readKV1(path string) (int, any) {
	values := e.secrets[path]
	if values == nil {
		return failure(http.StatusNotFound)
	}
	return http.StatusOK, map[string]any{"request_id": newID(""), "lease_duration": 2764800, "data": values}
}

func (e *engine) readKV2(path string, now time.Time) (int, any) {
	name, ok := strings.CutPrefix(path, "data/")
	if !ok {
		// Vault warns of a path without data/.
		return http.StatusNotFound, map[string]any{"errors": []string{}, "warnings": []string{
			"Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use."}}
	}
	version, known := e.version[name]
	if !known {
		return failure(http.StatusNotFound)
	}
	metadata := map[string]any{"version": version, "destroyed": false, "deletion_time": ""}
	data := map[string]any{"data": e.secrets[name], "metadata": metadata}
	if e.secrets[name] == nil {
		metadata["deletion_time"] = now.Format(time.RFC3339)
		data["data"] = nil
		return http.StatusNotFound, map[string]any{"request_id": newID(""), "data": data}
	}
	return http.StatusOK, map[string]any{"request_id": newID(""), "data": data}
}

// lease makes up a user who lives no longer than the token that asked.
func (s *Server) lease(t *token, e *engine, path, rest string) (int, any) {
	if !strings.HasPrefix(rest, "creds/") {
		return failure(http.StatusNotFound)
	}
	e.serial++
	s.leases["v-"+strconv.FormatInt(e.serial, 10)] = lease{t, s.now().Add(e.ttl)}
	return http.StatusOK, map[string]any{
		"request_id": newID(""), "lease_id": path + "/" + newID(""), "lease_duration": int(e.ttl.Seconds()), "renewable": true,
		"data": map[string]any{"username": "v-" + strconv.FormatInt(e.serial, 10), "password": newID("")},
	}
}

// issue makes a certificate that signs itself; its chain holds it twice, so that
// the answer has a list.
func (e *engine) issue(rest, method string, in map[string]any, now time.Time) (int, any) {
	name, _ := in["common_name"].(string)
	if !strings.HasPrefix(rest, "issue/") || method == http.MethodGet {
		return failure(http.StatusMethodNotAllowed, "unsupported operation")
	}
	if name == "" {
		return failure(http.StatusBadRequest, "the common_name field is required")
	}
	ttl := e.ttl
	if text, _ := in["ttl"].(string); text != "" {
		var err error
		if ttl, err = time.ParseDuration(text); err != nil {
			return failure(http.StatusBadRequest, "error converting input for field \"ttl\"")
		}
	}
	e.serial++
	certificate, key, err := certify(name, in, e.serial, now, ttl)
	if err != nil {
		return failure(http.StatusInternalServerError, err.Error())
	}
	return http.StatusOK, map[string]any{"request_id": newID(""), "data": map[string]any{
		"certificate": certificate, "private_key": key, "issuing_ca": certificate, "ca_chain": []string{certificate, certificate},
		"serial_number": strconv.FormatInt(e.serial, 16), "expiration": now.Add(ttl).Unix(), "private_key_type": "ec",
	}}
}

func certify(name string, in map[string]any, serial int64, now time.Time, ttl time.Duration) (certificate, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: now.Add(-time.Minute), NotAfter: now.Add(ttl),
	}
	if names, _ := in["alt_names"].(string); names != "" {
		template.DNSNames = append(template.DNSNames, strings.Split(names, ",")...)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return "", "", err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	encode := func(kind string, der []byte) string {
		return strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", pkcs8), nil
}
