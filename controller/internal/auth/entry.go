// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"regexp"
	"sync"
	"time"
)

// values are what a source said.
type values struct {
	parameters map[string]string
	// renew is when to read again at the latest, because something ends by itself;
	// ends is when the values are of no use any more. Zero is never.
	renew, ends time.Time
}

// fetch reads a source. doubted says that its last values do not seem to work. It
// is not called twice at the same time for one entry.
type fetch func(ctx context.Context, doubted bool) (values, error)

// source is a source of one authentication that no watch covers.
type source struct {
	// id is different for each version of the authentication and each set of
	// credentials that the source is opened with.
	id Reference
	// owner is the authentication, name the field of its spec.
	owner   Reference
	name    string
	version string
	fetch   fetch
}

// entry is what is kept of one source. Stores.mu guards it.
type entry struct {
	source
	flight  chan struct{} // closed when the present look at the source ends; nil without
	touched time.Time     // last needed
	tried   time.Time     // when the last look began
	due     time.Time
	doubted bool

	values   values
	until    time.Time // the values serve until then
	read     time.Time // when they were read
	problem  error     // of the last look
	failures int       // looks in a row that failed
	told     string    // the problem that was told although the values serve
}

func (e *entry) usable(now time.Time) bool { return e.values.parameters != nil && now.Before(e.until) }

// attempt reads the source once. Clients of others run here, and a panic of one
// must not end the process.
func (e *entry) attempt(ctx context.Context, doubted bool) (got values, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("reading it panicked (%T); please report this as a bug", cause)
		}
	}()
	return e.fetch(ctx, doubted)
}

// ownPort is the controller's end of a connection in an error, which is another at
// each look, where the problem is the same.
var ownPort = regexp.MustCompile(`[0-9a-fA-F.:\[\]]+:\d+->`)

// take keeps an outcome and says whether readers get something else than before.
func (e *entry) take(now time.Time, interval time.Duration, got values, err error) (changed bool) {
	served := e.failures == 0 || e.values.parameters != nil
	if err != nil {
		// The chain of causes ends here: an event source that does not answer is no
		// trouble with the API server, which reconcilers would wait out.
		e.problem = errors.New(ownPort.ReplaceAllString(err.Error(), ""))
		e.failures++
		e.due = later(e.tried.Add(e.retry(interval)), now.Add(min(firstRetry, interval)))
		if e.values.parameters == nil {
			return false
		}
		if e.usable(now) {
			e.due = earlier(e.due, e.until)
			return false
		}
		e.values = values{}
		return true
	}
	changed = !served || !maps.Equal(e.values.parameters, got.parameters)
	e.values, e.read, e.problem, e.failures = got, e.tried, nil, 0
	e.until = earlier(now.Add(2*interval), got.ends)
	e.due = earlier(e.read.Add(spread(interval, e.id)), got.renew)
	e.due = later(e.due, now.Add(min(firstRetry, interval))) // where something ends at once
	return changed
}

func (e *entry) retry(interval time.Duration) time.Duration {
	slowest := min(doubtGap, interval)
	if e.values.parameters != nil || e.failures > 5 {
		return slowest
	}
	return min(slowest, firstRetry<<(e.failures-1))
}

// stale words the problem of a source whose older values still serve.
func (e *entry) stale(now time.Time) error {
	if e.problem == nil || !e.usable(now) {
		return nil
	}
	return fmt.Errorf("spec.%s cannot be read again: %w; the values of %s serve until %s", e.name, e.problem,
		e.read.UTC().Format(time.TimeOnly), e.until.UTC().Format(time.TimeOnly+" MST"))
}

// earlier is the earlier of two moments, where zero is never.
func earlier(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// spread shortens an interval by up to a tenth, so that sources that were first
// read together are not read together for ever.
func spread(interval time.Duration, id Reference) time.Duration {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(id.Name))
	return interval - interval/10*time.Duration(sum.Sum32()%100)/100
}

// hashKey keys fingerprints. It lives as long as the process, so that a fingerprint
// cannot be tried against a list of passwords.
var hashKey = sync.OnceValue(func() []byte {
	key := make([]byte, sha256.Size)
	rand.Read(key) // never fails, see its documentation
	return key
})

// fingerprint tells credentials apart without telling them.
func fingerprint(credentials []string) string {
	mac := hmac.New(sha256.New, hashKey())
	for _, c := range credentials {
		var n [8]byte // keeps ("ab", "c") and ("a", "bc") apart
		binary.BigEndian.PutUint64(n[:], uint64(len(c)))
		mac.Write(n[:])
		mac.Write([]byte(c))
	}
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
