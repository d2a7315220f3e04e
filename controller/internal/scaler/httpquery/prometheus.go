// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package httpquery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/identity"
	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// prometheus runs an instant query at the server's present time. An empty result is
// no error where the trigger ignores it.
func (s *source) prometheus(ctx context.Context, t *trigger.Prometheus) (scaler.Reading, error) {
	base, err := url.Parse(t.ServerAddress)
	if err != nil {
		return scaler.Reading{}, scaler.Misconfigured(errors.New(`parameter "serverAddress" is not a URL`))
	}
	u := base.JoinPath("api/v1/query")
	query := base.Query()
	query.Set("query", t.Query)
	if t.Namespace != "" {
		query.Set("namespace", t.Namespace)
	}
	for name, value := range t.QueryParameters {
		query.Set(name, value)
	}
	u.RawQuery = query.Encode()

	signer, err := s.prometheusSigner(ctx, t)
	if err != nil {
		return scaler.Reading{}, err
	}
	r := request{url: u, headers: t.CustomHeaders, auth: &t.HTTPAuth, signer: signer}
	body, err := s.fetch(ctx, r)
	if err != nil {
		return scaler.Reading{}, err
	}
	value, err := instantValue(body)
	switch {
	case errors.Is(err, scaler.ErrNoValue) && t.IgnoreNullValues:
		return scaler.Reading{Empty: true}, nil
	case err != nil:
		return scaler.Reading{}, fmt.Errorf("query %q to %s: %w", identity.Line(t.Query), base.Scheme+"://"+base.Host, err)
	}
	return scaler.Reading{Value: value}, nil
}

// instantQuery is the answer of /api/v1/query.
type instantQuery struct {
	Status, ErrorType, Error string
	Data                     struct {
		ResultType string
		Result     json.RawMessage
	}
}

// point is a pair of time and value; the value is a string.
type point [2]any

// instantValue returns the only value of an instant query's answer.
func instantValue(body []byte) (float64, error) {
	var answer instantQuery
	if err := json.Unmarshal(body, &answer); err != nil {
		return 0, fmt.Errorf("the answer is not that of Prometheus: %w", err)
	}
	if answer.Status != "success" {
		return 0, fmt.Errorf("%s: %s", answer.ErrorType, answer.Error)
	}
	var points []point
	switch answer.Data.ResultType {
	case "vector":
		var series []struct{ Value point }
		if err := json.Unmarshal(answer.Data.Result, &series); err != nil {
			return 0, fmt.Errorf("the answer is not that of Prometheus: %w", err)
		}
		for _, one := range series {
			points = append(points, one.Value)
		}
	case "scalar":
		points = make([]point, 1)
		if err := json.Unmarshal(answer.Data.Result, &points[0]); err != nil {
			return 0, fmt.Errorf("the answer is not that of Prometheus: %w", err)
		}
	default:
		return 0, scaler.Misconfigured(fmt.Errorf("the result is a %s; write a query whose result is one number", answer.Data.ResultType))
	}
	return onlyValue(points)
}

func onlyValue(points []point) (float64, error) {
	if len(points) == 0 {
		return 0, fmt.Errorf("%w: the result is empty", scaler.ErrNoValue)
	}
	if len(points) > 1 {
		return 0, scaler.Misconfigured(fmt.Errorf("the result has %d series; aggregate them to one, for example with sum()", len(points)))
	}
	text, _ := points[0][1].(string)
	if text == "" {
		return 0, fmt.Errorf("%w: the result is empty", scaler.ErrNoValue)
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("the value %q is no number", text)
	}
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return 0, fmt.Errorf("%w: the result is %v", scaler.ErrNoValue, value)
	}
	return value, nil
}
