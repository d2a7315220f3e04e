// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func archive(t *testing.T, i Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if _, err := i.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// entries maps the names of a tar to their content.
func entries(t *testing.T, b []byte) (headers map[string]*tar.Header, data map[string][]byte) {
	t.Helper()
	headers, data = map[string]*tar.Header{}, map[string][]byte{}
	r := tar.NewReader(bytes.NewReader(b))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return headers, data
		}
		if err != nil {
			t.Fatal(err)
		}
		if headers[h.Name], data[h.Name] = h, nil; h.Size > 0 {
			if data[h.Name], err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func decode[T any](t *testing.T, b []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

type manifest struct {
	Config           string
	RepoTags, Layers []string
}

type config struct {
	Config struct {
		Entrypoint, Env []string
		User            string
		Labels          map[string]string
	}
	RootFS struct {
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

func sample() Image {
	return Image{
		Tag: "local.test/app:dev", Entrypoint: []string{"/app", "-v"}, User: Nonroot, Env: []string{"A=1"}, Labels: map[string]string{"b": "2", "a": "1"},
		Files: append(Base(), File{Name: "/app", Data: []byte("program"), Mode: 0o755}, File{Name: "/usr/lib/x.so", Link: "x.so.1"}),
	}
}

func TestArchiveHoldsTheImage(t *testing.T) {
	_, outer := entries(t, archive(t, sample()))
	m := decode[[]manifest](t, outer["manifest.json"])[0]
	if d := cmp.Diff([]string{"local.test/app:dev"}, m.RepoTags); d != "" {
		t.Error(d)
	}
	layer, ok := outer[m.Layers[0]]
	if !ok || len(m.Layers) != 1 {
		t.Fatalf("layers %v", m.Layers)
	}
	c := decode[config](t, outer[m.Config])
	if m.Config != fmt.Sprintf("%x.json", sha256.Sum256(outer[m.Config])) {
		t.Error("the config is not named by its hash")
	}
	if want := fmt.Sprintf("sha256:%x", sha256.Sum256(layer)); c.RootFS.DiffIDs[0] != want {
		t.Errorf("diff id %s, want %s", c.RootFS.DiffIDs[0], want)
	}
	if d := cmp.Diff([]string{"/app", "-v"}, c.Config.Entrypoint); d != "" || c.Config.User != "65532:65532" || c.Config.Labels["b"] != "2" {
		t.Errorf("%+v", c.Config)
	}
	headers, data := entries(t, layer)
	if string(data["app"]) != "program" || headers["app"].Mode != 0o755 {
		t.Errorf("app: %+v", headers["app"])
	}
	if headers["tmp/"].Mode != 0o1777 || headers["usr/lib/"] == nil || headers["usr/lib/x.so"].Linkname != "x.so.1" {
		t.Errorf("layer: %v", headers)
	}
}

// Neither the order of files nor their times and owners on this machine may show.
func TestArchiveIsReproducible(t *testing.T) {
	dirs := []string{t.TempDir(), t.TempDir()}
	var archives [][]byte
	for i, dir := range dirs {
		if err := os.MkdirAll(filepath.Join(dir, "etc"), 0o755); err != nil {
			t.Fatal(err)
		}
		p := filepath.Join(dir, "etc", "app.conf")
		if err := os.WriteFile(p, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(p, time.Unix(int64(i)*1000, 0), time.Unix(int64(i)*1000, 0)); err != nil {
			t.Fatal(err)
		}
		files, err := Tree(dir)
		if err != nil {
			t.Fatal(err)
		}
		img := sample()
		if i == 0 {
			img.Files = append(img.Files, files...)
		} else {
			img.Files = append(files, img.Files...)
		}
		archives = append(archives, archive(t, img))
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("the same files gave different archives")
	}
}

func TestTreeKeepsKindsAndModes(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "tmp"), 0o777|fs.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("tmp", filepath.Join(dir, "var")); err != nil {
		t.Fatal(err)
	}
	got, err := Tree(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []File{{Name: "/tmp", Dir: true, Mode: 0o777 | fs.ModeSticky}, {Name: "/var", Link: "tmp", Mode: 0o777}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestWithLibrariesFindsTheLoader(t *testing.T) {
	files, err := WithLibraries("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	libc := false
	for _, f := range files {
		if ok, _ := filepath.Match("libc.so*", filepath.Base(f.Name)); ok {
			libc = true
		}
	}
	if files[0].Name != "/bin/sh" || !libc || len(files) < 3 {
		t.Errorf("%+v", files)
	}
}

func TestBadImagesAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Image){
		"no tag":        func(i *Image) { i.Tag = "app" },
		"no entrypoint": func(i *Image) { i.Entrypoint = nil },
		"relative file": func(i *Image) { i.Files = []File{{Name: "app"}} },
		"missing file":  func(i *Image) { i.Files = []File{Program("/app", "/no/such/file")} },
	} {
		img := sample()
		change(&img)
		if _, err := img.WriteTo(io.Discard); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
