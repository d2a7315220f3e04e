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
	"maps"
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
func (p *play) workdir() string { return filepath.Join(p.cache, "terraform", p.name) }

// state is what Terraform remembers.
func (p *play) state() (string, error) {
	text, err := os.ReadFile(filepath.Join(p.workdir(), "terraform.tfstate"))
	return string(text), err
}

// terraform runs a command that changes things: apply, with changes to the story's variables, or destroy. The provider is
// the one that was built, by dev_overrides, so there is nothing to init and nothing to download.
func (p *play) terraform(ctx context.Context, limit time.Duration, command string, changes map[string]any) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer p.steps.Step(p.name+": terraform "+command, nil)()
	if err := p.configuration(ctx, changes); err != nil {
		return err
	}
	cmd := p.command(ctx, command, "-auto-approve")
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = in, in
	told := make(chan string, 1)
	go func() { told <- p.tell(out) }()
	err := cmd.Run()
	_ = in.Close()
	said := <-told
	if err != nil {
		return fmt.Errorf("story %s: terraform %s: %w\n%s", p.name, command, errors.Join(err, ctx.Err()), said)
	}
	if command == "destroy" {
		return os.RemoveAll(p.workdir())
	}
	return nil
}

// plan asks what another apply would change, and returns the addresses.
func (p *play) plan(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, applyLimit)
	defer cancel()
	out, err := p.command(ctx, "plan", "-detailed-exitcode").CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 2 { // it would change something
		return strings.Join(planned.FindAllString(string(out), -1), " "), nil
	}
	if err != nil {
		return "", fmt.Errorf("story %s: terraform plan: %w\n%s", p.name, err, out)
	}
	return "", nil
}

// planned is what a plan says about each resource that it would change.
var planned = regexp.MustCompile(`keda_\S+ (will|must) be`)

// command is Terraform in the story's folder.
func (p *play) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.Terraform, append(args, "-input=false", "-no-color")...)
	// Terraform saves its state when it is interrupted, not when it is killed or interrupted twice: a terminal would
	// interrupt its whole process group, beside Cancel.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	cmd.Dir = p.workdir()
	cmd.Env = p.environ()
	return cmd
}

// events are the lines of Terraform's output that tell of progress.
var events = regexp.MustCompile(`^(keda_\S+: |Apply complete|Destroy complete|Plan: )`)

// tell shows progress and returns everything else, which is of interest after a failure.
func (p *play) tell(out io.Reader) string {
	var rest strings.Builder
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if events.MatchString(lines.Text()) {
			fmt.Fprintln(p.others(), lines.Text())
			continue
		}
		fmt.Fprintln(&rest, lines.Text())
	}
	_, _ = io.Copy(io.Discard, out) // a line that is too long must not block Terraform
	return rest.String()
}

// configuration copies the example and writes its variables.
func (p *play) configuration(ctx context.Context, changes map[string]any) error {
	for _, name := range []string{"main.tf", "variables.tf"} {
		text, err := os.ReadFile(p.example(name))
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(p.workdir(), name), string(text)); err != nil {
			return err
		}
	}
	node, err := p.node(ctx)
	if err != nil {
		return err
	}
	variables := p.story.settings(p, node)
	maps.Copy(variables, changes)
	text, err := json.MarshalIndent(variables, "", "  ")
	if err != nil {
		return err
	}
	cli := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"keda-tf/keda\" = %q\n  }\n  direct {}\n}\ndisable_checkpoint = true\n", p.providerFolder())
	return errors.Join(writeFile(p.variablesFile(), string(text)), writeFile(p.cliFile(), cli))
}

func (p *play) variablesFile() string { return filepath.Join(p.workdir(), "terraform.tfvars.json") }

// variables are those of the last configuration.
func (p *play) variables() (variables map[string]any, err error) {
	text, err := os.ReadFile(p.variablesFile())
	if err != nil {
		return nil, err
	}
	return variables, json.Unmarshal(text, &variables)
}

func (p *play) cliFile() string { return filepath.Join(p.workdir(), "terraform.rc") }

// environ is this process's own without settings that would reach another cluster or other files.
func (p *play) environ() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "TF_") && !strings.HasPrefix(v, "KUBE_") {
			env = append(env, v)
		}
	}
	env = append(env, "TF_CLI_CONFIG_FILE="+p.cliFile(), "TF_IN_AUTOMATION=1")
	file, kubeContext := p.target.kubeconfig()
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
