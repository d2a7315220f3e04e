// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package source starts event sources for tests: the real servers where Debian
// has them (Redis, Prometheus), and a scriptable HTTP server. Each runs on a free
// port of the loopback interface with its data in the test's own folder, and ends
// with the test. Fakes of services that cannot be run are in sub-packages.
package source

import (
	"bytes"
	"fmt"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startTimeout bounds the start and the stop of a server.
const startTimeout = 30 * time.Second

// process is a server program that a test started.
type process struct {
	tb   testing.TB
	path string
	args []string

	mu     sync.Mutex
	cmd    *exec.Cmd
	output *bytes.Buffer
	exited chan struct{}
}

// newProcess finds a program and registers its end with the test.
func newProcess(tb testing.TB, program, debianPackage string, args ...string) *process {
	tb.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		tb.Fatalf("%s is needed to test against a real server: apt-get install -y %s", program, debianPackage)
	}
	p := &process{tb: tb, path: path, args: args}
	tb.Cleanup(p.stop)
	return p
}

// start runs the program and waits until ready returns nil.
func (p *process) start(ready func() error) {
	p.tb.Helper()
	p.mu.Lock()
	p.output = &bytes.Buffer{}
	p.cmd = exec.Command(p.path, p.args...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	p.exited = make(chan struct{})
	cmd, exited := p.cmd, p.exited
	p.mu.Unlock()
	if err := cmd.Start(); err != nil {
		p.tb.Fatalf("starting %s: %v", p.path, err)
	}
	go func() {
		defer close(exited)
		_ = cmd.Wait() // the exit status of a server that is told to stop says nothing
	}()
	if err := waitFor(exited, ready); err != nil {
		p.stop()
		p.tb.Fatalf("%s did not become ready: %v\n%s", p.path, err, p.output)
	}
}

// stop ends the program: politely, then not.
func (p *process) stop() {
	p.mu.Lock()
	cmd, exited := p.cmd, p.exited
	p.cmd = nil
	p.mu.Unlock()
	if cmd == nil || cmd.Process == nil {
		return
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-exited:
	case <-time.After(startTimeout):
		_ = cmd.Process.Kill()
		<-exited
	}
}

// waitFor polls ready until it succeeds, the process ends or time is up.
func waitFor(exited <-chan struct{}, ready func() error) error {
	deadline := time.After(startTimeout)
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-exited:
			return fmt.Errorf("it exited: %w", err)
		case <-deadline:
			return err
		case <-time.After(10 * time.Millisecond):
		}
	}
}
