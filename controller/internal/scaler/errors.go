// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package scaler

import (
	"crypto/tls"
	"errors"
	"time"
)

// Class says what kind of failure an error is, and so what the poller does about
// it: how soon it asks again and what the object's condition says.
type Class string

const (
	// ClassTransient is the class of everything that asking again may cure: a
	// server that is down, a timeout, an HTTP status 5xx. It is the class of
	// errors that nobody classified.
	ClassTransient Class = "Transient"
	// ClassMisconfigured needs a change of the object, of its authentication or
	// of what they name: bad credentials, a malformed query, a key of the wrong
	// type.
	ClassMisconfigured Class = "Misconfigured"
	// ClassThrottled is a server that asks for patience; see RetryAfter.
	ClassThrottled Class = "Throttled"
	// ClassTerminal is a server that will not learn to answer: a missing
	// feature, a command that it forbids.
	ClassTerminal Class = "Terminal"
	// ClassNoValue is a server that is well and has nothing to measure; see
	// ErrNoValue.
	ClassNoValue Class = "NoValue"
)

// ErrNoValue says that a source answered, and had no value. Errors that mean it
// wrap it.
var ErrNoValue = errors.New("no value")

// classified attaches a class to an error. Its message is the error's own.
type classified struct {
	class      Class
	retryAfter time.Duration
	err        error
}

func (e *classified) Error() string { return e.err.Error() }
func (e *classified) Unwrap() error { return e.err }

// Misconfigured marks err as one that only a change of configuration can cure.
// It returns nil for nil.
func Misconfigured(err error) error { return classify(err, ClassMisconfigured, 0) }

// Terminal marks err as one that asking again will not cure. It returns nil for
// nil.
func Terminal(err error) error { return classify(err, ClassTerminal, 0) }

// Throttled marks err as a request for patience: the server is not to be asked
// before after has passed, and zero leaves the time to the poller. It returns
// nil for nil.
func Throttled(err error, after time.Duration) error {
	return classify(err, ClassThrottled, max(after, 0))
}

func classify(err error, class Class, after time.Duration) error {
	if err == nil {
		return nil
	}
	return &classified{class: class, retryAfter: after, err: err}
}

// Classify returns the class of err: that of the outermost mark in its chain.
// Without a mark ErrNoValue is ClassNoValue, a server certificate that does not
// verify ClassMisconfigured and everything else ClassTransient. A nil error has no
// class, "".
func Classify(err error) Class {
	if err == nil {
		return ""
	}
	var mark *classified
	if errors.As(err, &mark) {
		return mark.class
	}
	if errors.Is(err, ErrNoValue) {
		return ClassNoValue
	}
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &untrusted) {
		return ClassMisconfigured
	}
	return ClassTransient
}

// RetryAfter returns how long a throttling server wants to be left alone, zero
// where it did not say or err is of another class.
func RetryAfter(err error) time.Duration {
	var mark *classified
	if errors.As(err, &mark) {
		return mark.retryAfter
	}
	return 0
}
