// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package httpquery

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// textKey holds the text of an element that has attributes or children too.
const textKey = "#text"

// maxXMLDepth bounds nesting, and so the stack.
const maxXMLDepth = 100

// parseXML returns a document as nested maps: an element's children by name, its
// attributes by name with "-" before it. An element that has only text is a
// string; elements of one name under one parent are a list.
func parseXML(body []byte) (map[string]any, error) {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	decoder.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("the character set %q is not supported, only UTF-8", charset)
	}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the page has no XML element")
		}
		if err != nil {
			return nil, err
		}
		if start, ok := token.(xml.StartElement); ok {
			root, err := parseElement(decoder, start, maxXMLDepth)
			return map[string]any{start.Name.Local: root}, err
		}
	}
}

func parseElement(decoder *xml.Decoder, start xml.StartElement, depth int) (any, error) {
	if depth == 0 {
		return nil, fmt.Errorf("XML elements are nested more than %d deep", maxXMLDepth)
	}
	element := map[string]any{}
	for _, attribute := range start.Attr {
		element["-"+attribute.Name.Local] = attribute.Value
	}
	var text strings.Builder
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.CharData:
			text.Write(token)
		case xml.StartElement:
			child, err := parseElement(decoder, token, depth-1)
			if err != nil {
				return nil, err
			}
			addChild(element, token.Name.Local, child)
		case xml.EndElement:
			content := strings.TrimSpace(text.String())
			if len(element) == 0 {
				return content, nil
			}
			if content != "" {
				element[textKey] = content
			}
			return element, nil
		}
	}
}

func addChild(element map[string]any, name string, child any) {
	switch present := element[name].(type) {
	case nil:
		element[name] = child
	case []any:
		element[name] = append(present, child)
	default:
		element[name] = []any{present, child}
	}
}
