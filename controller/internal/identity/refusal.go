// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

// maxMessage bounds what is repeated of a server's own message.
const maxMessage = 200

// ExplainToken returns an error of fetching a token as one line without the
// secrets that the request carried and the server may repeat. Where the token
// endpoint did not answer, the cause stays in the chain.
func ExplainToken(err error, secrets ...string) error {
	var refusal *oauth2.RetrieveError
	if !errors.As(err, &refusal) || refusal.Response == nil {
		var full *url.Error
		if errors.As(err, &full) {
			return full.Err // a url.Error repeats the URL
		}
		return err
	}
	code, message := refusal.ErrorCode, refusal.ErrorDescription
	if code == "" {
		var body struct {
			Error       string
			Description string `json:"error_description"`
		}
		_ = json.Unmarshal(refusal.Body, &body) // an answer of another form has no code
		code, message = body.Error, body.Description
	}
	text := Line(strings.TrimSpace(code+" "+message), secrets...)
	if text == "" {
		text = "(no explanation)"
	}
	return fmt.Errorf("it answers %s: %s", refusal.Response.Status, text)
}

// Line returns the beginning of a server's message as one line without secrets.
func Line(message string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			message = strings.ReplaceAll(message, secret, "***")
		}
	}
	message = strings.Join(strings.Fields(strings.ToValidUTF8(message, "")), " ")
	return strings.ToValidUTF8(message[:min(len(message), maxMessage)], "")
}
