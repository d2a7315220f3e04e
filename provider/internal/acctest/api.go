// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package acctest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/yaml"
)

// API is an API server that keeps objects in memory. It answers reads,
// server-side apply and deletion; an apply replaces the object but for what the
// server owns. It knows no schemas.
type API struct {
	// URL is the address of the server.
	URL string
	// NoKinds makes the server answer as if there were no custom resources.
	NoKinds bool
	// Status is what a controller would report, put on every applied object.
	Status func(object map[string]any) map[string]any
	// Fail answers a request with this HTTP status if it is not 0. It may change
	// objects, as another client would right before the request.
	Fail func(*http.Request) int
	// Refuse answers an apply with this status object instead.
	Refuse map[string]any
	// Keep holds objects back when they are deleted, as a finalizer does.
	Keep bool

	mu      sync.Mutex
	objects map[string]map[string]any
	serial  int
}

// NewAPI starts a server that ends with the test.
func NewAPI(t testing.TB) *API {
	api := &API{objects: map[string]map[string]any{}}
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	api.URL = server.URL
	return api
}

// Object returns the stored object of a path such as
// namespaces/default/scaledobjects/x, nil when there is none. The path of an
// object that is no custom resource of KEDA begins with / and its API.
func (a *API) Object(path string) map[string]any {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.objects[full(path)]
}

// Put stores an object as if another client had written it.
func (a *API) Put(path string, object map[string]any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.objects[full(path)] = a.stored(object, nil)
}

// Remove deletes an object as if another client had.
func (a *API) Remove(path string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.objects, full(path))
}

const prefix = "/apis/keda.sh/v1alpha1/"

func full(path string) string {
	if strings.HasPrefix(path, "/") {
		return path
	}
	return prefix + path
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	failure := 0
	if a.Fail != nil {
		failure = a.Fail(r)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case failure != 0:
		http.Error(w, http.StatusText(failure), failure)
	case strings.HasSuffix(r.URL.Path, "/events"):
		reply(w, http.StatusOK, a.events())
	case a.NoKinds:
		http.Error(w, "404 page not found", http.StatusNotFound)
	case r.Method == http.MethodGet && isList(r.URL.Path):
		reply(w, http.StatusOK, a.list(r))
	case r.Method == http.MethodPatch && a.Refuse != nil:
		code, _ := a.Refuse["code"].(float64)
		reply(w, int(code), a.Refuse)
	case r.Method == http.MethodPatch:
		a.apply(w, r)
	case a.objects[r.URL.Path] == nil:
		notFound(w, r.URL.Path)
	case r.Method == http.MethodDelete:
		a.remove(r.URL.Path)
		reply(w, http.StatusOK, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Success"})
	default:
		reply(w, http.StatusOK, a.objects[r.URL.Path])
	}
}

// isList tells the path of a collection from that of an object.
func isList(path string) bool {
	names := strings.Split(strings.Trim(path, "/"), "/")
	if names[0] == "apis" {
		names = names[1:]
	}
	return len(names)%2 == 1
}

// list answers for a namespace or all, and knows selection by name only.
func (a *API) list(r *http.Request) map[string]any {
	namespace, resource := "", r.URL.Path[strings.LastIndexByte(r.URL.Path, '/'):]
	base, rest, namespaced := strings.Cut(r.URL.Path, "/namespaces/")
	if namespaced {
		namespace, _, _ = strings.Cut(rest, "/")
	} else {
		base = strings.TrimSuffix(base, resource)
	}
	items := []any{}
	for path, object := range a.objects {
		under, name, found := strings.Cut(path, resource+"/")
		wanted, selected := strings.CutPrefix(r.URL.Query().Get("fieldSelector"), "metadata.name=")
		if found && !strings.Contains(name, "/") && (!selected || name == wanted) &&
			(under == base+"/namespaces/"+namespace || !namespaced && (under == base || strings.HasPrefix(under, base+"/namespaces/"))) {
			items = append(items, object)
		}
	}
	return map[string]any{"kind": "List", "apiVersion": "v1", "items": items}
}

func (a *API) apply(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	object := map[string]any{}
	if err == nil {
		err = yaml.Unmarshal(body, &object)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	old := a.objects[r.URL.Path]
	if status := otherUID(object, old); status != nil {
		code, _ := status["code"].(int)
		reply(w, code, status)
		return
	}
	a.objects[r.URL.Path] = a.stored(object, old)
	reply(w, http.StatusOK, a.objects[r.URL.Path])
}

// otherUID is the answer to an apply that means another object than the one of
// its name.
func otherUID(object, old map[string]any) map[string]any {
	metadata, _ := object["metadata"].(map[string]any)
	before, _ := old["metadata"].(map[string]any)
	switch uid := metadata["uid"]; {
	case old != nil && metadata["resourceVersion"] == "0":
		return invalid("metadata.resourceVersion", "must be specified for an update")
	case uid == nil || uid == before["uid"]:
		return nil
	case old == nil:
		return map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Conflict", "code": http.StatusConflict, "message": fmt.Sprintf(
			"uid mismatch: the provided object specified uid %s, and no existing object was found", uid)}
	}
	return invalid("metadata.uid", "field is immutable")
}

func invalid(field, message string) map[string]any {
	return map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Invalid", "code": http.StatusUnprocessableEntity, "message": "invalid",
		"details": map[string]any{"causes": []any{map[string]any{"reason": "FieldValueInvalid", "field": field, "message": message}}}}
}

// stored completes an object by what the server owns.
func (a *API) stored(object, old map[string]any) map[string]any {
	metadata, _ := object["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	a.serial++
	generation, uid := 1.0, fmt.Sprintf("uid-%d", a.serial)
	if before, ok := old["metadata"].(map[string]any); ok {
		uid, _ = before["uid"].(string)
		generation, _ = before["generation"].(float64)
		if !reflect.DeepEqual(old["spec"], object["spec"]) {
			generation++
		}
	}
	metadata["uid"], metadata["generation"], metadata["resourceVersion"] = uid, generation, strconv.Itoa(a.serial)
	stored := maps.Clone(object)
	stored["metadata"] = metadata
	if a.Status != nil {
		stored["status"] = a.Status(stored)
	}
	return stored
}

func (a *API) remove(path string) {
	if !a.Keep {
		delete(a.objects, path)
		return
	}
	metadata, _ := a.objects[path]["metadata"].(map[string]any)
	metadata["deletionTimestamp"], metadata["finalizers"] = "2026-01-01T00:00:00Z", []any{"finalizer.keda.sh"}
}

func (a *API) events() map[string]any {
	return map[string]any{"kind": "EventList", "apiVersion": "v1", "items": []any{map[string]any{
		"kind": "Event", "apiVersion": "v1", "metadata": map[string]any{"name": "e", "namespace": "default"},
		"type": "Warning", "reason": "KEDAScalerFailed", "message": "the queue does not exist", "lastTimestamp": "2026-01-01T00:00:00Z",
	}}}
}

func notFound(w http.ResponseWriter, path string) {
	name := path[strings.LastIndexByte(path, '/')+1:]
	reply(w, http.StatusNotFound, map[string]any{
		"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404,
		"message": fmt.Sprintf("%q not found", name), "details": map[string]any{"name": name, "group": "keda.sh"},
	})
}

func reply(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	// A client that has gone away is no concern of a test server.
	_ = json.NewEncoder(w).Encode(body)
}
