// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

func (s *show) findTerraform() error {
	if _, err := exec.LookPath(s.Terraform); err != nil {
		return fmt.Errorf("%s is not in PATH: install Terraform (https://developer.hashicorp.com/terraform/install) or OpenTofu, or name it with -terraform: %w", s.Terraform, err)
	}
	return nil
}

// workdir has a copy of the example, and the state.
func (s *show) workdir() string { return filepath.Join(s.cache, "terraform") }

// terraform runs a command that changes things: apply or destroy. The provider is the one that was built, by
// dev_overrides, so there is nothing to init and nothing to download.
func (s *show) terraform(ctx context.Context, limit time.Duration, command string) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer s.steps.Step("terraform "+command, nil)()
	if err := s.configuration(ctx, command == "apply"); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, s.Terraform, command, "-auto-approve", "-input=false", "-no-color")
	// Terraform saves its state when it is interrupted, not when it is killed or interrupted twice: a terminal would
	// interrupt its whole process group, beside Cancel.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	cmd.Dir = s.workdir()
	cmd.Env = s.environment()
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = in, in
	told := make(chan string, 1)
	go func() { told <- s.tell(out) }()
	err := cmd.Run()
	_ = in.Close()
	said := <-told
	if err != nil {
		return fmt.Errorf("terraform %s: %w\n%s", command, errors.Join(err, ctx.Err()), said)
	}
	return nil
}

// events are the lines of Terraform's output that tell of progress.
var events = regexp.MustCompile(`^(keda_\S+: |Apply complete|Destroy complete|Plan: )`)

// tell shows progress and returns everything else, which is of interest after a failure.
func (s *show) tell(out io.Reader) string {
	var rest strings.Builder
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if events.MatchString(lines.Text()) {
			fmt.Fprintln(indented{s.Out}, lines.Text())
			continue
		}
		fmt.Fprintln(&rest, lines.Text())
	}
	_, _ = io.Copy(io.Discard, out) // a line that is too long must not block Terraform
	return rest.String()
}

// configuration copies the example and writes its variables. afresh forgets the state of a cluster that is gone.
func (s *show) configuration(ctx context.Context, afresh bool) error {
	if afresh {
		if err := os.RemoveAll(s.workdir()); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(s.workdir(), 0o755); err != nil {
		return err
	}
	for _, name := range []string{"main.tf", "variables.tf"} {
		text, err := os.ReadFile(s.example(name))
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(s.workdir(), name), string(text)); err != nil {
			return err
		}
	}
	node, err := s.node(ctx)
	if err != nil {
		return err
	}
	variables, err := json.MarshalIndent(map[string]any{
		"images":        map[string]string{"controller": controllerImage, "metrics_adapter": adapterImage, "csvdemo": csvdemoImage},
		"node_selector": node,
	}, "", "  ")
	if err != nil {
		return err
	}
	settings := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"keda-tf/keda\" = %q\n  }\n  direct {}\n}\ndisable_checkpoint = true\n", s.providerFolder())
	return errors.Join(writeFile(filepath.Join(s.workdir(), "terraform.tfvars.json"), string(variables)),
		writeFile(s.settings(), settings))
}

func (s *show) settings() string { return filepath.Join(s.workdir(), "terraform.rc") }

// environment is this process's own without settings that would reach another cluster or other files.
func (s *show) environment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "TF_") && !strings.HasPrefix(v, "KUBE_") {
			env = append(env, v)
		}
	}
	env = append(env, "TF_CLI_CONFIG_FILE="+s.settings(), "TF_IN_AUTOMATION=1")
	file, kubeContext := s.target.kubeconfig()
	if file == "" {
		file = kubeconfigFiles()
	}
	env = append(env, "KUBE_CONFIG_PATHS="+file)
	if kubeContext != "" {
		env = append(env, "KUBE_CTX="+kubeContext)
	}
	return env
}

// kubeconfigFiles are the files that kubectl would read.
func kubeconfigFiles() string {
	if paths := os.Getenv("KUBECONFIG"); paths != "" {
		return paths
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".kube", "config")
}
