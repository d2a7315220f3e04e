// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"strings"
)

const (
	flagCAFolder = "ca-dir"
	// defaultCAFolder is where KEDA's chart mounts certificate authorities.
	defaultCAFolder = "/custom/ca"
	// trustedFolders is the variable in which Go looks for the folders of the system's
	// certificate authorities, systemFolders where it looks without.
	trustedFolders = "SSL_CERT_DIR"
	systemFolders  = "/etc/ssl/certs:/etc/pki/tls/certs"
)

// Folders are the values of a flag that may be given several times.
type Folders []string

// String implements flag.Value.
func (f *Folders) String() string { return strings.Join(*f, ",") }

// Set implements flag.Value.
func (f *Folders) Set(text string) error {
	*f = append(*f, text)
	return nil
}

func (o *Options) bindTrust(fs *flag.FlagSet) {
	fs.Var(&o.CAFolders, flagCAFolder, "Folder of PEM files with certificate authorities that are trusted beside the system's; may be given several times. Default "+defaultCAFolder+".")
}

// Trust makes every client of the process trust the certificate authorities in
// CAFolders. Go reads them once, so it belongs before the first connection. A folder
// that does not exist counts as empty, as in KEDA.
func (o *Options) Trust() error {
	folders := []string(o.CAFolders)
	if len(folders) == 0 {
		folders = []string{defaultCAFolder}
	}
	all := append([]string{cmp.Or(os.Getenv(trustedFolders), systemFolders)}, folders...)
	if err := os.Setenv(trustedFolders, strings.Join(all, ":")); err != nil {
		return fmt.Errorf("--%s: %w", flagCAFolder, err)
	}
	return nil
}
