// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/keda-tf/terraform-provider-keda/internal/demo/evidence"
)

// observe serves /lengths (an evidence.Lengths) and /evidence (an evidence.Evidence) as JSON.
func observe(ctx context.Context, s settings, c *redis.Client) error {
	server := &http.Server{Addr: s.listen, Handler: handler(s, c), ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func handler(s settings, c *redis.Client) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /lengths", answer(func(ctx context.Context) (any, error) { return lengths(ctx, c) }))
	mux.HandleFunc("GET /evidence", answer(func(ctx context.Context) (any, error) { return gather(ctx, s.data, c) }))
	return mux
}

func answer(get func(context.Context) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := get(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v) // the client went away: nobody is left to tell
	}
}

func lengths(ctx context.Context, c *redis.Client) (l evidence.Lengths, err error) {
	if l.CSVsWaiting, l.CSVsInWork, l.CSVsDone, err = csvs.counts(ctx, c); err != nil {
		return l, err
	}
	l.ReportsWaiting, l.ReportsInWork, l.ReportsDone, err = reports.counts(ctx, c)
	return l, err
}

// gather reads everything again from the files and the ledgers.
func gather(ctx context.Context, data string, c *redis.Client) (e evidence.Evidence, err error) {
	if e.Lengths, err = lengths(ctx, c); err != nil {
		return e, err
	}
	if e.Processed, err = csvs.entries(ctx, c); err != nil {
		return e, err
	}
	if e.Published, err = reports.entries(ctx, c); err != nil {
		return e, err
	}
	if e.Raw, err = totals(rawPath(data, "*.csv"), rawHeader); err != nil {
		return e, err
	}
	if e.Aggregated, err = totals(aggregatedPath(data, "*.csv"), aggregatedHeader); err != nil {
		return e, err
	}
	for i := range e.Aggregated {
		e.Aggregated[i].Rows = 0 // always one for each item
	}
	return e, nil
}

func totals(pattern string, header []string) ([]evidence.Totals, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	var all []evidence.Totals
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		name := strings.Replace(filepath.Base(path), aggregatedSuffix, ".csv", 1)
		q, rows, err := sum(f, header)
		_ = f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, evidence.Totals{Name: name, Rows: rows, Quantities: q})
	}
	return all, nil
}
