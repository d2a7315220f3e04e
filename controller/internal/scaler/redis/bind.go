// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/keda-tf/terraform-provider-keda/controller/internal/scaler"
	"github.com/keda-tf/terraform-provider-keda/controller/trigger"
)

// Bind binds the triggers redis, redis-cluster and redis-sentinel.
func Bind(decoded trigger.Decoded, _ scaler.Env) (scaler.Binding, error) {
	k, t, ok := listTrigger(decoded.Trigger)
	if !ok {
		return scaler.Binding{}, fmt.Errorf("trigger %q does not measure a Redis list", decoded.Type)
	}
	s := server{
		kind: k, addresses: t.Servers(), database: int(t.DatabaseIndex),
		username: t.Username, password: t.Password,
		sentinelMaster: t.SentinelMaster, sentinelUsername: t.SentinelUsername, sentinelPassword: t.SentinelPassword,
	}
	if len(s.addresses) == 0 {
		return scaler.Binding{}, errors.New(`parameter "address" is missing; set it to host:port`)
	}
	settings := []string{s.username, s.password, s.sentinelUsername, s.sentinelPassword, s.sentinelMaster}
	if t.UseTLS() {
		security := scaler.TLS{CA: t.CA, Cert: t.Cert, Key: t.Key, KeyPassword: t.KeyPassword, Insecure: t.UnsafeSSL}
		if _, err := security.Config(); err != nil {
			return scaler.Binding{}, err
		}
		s.security = &security
		settings = append(settings, security.Settings()...)
	}
	address := s.describe()
	return scaler.Binding{
		Server:  scaler.ServerID(string(k), address, settings...),
		Address: address,
		Query:   scaler.Query{Key: decoded.Fingerprint, Trigger: decoded.Trigger},
		Open:    func(context.Context) (scaler.Source, error) { return s.open(address) },
	}, nil
}

// open makes the source. Of the bindings of one server, one is opened; so it is here
// that the TLS settings get their copy of the system's certificate authorities.
func (s server) open(address string) (scaler.Source, error) {
	if s.security != nil {
		var err error
		if s.tls, err = s.security.Config(); err != nil {
			return nil, err
		}
	}
	return &source{server: s, address: address, client: s.connect(), sharded: s.kind == cluster}, nil
}

// describe names the server and, where it is not the first, the database.
func (s server) describe() string {
	name := strings.Join(s.addresses, ",")
	if s.kind == sentinel {
		name = s.sentinelMaster + "@" + name
	}
	if s.database != 0 {
		name += "/" + strconv.Itoa(s.database)
	}
	return name
}

func listTrigger(t trigger.Trigger) (kind, *trigger.RedisList, bool) {
	switch t := t.(type) {
	case *trigger.RedisList:
		return standalone, t, true
	case *trigger.RedisClusterList:
		return cluster, &t.RedisList, true
	case *trigger.RedisSentinelList:
		return sentinel, &t.RedisList, true
	}
	return "", nil, false
}

// listOf returns the key that a query asks about. Only queries that Bind made
// come here.
func listOf(q scaler.Query) string {
	_, t, _ := listTrigger(q.Trigger)
	return t.ListName
}
