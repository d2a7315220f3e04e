// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

const (
	// maxMessage bounds what is repeated of a server's own message.
	maxMessage = 300
	// minSecret is the shortest text that is hidden in it; hiding shorter ones would
	// only garble it.
	minSecret = 4
)

// Refusal is the answer of a server that gives no token. It holds no secret.
type Refusal struct {
	// Status is the HTTP status.
	Status int
	// Text names the server and repeats the beginning of its explanation.
	Text string
}

func (r *Refusal) Error() string { return r.Text }

// Mistaken says that asking again cannot help: something must be corrected.
func (r *Refusal) Mistaken() bool {
	return r.Status < http.StatusInternalServerError && r.Status != http.StatusTooManyRequests && r.Status != http.StatusRequestTimeout
}

// ExplainToken returns an error of fetching an OAuth 2 token as one line without
// secrets, which the server may repeat: a *Refusal if the server answered, else
// the cause.
func ExplainToken(err error, secrets ...string) error {
	var refusal *oauth2.RetrieveError
	if !errors.As(err, &refusal) || refusal.Response == nil {
		var full *url.Error
		if errors.As(err, &full) {
			return full.Err // a url.Error repeats the URL
		}
		return err
	}
	return NewRefusal(refusal.Response, refusal.Body, secrets...)
}

// NewRefusal reads the answer of a token endpoint whose status is no success.
func NewRefusal(response *http.Response, body []byte, secrets ...string) *Refusal {
	var answer struct {
		Error       string
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(body, &answer) // an answer of another form has no explanation
	text := "the token endpoint"
	if response.Request != nil {
		text = response.Request.URL.Host
	}
	text += " answers " + response.Status
	// Microsoft ends with numbers and the time of this one answer. A problem that
	// reads otherwise at each look would be told, and written to a status, each time.
	description, _, _ := strings.Cut(answer.Description, "Trace ID: ")
	if explanation := strings.TrimSpace(answer.Error + " " + description); explanation != "" {
		text += ": " + Line(explanation, secrets...)
	}
	return &Refusal{Status: response.StatusCode, Text: text}
}

// NoRedirect is the CheckRedirect of clients whose requests carry secrets: another
// server gets none of them.
func NoRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Line returns the beginning of a server's message as one line without secrets.
func Line(message string, secrets ...string) string {
	for _, secret := range secrets {
		if len(secret) >= minSecret {
			message = strings.ReplaceAll(message, secret, "***")
		}
	}
	message = strings.Join(strings.Fields(strings.ToValidUTF8(message, "")), " ")
	return strings.ToValidUTF8(message[:min(len(message), maxMessage)], "")
}
