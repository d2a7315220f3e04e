// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sigv4"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sqs"
	"github.com/keda-tf/terraform-provider-keda/internal/testkit/source/sts"
)

func TestStateTellsOfQueuesAndRoles(t *testing.T) {
	keys := &sigv4.Keys{}
	messages := sqs.New(keys)
	messages.Send("orders", "a", "b", "c")
	messages.Hide("orders", 1)
	w := httptest.NewRecorder()
	state(messages, sts.New(keys)).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/status", nil))
	const want = `{"assumedByWebIdentity":0,"queues":{"orders":{"visible":2,"inFlight":1,"delayed":0,"deleted":0}}}`
	if got := strings.TrimSpace(w.Body.String()); got != want {
		t.Errorf("status %s, want %s", got, want)
	}
}
