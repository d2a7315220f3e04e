// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

// Command mkimage writes a container image as a docker-archive from programs and files of this machine. The same input
// gives the same bytes.
//
//	mkimage -o controller.tar -t local.test/keda-controller:dev -binary bin/keda-controller
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/keda-tf/terraform-provider-keda/internal/image"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mkimage:", err)
		os.Exit(1)
	}
}

func run() error {
	img := image.Image{Files: image.Base(), Labels: map[string]string{}}
	out := flag.String("o", "", "archive to write")
	flag.StringVar(&img.Tag, "t", "", "name:tag of the image")
	flag.StringVar(&img.User, "user", image.Nonroot, `user to run as, by number; "0" for root`)
	add := func(name, help string, f func(string) error) { flag.Func(name, help+"; may be repeated", f) }
	add("binary", "statically linked program, put at the root; the first is the default entrypoint", func(s string) error {
		img.Files = append(img.Files, image.Program("/"+filepath.Base(s), s))
		if len(img.Entrypoint) == 0 {
			img.Entrypoint = []string{"/" + filepath.Base(s)}
		}
		return nil
	})
	add("with-libs", "program of this machine, put at its own path with its shared libraries", func(s string) error {
		files, err := image.WithLibraries(s)
		img.Files = append(img.Files, files...)
		return err
	})
	add("file", "IMAGEPATH=FILE to copy", func(s string) error {
		name, source, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("use IMAGEPATH=FILE")
		}
		img.Files = append(img.Files, image.File{Name: name, Source: source})
		return nil
	})
	add("root", "folder whose content is put at the root", func(s string) error {
		files, err := image.Tree(s)
		img.Files = append(img.Files, files...)
		return err
	})
	add("env", "NAME=VALUE", func(s string) error {
		img.Env = append(img.Env, s)
		return nil
	})
	add("label", "KEY=VALUE", func(s string) error {
		key, value, _ := strings.Cut(s, "=")
		img.Labels[key] = value
		return nil
	})
	entrypoint := flag.String("entrypoint", "", "program and arguments, separated by commas; default the first -binary")
	flag.Parse()
	if *entrypoint != "" {
		img.Entrypoint = strings.Split(*entrypoint, ",")
	}
	if *out == "" || flag.NArg() > 0 {
		flag.Usage()
		return fmt.Errorf("name the archive with -o and give no other arguments")
	}
	return write(*out, img)
}

// write leaves no half-written archive behind.
func write(out string, img image.Image) error {
	f, err := os.Create(out + ".new")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	w := bufio.NewWriter(f)
	if _, err := img.WriteTo(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), out)
}
