// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package scaler_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
)

func TestClassify(t *testing.T) {
	tests := map[string]struct {
		err   error
		class scaler.Class
		after time.Duration
	}{
		"nil":         {},
		"unmarked":    {err: io.EOF, class: scaler.ClassTransient},
		"marked":      {err: scaler.Misconfigured(io.EOF), class: scaler.ClassMisconfigured},
		"wrapped":     {err: fmt.Errorf("more: %w", scaler.Terminal(io.EOF)), class: scaler.ClassTerminal},
		"outermost":   {err: scaler.Terminal(fmt.Errorf("more: %w", scaler.Misconfigured(io.EOF))), class: scaler.ClassTerminal},
		"throttled":   {err: fmt.Errorf("more: %w", scaler.Throttled(io.EOF, time.Minute)), class: scaler.ClassThrottled, after: time.Minute},
		"impatient":   {err: scaler.Throttled(io.EOF, -time.Minute), class: scaler.ClassThrottled},
		"no value":    {err: fmt.Errorf("more: %w: none", scaler.ErrNoValue), class: scaler.ClassNoValue},
		"certificate": {err: fmt.Errorf("more: %w", &tls.CertificateVerificationError{Err: io.EOF}), class: scaler.ClassMisconfigured},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if class, after := scaler.Classify(test.err), scaler.RetryAfter(test.err); class != test.class || after != test.after {
				t.Errorf("got %q, %v; want %q, %v", class, after, test.class, test.after)
			}
		})
	}
	if err := scaler.Misconfigured(io.EOF); !errors.Is(err, io.EOF) || err.Error() != io.EOF.Error() {
		t.Errorf("a mark changes the error to %v", err)
	}
	if scaler.Misconfigured(nil) != nil || scaler.Terminal(nil) != nil || scaler.Throttled(nil, 1) != nil {
		t.Error("a mark makes an error of none")
	}
}

func TestServerID(t *testing.T) {
	id := scaler.ServerID("redis", "a:1", "user", "secret")
	if id != scaler.ServerID("redis", "a:1", "user", "secret") {
		t.Error("equal settings have two IDs")
	}
	for name, other := range map[string]string{
		"kind":    scaler.ServerID("cluster", "a:1", "user", "secret"),
		"address": scaler.ServerID("redis", "a:2", "user", "secret"),
		"setting": scaler.ServerID("redis", "a:1", "user", "Secret"),
		"split":   scaler.ServerID("redis", "a:1", "users", "ecret"),
	} {
		if other == id {
			t.Errorf("another %s has the same ID", name)
		}
	}
	if !strings.HasPrefix(id, "redis a:1 ") || strings.Contains(id, "secret") {
		t.Errorf("ID is %q", id)
	}
}
