// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The client library hands out pushed messages only when it happens to read the
// answer to a command, so Watch speaks RESP3 itself. It needs to send commands
// and to read whatever may come back, no more.

// maxBulk, maxItems and maxDepth bound what is read into memory; keys are far
// below.
const (
	maxBulk  = 1 << 20
	maxItems = 1 << 20
	maxDepth = 8
)

// push is a message that answers no command.
type push []any

// refusal is an error answer of the server. Like those of the client library it
// is a redis.Error.
type refusal string

func (r refusal) Error() string { return string(r) }

// RedisError implements redis.Error.
func (r refusal) RedisError() {}

// appendCommand appends a command as an array of bulk strings.
func appendCommand(b []byte, words ...string) []byte {
	b = append(b, '*')
	b = strconv.AppendInt(b, int64(len(words)), 10)
	b = append(b, "\r\n"...)
	for _, word := range words {
		b = append(b, '$')
		b = strconv.AppendInt(b, int64(len(word)), 10)
		b = append(b, "\r\n"...)
		b = append(b, word...)
		b = append(b, "\r\n"...)
	}
	return b
}

// readValue reads one value: int64, string, nil, []any, push or refusal. Numbers
// that are not integers, and booleans, come as strings.
func readValue(r *bufio.Reader) (any, error) { return readNested(r, maxDepth) }

// readNested reads a value that may contain others down to a depth.
func readNested(r *bufio.Reader, depth int) (any, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line == "" {
		return nil, errors.New("malformed answer: an empty line")
	}
	text := line[1:]
	switch line[0] {
	case '+', ',', '#', '(':
		return text, nil
	case '-':
		return refusal(text), nil
	case '_':
		return nil, nil
	case ':':
		return strconv.ParseInt(text, 10, 64)
	case '$', '=', '!':
		return readBulk(r, text, line[0] == '!')
	case '*', '~', '>', '%':
		return readItems(r, text, line[0], depth)
	}
	return nil, fmt.Errorf("malformed answer: a line that begins with %q", line[0])
}

func readBulk(r *bufio.Reader, length string, isError bool) (any, error) {
	n, err := strconv.Atoi(length)
	switch {
	case err != nil || n > maxBulk:
		return nil, fmt.Errorf("malformed answer: a string of length %q", length)
	case n < 0:
		return nil, nil
	}
	b := make([]byte, n+2)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	if isError {
		return refusal(b[:n]), nil
	}
	return string(b[:n]), nil
}

func readItems(r *bufio.Reader, length string, kind byte, depth int) (any, error) {
	n, err := strconv.Atoi(length)
	switch {
	case err != nil || n > maxItems || depth == 0:
		return nil, fmt.Errorf("malformed answer: an array of length %q at depth %d", length, maxDepth-depth)
	case n < 0:
		return nil, nil
	case kind == '%': // a map: keys and values in turn
		n *= 2
	}
	var items []any
	for range n {
		item, err := readNested(r, depth-1)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	if kind == '>' {
		return push(items), nil
	}
	return items, nil
}
