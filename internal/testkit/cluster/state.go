// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/keda-tf/terraform-provider-keda/internal/testkit/cluster/proc"
)

// ErrNotRunning is returned for a cluster that does not exist.
var ErrNotRunning = errors.New("no such cluster is running")

// State is what a cluster's state.json says. It is written before anything that would have to be cleaned up is made, so
// that a cluster whose start was interrupted can be taken down like any other.
type State struct {
	Name      string         `json:"name"`
	Mode      Mode           `json:"mode"`
	Created   time.Time      `json:"created"`
	Ready     bool           `json:"ready"` // Up has finished
	Ports     Ports          `json:"ports"`
	Processes []proc.Process `json:"processes"` // in the order of their start
	// Owner is the process that an ephemeral cluster belongs to: when it is gone, so may the cluster be.
	Owner *proc.Process `json:"owner,omitempty"`
	// Sysctls are kernel parameters of the machine to restore, while they may be changed.
	Sysctls map[string]string `json:"sysctls,omitempty"`
}

// alive reports whether every process of the cluster runs.
func (s *State) alive() bool {
	for _, p := range s.Processes {
		if !p.Alive() {
			return false
		}
	}
	return s.Ready
}

// orphaned reports whether the process that an ephemeral cluster belongs to is gone.
func (s *State) orphaned() bool { return s.Owner != nil && !s.Owner.Alive() }

func (s *State) save(dir string) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	tmp := filepath.Join(dir, "state.json.new")
	if err := os.WriteFile(tmp, append(b, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, "state.json"))
}

func load(dir string) (*State, error) {
	b, err := os.ReadFile(filepath.Join(dir, "state.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w (%s)", ErrNotRunning, filepath.Base(dir))
	}
	if err != nil {
		return nil, err
	}
	s := &State{}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, "state.json"), err)
	}
	return s, nil
}

// List returns the states of all clusters in the cache, running or not.
func List() ([]*State, error) {
	cache, err := Cache()
	if err != nil {
		return nil, err
	}
	return list(cache)
}

func list(cache string) ([]*State, error) {
	dirs, err := filepath.Glob(filepath.Join(cache, "clusters", "*", "state.json"))
	if err != nil {
		return nil, err
	}
	var states []*State
	for _, d := range dirs {
		s, err := load(filepath.Dir(d))
		if errors.Is(err, ErrNotRunning) {
			continue // taken down since the folder was read
		}
		if err != nil {
			return nil, err
		}
		states = append(states, s)
	}
	return states, nil
}

// lockDir takes an exclusive lock on a folder, which the kernel gives up when this process ends. With create the folder
// is made. The holder may remove the folder; whoever waited then starts over, because the path means another folder.
func lockDir(dir string, create bool) (unlock func(), err error) {
	for {
		if create {
			// MkdirAll says ErrExist if the folder vanishes while it looks; opening it decides.
			if err := os.MkdirAll(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
				return nil, err
			}
		}
		f, err := os.Open(dir)
		if create && errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
			_ = f.Close()
			return nil, fmt.Errorf("lock %s: %w", dir, err)
		}
		held, err := f.Stat()
		if now, errNow := os.Stat(dir); err == nil && errNow == nil && os.SameFile(held, now) {
			return func() { _ = f.Close() }, nil
		}
		_ = f.Close()
	}
}
