// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/http"
)

func gauge(ctx context.Context, s settings) error { return serve(ctx, s.listen, number(s)) }

// number serves {"value": N} at /value to clients that send the key in X-API-KEY.
func number(s settings) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /value", func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("X-API-KEY")), []byte(s.apiKey)) == 0 {
			http.Error(w, "the header X-API-KEY does not hold the key", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]float64{"value": s.value}) // the client may be gone
	})
	return mux
}
