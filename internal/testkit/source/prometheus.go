// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/port"
)

// PrometheusServer is a real Prometheus that scrapes one exporter four times a
// second. Tests write the exporter's page.
type PrometheusServer struct {
	// URL is the server's address, without a path.
	URL string

	tb       testing.TB
	process  *process
	exporter *httptest.Server
	mu       sync.Mutex
	page     string
}

// Prometheus starts a server whose exporter has no metrics yet.
func Prometheus(tb testing.TB) *PrometheusServer {
	tb.Helper()
	s := &PrometheusServer{tb: tb}
	s.exporter = httptest.NewServer(http.HandlerFunc(s.export))
	tb.Cleanup(s.exporter.Close)

	dir := tb.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("scrape_configs:\n- job_name: exporter\n  scrape_interval: 250ms\n  scrape_timeout: 250ms\n"+
		"  static_configs: [{targets: [%q]}]\n", s.exporter.Listener.Addr().String())
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		tb.Fatalf("writing the Prometheus configuration: %v", err)
	}
	address := port.Address(tb)
	s.URL = "http://" + address
	s.process = newProcess(tb, "prometheus", "prometheus",
		"--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	s.Start()
	return s
}

// Start starts the server again after Stop, with its data.
func (s *PrometheusServer) Start() {
	s.tb.Helper()
	s.process.start(func() error {
		resp, err := http.Get(s.URL + "/-/ready")
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("/-/ready answers %s", resp.Status)
		}
		return nil
	})
}

// Export sets the exporter's page, in the text format, and waits until the
// server answers query with a series.
func (s *PrometheusServer) Export(page, query string) {
	s.tb.Helper()
	s.mu.Lock()
	s.page = page
	s.mu.Unlock()
	err := waitFor(s.process.exited, func() error { return s.answers(query) })
	if err != nil {
		s.tb.Fatalf("Prometheus query %q: %v", query, err)
	}
}

func (s *PrometheusServer) answers(query string) error {
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get(s.URL + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Data struct {
			Result []json.RawMessage `json:"result"`
		} `json:"data"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	if len(answer.Data.Result) == 0 {
		return errors.New("no series yet")
	}
	return nil
}

func (s *PrometheusServer) export(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	_, _ = w.Write([]byte(s.page))
}
