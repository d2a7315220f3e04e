// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package proc

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// Spec says how to start one server.
type Spec struct {
	Name string   // what messages and the state file call it
	Args []string // program and arguments
	Env  []string // added to this process's environment
	Log  string   // file that takes its output; created or appended to
	// DieWithParent has the kernel kill the server when this process ends, however it ends. Servers of a cluster that
	// belongs to a test must not outlive a test that panics or is killed.
	DieWithParent bool
}

// Child is a process that we started.
type Child struct {
	Process
	log  string
	done chan struct{}
	err  error
}

// Start starts the server in a session of its own, so that a Ctrl-C at the terminal does not reach it, and reaps it
// when it ends.
func Start(s Spec) (*Child, error) {
	log, err := os.OpenFile(s.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Name, err)
	}
	defer log.Close()
	cmd := exec.Command(s.Args[0], s.Args[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), s.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if s.DieWithParent {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
		err = onLastingThread(cmd.Start)
	} else {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Name, err)
	}
	c := &Child{log: s.Log, done: make(chan struct{})}
	// A child cannot vanish before it is waited for, so an error here means that it ended at once.
	if c.Process, err = Identify(s.Name, cmd.Process.Pid); err != nil {
		_ = cmd.Wait()
		return nil, fmt.Errorf("%s ended at once: %s", s.Name, tail(s.Log))
	}
	go func() {
		c.err = cmd.Wait()
		close(c.done)
	}()
	return c, nil
}

// Done is closed when the process has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Exited explains the end of the process, with the end of its log. Only after Done.
func (c *Child) Exited() error {
	<-c.done
	return fmt.Errorf("%s ended (%s); the end of %s:\n%s", c.Name, fmt.Sprint(c.err), c.log, tail(c.log)) // c.err may be nil
}

// tail is the last two kilobytes of a log.
func tail(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(bytes.TrimSpace(b[max(0, len(b)-2048):]))
}

// starter runs functions on one thread that lives as long as the process does. The kernel sends the parent-death
// signal when the *thread* that forked ends, and Go ends idle threads at will.
var starter = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})

func onLastingThread(f func() error) error {
	result := make(chan error)
	starter() <- func() { result <- f() }
	return <-result
}
