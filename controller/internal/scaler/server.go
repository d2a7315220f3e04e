// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package scaler

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"sync"
)

// identityKey keys the hashes of ServerID. It lives as long as the process, so
// that a hash found in a log cannot be tried against a list of passwords.
var identityKey = sync.OnceValue(func() []byte {
	key := make([]byte, sha256.Size)
	rand.Read(key) // never fails, see its documentation
	return key
})

// ServerID builds Binding.Server: the kind of server and its address readable,
// everything else that a connection depends on (credentials, TLS settings)
// behind a keyed hash. IDs are equal within one process only.
func ServerID(kind, address string, settings ...string) string {
	mac := hmac.New(sha256.New, identityKey())
	for _, s := range settings {
		// The length keeps ("ab", "c") and ("a", "bc") apart.
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		mac.Write(n[:])
		mac.Write([]byte(s))
	}
	return kind + " " + address + " " + hex.EncodeToString(mac.Sum(nil)[:8])
}
