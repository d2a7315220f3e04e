// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Test is one test function and what its doc comment says about the contract.
type Test struct {
	// Package is the folder relative to the project's root, Name the function's.
	Package, Name string
	// Covers are the items that it proves.
	Covers []Item
	// Differences and Kept are the behaviours that it shows.
	Differences, Kept []Behaviour
}

// Behaviour is a deliberate difference from KEDA, or odd behaviour of KEDA that is
// kept; Here and Old are then empty.
type Behaviour struct {
	Area, KEDA, Here, Why, Old string
	Test                       *Test
}

// Areas are the areas of behaviours in the order of the page.
var Areas = []string{
	"Scaling", "Fallback", "HPA", "Jobs", "Triggers", "Authentication", "Admission", "Metrics", "Events", "CloudEvents", "Installation",
}

var (
	testName = regexp.MustCompile(`^[Tt]est[A-Z]`)
	line     = regexp.MustCompile(`^(Covers|Differs|Kept|KEDA|Here|Why|Old): *(.+)$`)
)

// tests reads the doc comments of all test functions of the project. What no plain
// `go test` runs proves nothing, and is an error.
func tests(root string) ([]*Test, error) {
	var found []*Test
	called := map[string]bool{} // functions, by package and name
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || slices.Contains([]string{"dist", "bin", "modules", "testdata"}, entry.Name())):
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		in, err := testsOf(root, path, called)
		found = append(found, in...)
		return err
	})
	for _, test := range found {
		if strings.HasPrefix(test.Name, "test") && !called[test.Package+"."+test.Name] {
			err = errors.Join(err, fmt.Errorf("%s: nothing runs %s; call it, or put it into the table of a test", test.Package, test.Name))
		}
	}
	return found, err
}

// testsOf reads the tests of one file, and notes what is called there.
func testsOf(root, path string, called map[string]bool) ([]*Test, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("tests: %w", err)
	}
	dir, err := filepath.Rel(root, filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	ci := build.Default
	ci.GOOS = "linux" // wherever the pages are made
	built, err := ci.MatchFile(filepath.Dir(path), filepath.Base(path))
	if err != nil {
		return nil, fmt.Errorf("tests: %w", err)
	}
	var found []*Test
	for _, declaration := range parsed.Decls {
		test := &Test{Package: filepath.ToSlash(dir)}
		function, ok := declaration.(*ast.FuncDecl)
		if ok {
			test.Name = function.Name.Name
		}
		if built {
			note(called, test, declaration)
		}
		if !ok || function.Doc == nil || !testName.MatchString(test.Name) {
			continue
		}
		if err := test.read(function.Doc.Text()); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, test.Name, err)
		}
		if len(test.Covers)+len(test.Differences)+len(test.Kept) == 0 {
			continue
		}
		if !built || function.Recv != nil {
			return nil, fmt.Errorf("%s: go test does not run %s: it is a method, or its file has a build constraint", path, test.Name)
		}
		found = append(found, test)
	}
	return found, nil
}

// note adds all that a declaration names but itself.
func note(called map[string]bool, test *Test, declaration ast.Decl) {
	ast.Inspect(declaration, func(n ast.Node) bool {
		if name, ok := n.(*ast.Ident); ok && name.Name != test.Name {
			called[test.Package+"."+name.Name] = true
		}
		return true
	})
}

// read takes the lines of a doc comment that speak about the contract.
func (t *Test) read(doc string) error {
	var current *Behaviour
	for text := range strings.Lines(doc) {
		match := line.FindStringSubmatch(strings.TrimSpace(text))
		if match == nil {
			continue
		}
		key, value := match[1], match[2]
		switch {
		case key == "Covers":
			items, err := itemsOf(value)
			if err != nil {
				return err
			}
			t.Covers = append(t.Covers, items...)
		case key == "Differs":
			t.Differences = append(t.Differences, Behaviour{Area: value, Test: t})
			current = &t.Differences[len(t.Differences)-1]
		case key == "Kept":
			t.Kept = append(t.Kept, Behaviour{Area: value, Test: t})
			current = &t.Kept[len(t.Kept)-1]
		case current == nil:
			return fmt.Errorf("%q stands before any Differs or Kept", text)
		default:
			*current.part(key) = value
		}
	}
	return t.check()
}

func itemsOf(text string) ([]Item, error) {
	var items []Item
	for part := range strings.SplitSeq(strings.TrimSuffix(text, "."), ";") {
		sort, name, ok := strings.Cut(strings.TrimSpace(part), " ")
		if !ok {
			return nil, fmt.Errorf("%q is not an item: write its sort and its name, such as \"event KEDAScalersStopped\"", part)
		}
		items = append(items, Item{sort, canonical(strings.TrimSpace(name))})
	}
	return items, nil
}

func (b *Behaviour) part(key string) *string {
	switch key {
	case "KEDA":
		return &b.KEDA
	case "Here":
		return &b.Here
	case "Why":
		return &b.Why
	default:
		return &b.Old
	}
}

func (t *Test) check() error {
	for _, b := range t.Differences {
		if !slices.Contains(Areas, b.Area) || b.KEDA == "" || b.Here == "" || b.Why == "" || b.Old == "" {
			return fmt.Errorf("the comment Differs needs one of the areas %v, and the lines KEDA, Here, Why and Old; it has %+v", Areas, b.lines())
		}
	}
	for _, b := range t.Kept {
		if !slices.Contains(Areas, b.Area) || b.KEDA == "" || b.Why == "" {
			return fmt.Errorf("the comment Kept needs one of the areas %v, and the lines KEDA and Why; it has %+v", Areas, b.lines())
		}
	}
	return nil
}

func (b *Behaviour) lines() []string { return []string{b.Area, b.KEDA, b.Here, b.Why, b.Old} }
