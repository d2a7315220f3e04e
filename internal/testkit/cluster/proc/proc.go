// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Package proc starts, recognises and ends the server processes of a development cluster. A process is known by its
// pid and its start time together, so that a recycled pid is never mistaken for ours, and nothing is ever ended by name.
// Linux only: it reads /proc.
package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// Process identifies one process of this boot of the machine.
type Process struct {
	Name  string `json:"name"`
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // clock ticks between boot and the start of the process
}

// Identify reads the identity of the running process pid. It fails if there is none, or only its zombie.
func Identify(name string, pid int) (Process, error) {
	start, err := startTime(pid)
	if err != nil {
		return Process{}, fmt.Errorf("identify process %d (%s): %w", pid, name, err)
	}
	return Process{Name: name, PID: pid, Start: start}, nil
}

// Alive reports whether exactly this process still runs. A zombie does not.
func (p Process) Alive() bool {
	start, err := startTime(p.PID)
	return err == nil && start == p.Start
}

// Signal sends sig to this process and to no other: the handle that os.FindProcess opens stays with one process, so the
// check of the start time after opening it holds for the signal too. A process that is gone is not an error.
func (p Process) Signal(sig syscall.Signal) error {
	h, err := os.FindProcess(p.PID)
	if err != nil {
		return fmt.Errorf("find process %d (%s): %w", p.PID, p.Name, err)
	}
	defer func() { _ = h.Release() }()
	if !p.Alive() {
		return nil
	}
	if err := h.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal process %d (%s): %w", p.PID, p.Name, err)
	}
	return nil
}

// Stop asks the processes to end, waits up to grace, and then kills what is left. It returns when none is alive, or
// with an error when ctx is done or one does not even die of SIGKILL within ten seconds. A zero grace kills at once.
func Stop(ctx context.Context, grace time.Duration, ps ...Process) error {
	if grace > 0 {
		if err := signalAll(syscall.SIGTERM, ps); err != nil {
			return err
		}
		if waitGone(ctx, grace, ps) == nil {
			return nil
		}
	}
	if err := signalAll(syscall.SIGKILL, ps); err != nil {
		return err
	}
	return waitGone(ctx, 10*time.Second, ps)
}

func signalAll(sig syscall.Signal, ps []Process) error {
	var errs []error
	for _, p := range ps {
		errs = append(errs, p.Signal(sig))
	}
	return errors.Join(errs...)
}

func waitGone(ctx context.Context, limit time.Duration, ps []Process) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for _, p := range ps {
		for p.Alive() {
			select {
			case <-ctx.Done():
				return fmt.Errorf("process %d (%s) still runs: %w", p.PID, p.Name, ctx.Err())
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	return nil
}

var errZombie = errors.New("the process has ended")

// startTime reads field 22 of /proc/PID/stat. The second field, the command, may hold spaces and parentheses, so
// fields are counted from the last closing one.
func startTime(pid int) (uint64, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	_, rest, ok := bytes.Cut(stat[max(0, bytes.LastIndexByte(stat, ')')):], []byte(") "))
	fields := bytes.Fields(rest)
	if !ok || len(fields) < 20 {
		return 0, fmt.Errorf("unreadable /proc/%d/stat", pid)
	}
	if s := fields[0][0]; s == 'Z' || s == 'X' {
		return 0, errZombie
	}
	return strconv.ParseUint(string(fields[19]), 10, 64)
}
