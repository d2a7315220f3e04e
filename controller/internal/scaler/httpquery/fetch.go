// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package httpquery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

const (
	// maxBody bounds an answer in memory.
	maxBody = 4 << 20
	// maxExcerpt is how much of an error page a message repeats.
	maxExcerpt = 200
	// minSecret is the shortest text that is hidden in such an excerpt; hiding
	// shorter ones would only garble it.
	minSecret = 4
	// hidden stands for a secret.
	hidden = "***"
	// maxMessage bounds a message, which may quote a page, and ends in the status of
	// an object.
	maxMessage = 1000
	// maxRetryAfter bounds what a server may ask for, in seconds.
	maxRetryAfter = 24 * 60 * 60
)

// brief is an error of which only the beginning of the message is shown.
type brief struct{ err error }

func (b brief) Error() string { return v1alpha1.Shortened(b.err.Error(), maxMessage) }

func (b brief) Unwrap() error { return b.err }

// shortened returns err, or a brief one if its message is long.
func shortened(err error) error {
	if len(err.Error()) > maxMessage {
		return brief{err}
	}
	return err
}

// request is a GET with credentials.
type request struct {
	url     *url.URL
	host    string // Host header, "" for that of the URL
	headers map[string]string
	auth    *trigger.HTTPAuth
	signer  signer // nil for none
}

// where names what is asked, without user, password and query.
func (r request) where() string { return r.url.Scheme + "://" + r.url.Host + r.url.Path }

// fetch returns the body of a successful answer. All errors name where.
func (s *source) fetch(ctx context.Context, r request) ([]byte, error) {
	resp, err := s.send(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", r.where(), err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the answer of %s: %w", r.where(), err)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return nil, r.failure(resp, body)
	case len(body) > maxBody:
		return nil, scaler.Misconfigured(fmt.Errorf("the answer of %s is larger than %d MiB", r.where(), maxBody>>20))
	}
	return body, nil
}

// send sends the request, and once more if the server refuses its credentials and
// there may be others.
func (s *source) send(ctx context.Context, r request) (*http.Response, error) {
	for first := true; ; first = false {
		req, err := r.build(ctx)
		if err != nil {
			return nil, err
		}
		resp, err := s.client.Do(req)
		if err != nil {
			// A url.Error repeats the URL, and that the API key.
			var full *url.Error
			if errors.As(err, &full) {
				err = full.Err
			}
			return nil, err
		}
		if resp.StatusCode != http.StatusUnauthorized || !first || r.signer == nil || !r.signer.drop(req) {
			return resp, nil
		}
		_ = resp.Body.Close()
	}
}

func (r request) build(ctx context.Context) (*http.Request, error) {
	u := *r.url
	if r.auth.Uses("apiKey") && r.auth.Method == "query" {
		query := u.Query()
		query.Set(r.auth.KeyName(), r.auth.APIKey)
		u.RawQuery = query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errors.New("the URL cannot be requested") // the error would repeat it
	}
	if r.host != "" {
		req.Host = r.host
	}
	for name, value := range r.headers {
		if http.CanonicalHeaderKey(name) == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
	}
	r.authorize(req.Header, req)
	if r.signer == nil {
		return req, nil
	}
	return req, r.signer.sign(ctx, req)
}

// authorize adds the credentials that travel in headers.
func (r request) authorize(header http.Header, req *http.Request) {
	a := r.auth
	if a.Uses("basic") {
		req.SetBasicAuth(a.Username, a.Password)
	}
	if a.Uses("bearer") {
		header.Set("Authorization", "Bearer "+a.BearerToken)
	}
	if a.Uses("custom") {
		header.Set(a.CustomAuthHeader, a.CustomAuthValue)
	}
	if a.Uses("apiKey") && a.Method != "query" {
		header.Set(a.KeyName(), a.APIKey)
	}
}

// failure describes and classifies an answer whose status is no success.
func (r request) failure(resp *http.Response, body []byte) error {
	err := fmt.Errorf("%s answers %s: %s", r.where(), resp.Status, r.excerpt(body, resp.Request))
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "":
		return scaler.Throttled(err, retryAfter(resp.Header.Get("Retry-After"), time.Now()))
	case code == http.StatusRequestTimeout, code >= 500:
		return err
	default:
		return scaler.Misconfigured(err)
	}
}

// excerpt returns the beginning of an error page as one line, without the secrets
// that the request carried and a server may repeat.
func (r request) excerpt(body []byte, sent *http.Request) string {
	text := string(body[:min(len(body), maxBody)])
	password, _ := r.url.User.Password()
	_, token, _ := strings.Cut(sent.Header.Get("Authorization"), " ")
	for _, secret := range []string{r.auth.APIKey, r.auth.Password, r.auth.BearerToken, r.auth.CustomAuthValue, password, token} {
		if len(secret) >= minSecret {
			escaped := url.QueryEscape(secret) // as in a page that repeats the URL
			text = strings.NewReplacer(secret, hidden, escaped, hidden, strings.ReplaceAll(escaped, "+", "%20"), hidden).Replace(text)
		}
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	if text == "" {
		return "(empty body)"
	}
	return strings.ToValidUTF8(text[:min(len(text), maxExcerpt)], "")
}

// retryAfter reads the header of that name: seconds or a date. Zero means that it
// does not say.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return time.Duration(min(seconds, maxRetryAfter)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// sameHost follows redirects on one host only, because the next request carries
// the same credentials.
func sameHost(req *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case len(via) > 5:
		return errors.New("more than 5 redirects")
	case req.URL.Hostname() != first.Hostname():
		return fmt.Errorf("it redirects to another host, %s; ask that one", req.URL.Host)
	case first.Scheme == "https" && req.URL.Scheme != "https":
		return errors.New("it redirects from https to http")
	}
	return nil
}
