// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"encoding/pem"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// askVariable makes this test binary the process of TestTrust: it asks the URL in it.
const askVariable = "TRUST_TEST_URL"

// TestTrust: each source is trusted whose authority is in one of the folders. Go reads
// them once in a process, so each case is one.
func TestTrust(t *testing.T) {
	if url := os.Getenv(askVariable); url != "" {
		ask(t, url)
		return
	}
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	empty, trusted, missing := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "missing")
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(trusted, "ca.crt"), authority, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		folders []string
		system  string
		trusts  bool
	}{
		"none is given":              {},
		"in the second of three":     {folders: []string{missing, trusted, empty}, trusts: true},
		"in none of them":            {folders: []string{missing, empty}},
		"in a folder of the system":  {folders: []string{empty}, system: trusted, trusts: true},
		"beside those of the system": {folders: []string{trusted}, system: empty, trusts: true},
	} {
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTrust$")
		command.Env = append(os.Environ(), askVariable+"="+server.URL, "TRUST_TEST_FOLDERS="+strings.Join(c.folders, " "), trustedFolders+"="+c.system)
		out, err := command.CombinedOutput()
		if trusts := err == nil; trusts != c.trusts {
			t.Errorf("%s: trusted is %t:\n%s", name, trusts, out)
		}
		if err != nil && !strings.Contains(string(out), "certificate signed by unknown authority") {
			t.Errorf("%s: %s", name, out)
		}
	}
}

func ask(t *testing.T, url string) {
	var o Options
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	o.bindTrust(flags)
	for _, folder := range strings.Fields(os.Getenv("TRUST_TEST_FOLDERS")) {
		if err := flags.Parse([]string{"--" + flagCAFolder + "=" + folder}); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Trust(); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Client{Timeout: 30 * time.Second}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
}
