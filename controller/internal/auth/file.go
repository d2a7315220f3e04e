// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/keda-tf/terraform-provider-keda/controller/api/v1alpha1"
)

// maxFile bounds a file of parameters.
const maxFile = 1 << 20

// file reads filePath, whose content is all there is.
func (r *reading) file(path string) error {
	if r.owner.Kind != v1alpha1.KindClusterTriggerAuthentication {
		return errors.New("filePath is for ClusterTriggerAuthentication only, because files are the controller's: use secretTargetRef")
	}
	root := r.resolver.FileRoot
	if root == "" {
		return errors.New("filePath: the controller was started without a folder for such files: set its flag --filepath-auth-root-path")
	}
	return r.merge("filePath", func(context.Context, bool) (values, error) {
		parameters, err := readFile(root, path)
		return values{parameters: parameters}, err
	})
}

// readFile reads a JSON object of strings below root. Neither ".." nor symbolic
// links lead out of there.
func readFile(root, path string) (map[string]string, error) {
	if filepath.IsAbs(path) || slices.Contains(strings.Split(filepath.ToSlash(path), "/"), "..") {
		return nil, fmt.Errorf("%q must be a relative path that has no .. in it", path)
	}
	folder, err := os.OpenRoot(root)
	if err != nil {
		return nil, fmt.Errorf("the folder of --filepath-auth-root-path: %w", err)
	}
	defer folder.Close()
	text, err := readSmall(folder, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%q does not exist below %s: mount it into the controller's pod, or correct the path", path, root)
	}
	if err != nil {
		return nil, fmt.Errorf("%q below %s: %w", path, root, err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		return nil, fmt.Errorf("%q below %s is not a JSON object, such as {\"password\": \"…\"}", path, root)
	}
	parameters := make(map[string]string, len(fields))
	for name, raw := range fields {
		var value *string
		if err := json.Unmarshal(raw, &value); err != nil || value == nil {
			return nil, fmt.Errorf("field %q of %q below %s is not a string: quote it", name, path, root)
		}
		parameters[name] = *value
	}
	return parameters, nil
}

func readSmall(folder *os.Root, path string) ([]byte, error) {
	info, err := folder.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("it must be a file of at most %d bytes", maxFile)
	}
	file, err := folder.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxFile))
}
