// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package gcpsecretmanager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity"
)

// maxBody bounds an answer; a secret holds 64 KiB at most, in base64.
const maxBody = 1 << 20

// access asks for one version.
func (s *store) access(ctx context.Context, v version, token string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url(), nil)
	if err != nil {
		return "", errors.New("its id makes no URL; correct it")
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := s.client.Do(req)
	if err != nil {
		var full *url.Error
		if errors.As(err, &full) {
			err = full.Err
		}
		return "", fmt.Errorf("asking %s: %w", req.URL.Host, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return "", fmt.Errorf("reading the answer of %s: %w", req.URL.Host, err)
	}
	if resp.StatusCode != http.StatusOK {
		if resp.StatusCode == http.StatusUnauthorized {
			s.tokens.Drop(token)
		}
		return "", refusal(resp, body, token)
	}
	return payload(body)
}

// payload takes the value out of an answer and compares it with its checksum.
func payload(body []byte) (string, error) {
	var answer struct {
		Payload struct {
			Data       []byte
			DataCRC32C *int64 `json:"dataCrc32c,string"`
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", errors.New("the answer is not that of Secret Manager")
	}
	data, sum := answer.Payload.Data, answer.Payload.DataCRC32C
	if sum != nil && int64(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))) != *sum {
		return "", errors.New("the value was damaged on its way; it is read again")
	}
	if len(data) == 0 {
		return "", errors.New("it is empty; add a version with a value")
	}
	return string(data), nil
}

// refusal describes an answer whose status is no success.
func refusal(resp *http.Response, body []byte, token string) error {
	var answer struct {
		Error struct{ Status, Message string }
	}
	_ = json.Unmarshal(body, &answer) // an answer of another form has no explanation
	err := fmt.Errorf("%s answers %s: %s", resp.Request.URL.Host, resp.Status, identity.Line(answer.Error.Message, token))
	switch resp.StatusCode {
	case http.StatusNotFound:
		return fmt.Errorf("%w; create it, or correct its id or version", err)
	case http.StatusForbidden, http.StatusUnauthorized:
		return fmt.Errorf("%w; give the service account the role roles/secretmanager.secretAccessor on it", err)
	case http.StatusBadRequest: // also a version that is disabled or destroyed
		return fmt.Errorf("%w; enable the version, or name another", err)
	}
	return err
}
