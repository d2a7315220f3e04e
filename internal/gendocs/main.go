// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Command gendocs writes docs/: the provider's pages from its schema, templates
// and examples with tfplugindocs, one guide per trigger type from its declaration,
// and the pages that compare us with KEDA from the tests. It needs terraform, no
// network but the Go module proxy, and leaves nothing else behind. `make generate`
// runs it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger/page"
	"github.com/keda-tf/terraform-provider-keda/internal/contract"
)

//go:generate go run .

// tfplugindocs is pinned here and not in go.mod: its dependencies are not ours.
const tfplugindocs = "github.com/hashicorp/terraform-plugin-docs/cmd/tfplugindocs@v0.25.0"

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

func generate() error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "gendocs")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work) // nothing depends on it
	schema, err := providerSchema(root, work)
	if err != nil {
		return err
	}
	err = run(root, nil, "go", "run", tfplugindocs, "generate", "--provider-dir", root, "--provider-name", "terraform-provider-keda",
		"--rendered-provider-name", "KEDA", "--providers-schema", schema)
	if err != nil {
		return err
	}
	guides := filepath.Join(root, "docs", "guides")
	if err := triggerGuides(guides); err != nil {
		return err
	}
	return contractPages(root, guides)
}

// contractPages writes what the tests prove. They are written also when something
// is not proved, which is an error.
func contractPages(root, dir string) error {
	pages, gaps := contract.Pages(root)
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return gaps
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

// providerSchema builds the provider and has terraform print its schema.
func providerSchema(root, work string) (string, error) {
	binary := filepath.Join(work, "bin", "terraform-provider-keda")
	if err := run(root, []string{"CGO_ENABLED=0"}, "go", "build", "-o", binary, "."); err != nil {
		return "", err
	}
	rc := filepath.Join(work, "terraform.rc")
	override := fmt.Sprintf("provider_installation {\n  dev_overrides { \"keda-tf/keda\" = %q }\n  direct {}\n}\ndisable_checkpoint = true\n", filepath.Dir(binary))
	config := "terraform {\n  required_providers {\n    keda = { source = \"keda-tf/keda\" }\n  }\n}\n"
	for path, content := range map[string]string{rc: override, filepath.Join(work, "main.tf"): config} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return "", err
		}
	}
	cmd := exec.Command("terraform", "-chdir="+work, "providers", "schema", "-json")
	cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+rc)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("terraform providers schema (is terraform installed?): %w", err)
	}
	if out, err = renamed(out); err != nil {
		return "", err
	}
	path := filepath.Join(work, "schema.json")
	return path, os.WriteFile(path, out, 0o600)
}

// renamed puts the only schema under the provider's bare name, where tfplugindocs
// looks for providers of other namespaces than its own.
func renamed(schemas []byte) ([]byte, error) {
	var document map[string]json.RawMessage
	if err := json.Unmarshal(schemas, &document); err != nil {
		return nil, fmt.Errorf("provider schema: %w", err)
	}
	var providers map[string]json.RawMessage
	if err := json.Unmarshal(document["provider_schemas"], &providers); err != nil {
		return nil, fmt.Errorf("provider schema: %w", err)
	}
	for _, schema := range providers {
		providers = map[string]json.RawMessage{"keda": schema}
	}
	var err error
	if document["provider_schemas"], err = json.Marshal(providers); err != nil {
		return nil, err
	}
	return json.Marshal(document)
}

func run(dir string, env []string, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return nil
}

// triggerGuides writes one page for each trigger type.
func triggerGuides(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, d := range trigger.All() {
		path := filepath.Join(dir, "trigger_"+d.Type+".md")
		if err := os.WriteFile(path, []byte(page.Page(d)), 0o644); err != nil {
			return err
		}
	}
	return nil
}
