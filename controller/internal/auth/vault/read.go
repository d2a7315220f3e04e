// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// request is one distinct question to Vault; several parameters may come from its
// answer.
type request struct {
	path  string
	issue bool
	pki   v1alpha1.VaultPkiData
}

func requestFor(secret *v1alpha1.VaultSecret) request {
	r := request{path: strings.Trim(secret.Path, "/")}
	if secret.Type == v1alpha1.VaultSecretTypePki {
		r.issue = true
		if secret.PkiData != nil {
			r.pki = *secret.PkiData
		}
	}
	return r
}

// answer is what Vault said.
type answer struct {
	data map[string]any
	made time.Time // zero for what is stored, or of no known end
	// renew is when something that was made should be replaced.
	renew time.Time
}

// ask reads one path, or takes what was made before and still lives.
func (s *Session) ask(ctx context.Context, what request, doubted bool) (answer, error) {
	now := s.now()
	if kept, ok := s.made[what]; ok && now.Before(kept.renew) && !(doubted && now.Sub(kept.made) >= makeAgain) {
		return kept, nil
	}
	secret, err := s.fetch(ctx, what)
	if err != nil {
		return answer{}, err
	}
	a := answer{data: secret.Data}
	switch {
	case what.issue:
		if end, ok := number(secret.Data["expiration"]); ok && time.Unix(end, 0).After(now) {
			a.made, a.renew = now, now.Add(time.Duration(worn*float64(time.Unix(end, 0).Sub(now))))
		}
	case secret.LeaseID != "" && secret.LeaseDuration > 0:
		a.made, a.renew = now, s.wornAt(secret.LeaseDuration)
	}
	if !a.made.IsZero() {
		s.made[what] = a
	}
	return a, nil
}

func (s *Session) fetch(ctx context.Context, what request) (*api.Secret, error) {
	doing := strconv.Quote(what.path)
	var secret *api.Secret
	var err error
	if what.issue {
		doing = "issuing a certificate at " + doing
		secret, err = s.client.Logical().WriteWithContext(ctx, what.path, parameters(what.pki))
	} else {
		doing = "reading " + doing
		secret, err = s.client.Logical().ReadWithContext(ctx, what.path)
	}
	switch {
	case status(err) == http.StatusForbidden:
		return nil, &problem{doing, s.address, err, "check that the policies of the token or role allow it, and namespace"}
	case err != nil:
		return nil, &problem{doing, s.address, err, ""}
	case secret == nil || len(secret.Data) == 0:
		return nil, &problem{doing, s.address, errors.New("there is nothing"),
			"write it, or correct path (with a key-value engine of version 2, data/ follows its mount) or namespace"}
	}
	return secret, nil
}

func parameters(d v1alpha1.VaultPkiData) map[string]any {
	out := map[string]any{}
	for name, value := range map[string]string{
		"common_name": d.CommonName, "alt_names": d.AltNames, "ip_sans": d.IPSans, "uri_sans": d.URISans,
		"other_sans": d.OtherSans, "ttl": d.TTL, "format": d.Format,
	} {
		if value != "" {
			out[name] = value
		}
	}
	return out
}

// pick takes a parameter's key out of an answer.
func pick(secret *v1alpha1.VaultSecret, data map[string]any) (string, error) {
	found, err := fields(secret, data)
	if err != nil {
		return "", err
	}
	value, ok := found[secret.Key]
	if !ok {
		keys := slices.Sorted(maps.Keys(found))
		return "", fmt.Errorf("%q has no key %q: it has [%s]", secret.Path, secret.Key, strings.Join(keys, " "))
	}
	text, ok := text(value)
	if !ok {
		return "", fmt.Errorf("key %q of %q is neither text nor a number: store it as text", secret.Key, secret.Path)
	}
	return text, nil
}

// fields finds the keys in an answer. A key-value engine of version 2 puts them one
// level deeper, beside their metadata.
func fields(secret *v1alpha1.VaultSecret, data map[string]any) (map[string]any, error) {
	if secret.Type == v1alpha1.VaultSecretTypeSecret || secret.Type == v1alpha1.VaultSecretTypePki {
		return data, nil
	}
	raw, has := data["data"]
	_, versioned := data["metadata"]
	inner, nested := raw.(map[string]any)
	switch {
	case nested:
		return inner, nil
	case has && raw == nil && versioned:
		return nil, fmt.Errorf("the latest version of %q is deleted: write it anew, or undelete it", secret.Path)
	case secret.Type == v1alpha1.VaultSecretTypeSecretV2:
		return nil, fmt.Errorf("%q is no secret of a version 2 engine: use type secret, or leave it out", secret.Path)
	}
	return data, nil
}

// text is the text of a value; a list, such as a chain of certificates, has a line
// for each.
func text(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	case []any:
		lines := make([]string, 0, len(v))
		for _, item := range v {
			line, ok := item.(string)
			if !ok {
				return "", false
			}
			lines = append(lines, line)
		}
		return strings.Join(lines, "\n"), true
	}
	return "", false
}

func number(value any) (int64, bool) {
	n, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return i, err == nil
}
