// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// File is one entry of an image, owned by root. What it is depends on the field that is set: Source, Link or Dir; with
// none of them it is a file with the content Data.
type File struct {
	Name   string // absolute path in the image
	Source string // regular file on this machine to copy
	Data   []byte
	Link   string // target of a symbolic link
	Dir    bool
	Mode   fs.FileMode // permission and sticky bits; 0 means 0644, and 0755 for folders
}

// Program is an executable copied to a path in the image.
func Program(name, source string) File { return File{Name: name, Source: source, Mode: 0o755} }

// Base are the files that nearly every program expects: a /tmp that anyone may write to, and names for root and for the
// nonroot user.
func Base() []File {
	return []File{
		{Name: "/tmp", Dir: true, Mode: 0o777 | fs.ModeSticky},
		{Name: "/etc/passwd", Data: []byte("root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n")},
		{Name: "/etc/group", Data: []byte("root:x:0:\nnonroot:x:65532:\n")},
	}
}

// Tree is everything below a folder, at the root of the image. Other than regular files, folders and symbolic links it
// refuses.
func Tree(root string) ([]File, error) {
	var files []File
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == root {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		f := File{Name: "/" + filepath.ToSlash(rel), Mode: info.Mode().Perm() | info.Mode()&fs.ModeSticky}
		switch {
		case d.IsDir():
			f.Dir = true
		case d.Type()&fs.ModeSymlink != 0:
			f.Link, err = os.Readlink(p)
		case d.Type().IsRegular():
			f.Source = p
		default:
			err = fmt.Errorf("%s: cannot put a %s into an image", p, d.Type())
		}
		files = append(files, f)
		return err
	})
	return files, err
}

var libraryPath = regexp.MustCompile(`(?m)(?:=>\s*|^\s*)(/\S+) \(0x`)

// WithLibraries is a dynamically linked program at its own path, and the shared libraries that ldd finds for it.
func WithLibraries(program string) ([]File, error) {
	real, err := filepath.EvalSymlinks(program)
	if err != nil {
		return nil, err
	}
	out, err := exec.Command("ldd", real).Output()
	if err != nil {
		return nil, fmt.Errorf("list the libraries of %s: %w", program, err)
	}
	files := []File{Program(program, real)}
	for _, m := range libraryPath.FindAllStringSubmatch(string(out), -1) {
		lib, err := filepath.EvalSymlinks(m[1])
		if err != nil {
			return nil, err
		}
		files = append(files, Program(m[1], lib))
	}
	return files, nil
}

// arrange cleans names, lets a later entry replace an earlier one, adds the folders that are missing, and sorts, which
// puts each folder before what is in it.
func arrange(files []File) ([]File, error) {
	byName := map[string]File{}
	for _, f := range files {
		if !path.IsAbs(f.Name) {
			return nil, fmt.Errorf("image file %q: use an absolute path", f.Name)
		}
		f.Name = path.Clean(f.Name)
		byName[f.Name] = f
	}
	for _, f := range files {
		for dir := path.Dir(path.Clean(f.Name)); dir != "/"; dir = path.Dir(dir) {
			if _, ok := byName[dir]; !ok {
				byName[dir] = File{Name: dir, Dir: true}
			}
		}
	}
	delete(byName, "/")
	arranged := make([]File, 0, len(byName))
	for _, f := range byName {
		arranged = append(arranged, f)
	}
	slices.SortFunc(arranged, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return arranged, nil
}

func (f File) write(w *tar.Writer) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(f.Name, "/"), Mode: 0o644, ModTime: time.Unix(0, 0)}
	data := f.Data
	switch {
	case f.Dir:
		h.Typeflag, h.Mode, h.Name = tar.TypeDir, 0o755, h.Name+"/"
	case f.Link != "":
		h.Typeflag, h.Mode, h.Linkname = tar.TypeSymlink, 0o777, f.Link
	case f.Source != "":
		var err error
		if data, err = os.ReadFile(f.Source); err != nil {
			return err
		}
	}
	if f.Mode != 0 && f.Link == "" {
		h.Mode = int64(f.Mode.Perm())
		if f.Mode&fs.ModeSticky != 0 {
			h.Mode |= 0o1000
		}
	}
	h.Size = int64(len(data))
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}
